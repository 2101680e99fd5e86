//! Webhooks to the company's own systems: messages are stored with the events and changes they report, rendered,
//! sent by Standard Webhooks, and retried until they are accepted or three days have passed.

mod collect_changes;
mod message_lane;
mod receiver;
mod redeliver;
mod render_payload;
mod review_messages;
mod schedule;
mod send;
mod signature;

pub use collect_changes::ChangeLane;
pub use receiver::Receiver;
pub use redeliver::{redeliver, redeliver_failed};
pub use render_payload::PayloadLane;
pub use review_messages::{announce_decision, announce_waiting};
pub use send::DeliveryLane;

use crate::domain::alert::Problem;
use std::time::Duration;

use crate::context::Context;
use crate::domain::webhook::{DeliveryError, DeliveryState};
use crate::service::queue::{Outcome, PlainError};
use crate::store::webhook::{self, DeliveryAttempt, DeliveryEnd};
use crate::store::{StoreError, alert};

/// Stores which event types this configuration forwards, for all instances and commands.
pub async fn set_subscription(ctx: &Context) -> Result<(), StoreError> {
    let types: Option<Vec<String>> = ctx
        .config
        .webhook
        .as_ref()
        .map(|webhook| webhook.event_types.iter().cloned().collect());
    ctx.db
        .tx(async |tx| {
            webhook::set_subscription(tx, types.as_deref()).await?;
            Ok(())
        })
        .await
}

/// Attempts to store the result of a delivery while Postgres does not answer.
const TRIES: u32 = 4;

/// Stores the result of a delivery attempt. If that fails, the claim expires and the message is sent again with the
/// same id. Returns the outcome of the task.
async fn record_attempt(
    ctx: &Context,
    id: i64,
    attempt: DeliveryAttempt,
    end: DeliveryEnd,
) -> Outcome<PlainError> {
    let mut stored = store_attempt(ctx, id, attempt, end).await;
    for tries in 1..TRIES {
        if !matches!(stored, Err(StoreError::Unavailable(_))) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(100 << tries)).await;
        stored = store_attempt(ctx, id, attempt, end).await;
    }
    match stored {
        Ok(Some(DeliveryState::Failed)) => {
            tracing::warn!(
                id,
                status = attempt.status,
                error = attempt.error.map(DeliveryError::as_str),
                "webhook delivery failed permanently"
            );
        }
        Ok(state) => {
            tracing::debug!(
                id,
                status = attempt.status,
                error = attempt.error.map(DeliveryError::as_str),
                ?state,
                "webhook"
            );
        }
        Err(error) => {
            tracing::warn!(id, %error, "could not store a delivery attempt; the webhook will be sent again");
            return Outcome::Failed(PlainError::Recorded(error.to_string()));
        }
    }
    match attempt.error {
        None => Outcome::Done,
        Some(_) => Outcome::Failed(PlainError::Recorded(reason(&attempt))),
    }
}

fn reason(attempt: &DeliveryAttempt) -> String {
    match (attempt.status, attempt.error) {
        (Some(status), _) => format!("HTTP {status}"),
        (None, error) => error.map_or("", DeliveryError::as_str).to_owned(),
    }
}

async fn store_attempt(
    ctx: &Context,
    id: i64,
    attempt: DeliveryAttempt,
    end: DeliveryEnd,
) -> Result<Option<DeliveryState>, StoreError> {
    let why = reason(&attempt);
    ctx.db
        .tx(async |tx| {
            let state = webhook::record_attempt(tx, ctx.instance, id, &attempt, end).await?;
            if state == Some(DeliveryState::Failed) {
                alert::raise(tx, Problem::WebhookFailed, &why).await?;
            }
            Ok(state)
        })
        .await
}

/// Returns a result that schedules another attempt after this delay.
fn retry(delay: Duration) -> DeliveryEnd {
    DeliveryEnd::Retry {
        delay,
        patience: schedule::RETRY_WINDOW,
    }
}
