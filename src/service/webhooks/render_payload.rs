//! Renders the bodies of messages about events; those about approvals include DingTalk's record of them.

use crate::domain::webhook::DeliveryError;
use std::time::{Duration, Instant};

use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::message_lane::{Message, MessageLane};
use super::{record_attempt, retry, schedule};
use crate::context::Context;
use crate::domain::queue::LaneName;
use crate::service::queue::{Outcome, PlainError};
use crate::store::webhook::{self, DeliveryAttempt, DeliveryEnd, PendingPayload};
use crate::store::{Conn, StoreError};
use crate::upstream::{ApiError, Priority, ProcessInstance, UpstreamError, event};

/// Timeout for looking up one approval, including the waits for a permit and for the token.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(15);

/// The lane of messages whose body is to be rendered.
pub type PayloadLane = MessageLane<PendingPayload>;

impl Message for PendingPayload {
    const LANE: LaneName = LaneName::WebhookPayloads;
    type Tools = ();

    fn id(&self) -> i64 {
        self.id
    }

    async fn claim(conn: &mut Conn, instance: Uuid, limit: i64) -> Result<Vec<Self>, StoreError> {
        webhook::claim_pending(conn, instance, limit).await
    }

    fn process(self, ctx: Context, (): ()) -> BoxFuture<'static, Outcome<PlainError>> {
        async move { render(&ctx, &self).await }.boxed()
    }
}

/// Period after the event in which DingTalk may not know the approval yet, or return a malformed record.
const LAG: Duration = Duration::from_mins(5);
/// Time to fix a missing permission to read approvals, before receivers are notified without the record.
const PERMISSION_GRACE: Duration = Duration::from_hours(1);
const MIN_WAIT: Duration = Duration::from_secs(1);

/// What is known of the approval that an event names.
enum Details {
    NotRequired,
    Found(ProcessInstance),
    /// DingTalk refuses to return it; holds its error code, or one of ours.
    Refused(String),
    /// DingTalk may return more later; holds how long to wait for that, `None` for the whole retry window.
    NotYet(Option<Duration>),
}

async fn render(ctx: &Context, message: &PendingPayload) -> Outcome<PlainError> {
    let began = Instant::now();
    let give_up = |error, end| {
        let attempt = DeliveryAttempt {
            duration: began.elapsed(),
            status: None,
            error: Some(error),
        };
        record_attempt(ctx, message.id, attempt, end)
    };
    let Some(event) = message.event.as_ref().map(event::message_of) else {
        return give_up(DeliveryError::EventDropped, DeliveryEnd::Failed).await;
    };
    match details(ctx, message, &event).await {
        Details::NotYet(left) => {
            let wait = schedule::wait_after(message.attempts, None);
            let wait = left.map_or(wait, |left| wait.min(left.max(MIN_WAIT)));
            give_up(DeliveryError::DingTalk, retry(wait)).await
        }
        details => store(ctx, message, &event, details).await,
    }
}

async fn store(
    ctx: &Context,
    message: &PendingPayload,
    event: &Value,
    details: Details,
) -> Outcome<PlainError> {
    let subject = subject(event, &details);
    let body = body(message, event, details).to_string();
    let stored = ctx.db.read(async |conn| {
        webhook::store_body(conn, ctx.instance, message.id, &subject, &body).await
    });
    match stored.await {
        Ok(()) => {
            ctx.work.wake(LaneName::WebhookDeliveries);
            Outcome::Done
        }
        Err(error) => {
            tracing::warn!(id = message.id, %error, "could not store a webhook payload; it will be rendered again");
            Outcome::Failed(PlainError::Recorded(error.to_string()))
        }
    }
}

async fn details(ctx: &Context, message: &PendingPayload, event: &Value) -> Details {
    if !matches!(
        message.event_type.as_str(),
        "bpms_instance_change" | "bpms_task_change"
    ) {
        return Details::NotRequired;
    }
    let Some(id) = event::field(event, &["processInstanceId"]) else {
        return Details::Refused("no_process_instance_id".to_owned());
    };
    let lookup = ctx.dingtalk.process_instance(Priority::Recheck, &id);
    match tokio::time::timeout(LOOKUP_TIMEOUT, lookup).await {
        Ok(Ok(found)) => Details::Found(found),
        Ok(Err(error)) => refusal(&error, message.age),
        Err(_) => Details::NotYet(None),
    }
}

/// Interprets a rejection for an event of this age, in seconds: it is final only after a while, because DingTalk's
/// API lags behind its events, and a missing permission can be granted.
fn refusal(error: &UpstreamError, age: f64) -> Details {
    let age = Duration::try_from_secs_f64(age).unwrap_or_default();
    let Some((code, bound)) = of_approvals(error) else {
        return Details::NotYet(None);
    };
    match bound.checked_sub(age).filter(|left| !left.is_zero()) {
        Some(left) => Details::NotYet(Some(left)),
        None => Details::Refused(code),
    }
}

/// Returns the code of a rejection that concerns the approval, or our permission to read approvals, and how long
/// after the event it is not final.
fn of_approvals(error: &UpstreamError) -> Option<(String, Duration)> {
    match error {
        // Rejections of the caller's IP address and of an exhausted monthly quota affect all calls, and get fixed.
        UpstreamError::Api(error @ ApiError::Refused { api, code, .. })
            if *api == "topapi/processinstance/get" && !matches!(code, 60020 | 90020) =>
        {
            let is_unknown = error.is_unknown_process_instance();
            Some((
                code.to_string(),
                if is_unknown { LAG } else { PERMISSION_GRACE },
            ))
        }
        UpstreamError::Api(ApiError::Malformed {
            what: "process_instance",
            ..
        }) => Some(("unreadable".to_owned(), LAG)),
        _ => None,
    }
}

/// Returns the event's display name: an approval's title.
fn subject(event: &Value, details: &Details) -> String {
    let found = match details {
        Details::Found(found) => found.title.clone(),
        _ => None,
    };
    let title = found.or_else(|| event::field(event, &["title"]));
    let plain = title.unwrap_or_default();
    plain
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}

fn body(message: &PendingPayload, event: &Value, details: Details) -> Value {
    let mut data = Map::new();
    data.insert("event_id".to_owned(), message.event_id.into());
    data.insert("event_type".to_owned(), json!(message.event_type));
    data.insert("event_time".to_owned(), json!(message.event_time));
    data.insert("received_at".to_owned(), json!(message.received_at));
    data.insert("event".to_owned(), event.clone());
    match details {
        // Without a response no body is rendered.
        Details::NotRequired | Details::NotYet(_) => {}
        Details::Found(found) => drop(data.insert("process_instance".to_owned(), found.json)),
        Details::Refused(code) => {
            data.insert("process_instance".to_owned(), Value::Null);
            data.insert("process_instance_error".to_owned(), code.into());
        }
    }
    json!({
        "type": message.event_type,
        "timestamp": message.event_time.unwrap_or(message.received_at),
        "data": data,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_is_believed_once_it_has_lasted() {
        let refused = |code| {
            UpstreamError::Api(ApiError::Refused {
                api: "topapi/processinstance/get",
                code,
                message: String::new(),
            })
        };
        for (code, bound) in [(820_005, 300), (400_002, 300), (60011, 3600), (40079, 3600)] {
            let bound = f64::from(bound);
            let Details::NotYet(Some(left)) = refusal(&refused(code), bound - 2.0) else {
                panic!("{code}");
            };
            assert!(left <= Duration::from_secs(2), "{code}");
            let Details::Refused(told) = refusal(&refused(code), bound) else {
                panic!("{code}");
            };
            assert_eq!(told, code.to_string());
        }
        for code in [60020, 90020] {
            let found = refusal(&refused(code), 1e6);
            assert!(matches!(found, Details::NotYet(None)), "{code}");
        }
    }
}
