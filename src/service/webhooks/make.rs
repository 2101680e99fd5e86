//! Makes the bodies of messages about events; those about approvals bear what DingTalk says of them.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tokio_util::sync::CancellationToken;

use super::lane::Claimed;
use super::{lane, note, retry, schedule};
use crate::context::Context;
use crate::dingtalk::ApiError;
use crate::dingtalk::approval::ProcessInstance;
use crate::domain::event::Event;
use crate::service::upstream::{self, Priority, UpstreamError};
use crate::store::StoreError;
use crate::store::webhook::{self, Attempt, End, Unmade};

/// How long DingTalk may take over one approval, queues for the pace and the token included.
const PATIENCE: Duration = Duration::from_secs(15);

impl Claimed for Unmade {
    fn id(&self) -> i64 {
        self.id
    }
}

/// Makes the bodies that are due; says whether there were any.
pub async fn make(ctx: &Context, stop: &CancellationToken) -> Result<bool, StoreError> {
    lane::run(
        ctx,
        stop,
        |limit| {
            ctx.db.within(async move {
                let mut conn = ctx.db.acquire().await?;
                webhook::claim_unmade(&mut conn, ctx.instance, limit).await
            })
        },
        |message| make_one(ctx, message),
    )
    .await
}

/// What is known of the approval that an event is about.
enum Details {
    NotWanted,
    Found(ProcessInstance),
    /// DingTalk will not say; with its code, or one of ours.
    Refused(String),
}

async fn make_one(ctx: &Context, message: Unmade) {
    let begun = Instant::now();
    let give_up = |error, end| {
        let attempt = Attempt {
            duration: begun.elapsed(),
            status: None,
            error: Some(error),
        };
        note(ctx, message.id, attempt, end)
    };
    let Some(event) = message.event.as_ref().map(Event::as_pushed) else {
        return give_up("event_dropped", End::Failed).await;
    };
    if let Some(details) = details(ctx, &message.event_type, &event).await {
        store(ctx, &message, &event, details).await;
    } else {
        let wait = schedule::wait_after(message.attempts, None);
        give_up("dingtalk", retry(wait)).await;
    }
}

async fn store(ctx: &Context, message: &Unmade, event: &Value, details: Details) {
    let subject = subject(event, &details);
    let body = body(message, event, details).to_string();
    let stored = ctx.db.within(async {
        let mut conn = ctx.db.acquire().await?;
        webhook::store_body(&mut conn, ctx.instance, message.id, &subject, &body).await
    });
    if let Err(error) = stored.await {
        tracing::warn!(id = message.id, %error, "a webhook message could not be stored; it will be made again");
    }
}

/// None where DingTalk is out of reach, or refuses for a reason that has nothing to do with approvals.
async fn details(ctx: &Context, event_type: &str, event: &Value) -> Option<Details> {
    if !matches!(event_type, "bpms_instance_change" | "bpms_task_change") {
        return Some(Details::NotWanted);
    }
    let Some(id) = Event::field(event, &["processInstanceId"]) else {
        return Some(Details::Refused("no_process_instance_id".to_owned()));
    };
    let asked = upstream::process_instance(ctx, Priority::Look, &id);
    match tokio::time::timeout(PATIENCE, asked).await {
        Ok(Ok(found)) => Some(Details::Found(found)),
        Ok(Err(error)) => for_good(&error).map(Details::Refused),
        Err(_) => None,
    }
}

/// The code of a refusal that speaks of the approval, or of our right to read approvals.
fn for_good(error: &UpstreamError) -> Option<String> {
    match error {
        // The caller's address and the month's quota concern all calls, and are put right.
        UpstreamError::Api(ApiError::Refused { api, code, .. })
            if *api == "topapi/processinstance/get" && !matches!(code, 60020 | 90020) =>
        {
            Some(code.to_string())
        }
        UpstreamError::Api(ApiError::Malformed {
            what: "process_instance",
            ..
        }) => Some("unreadable".to_owned()),
        _ => None,
    }
}

/// What people call the event: an approval's title.
fn subject(event: &Value, details: &Details) -> String {
    let found = match details {
        Details::Found(found) => found.title.clone(),
        _ => None,
    };
    let title = found.or_else(|| Event::field(event, &["title"]));
    let plain = title.unwrap_or_default();
    plain
        .chars()
        .filter(|c| !c.is_control())
        .take(200)
        .collect()
}

fn body(message: &Unmade, event: &Value, details: Details) -> Value {
    let mut data = Map::new();
    data.insert("event_id".to_owned(), message.event_id.into());
    data.insert("event_type".to_owned(), json!(message.event_type));
    data.insert("event_time".to_owned(), json!(message.event_time));
    data.insert("received_at".to_owned(), json!(message.received_at));
    data.insert("event".to_owned(), event.clone());
    match details {
        Details::NotWanted => {}
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
