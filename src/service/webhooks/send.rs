//! Sends messages whose body is rendered.

use crate::domain::webhook::DeliveryError;
use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::receiver::{DeliveryResult, Receiver};
use super::worker::Claim;
use super::{note, retry, schedule, worker};
use crate::context::Context;
use crate::store::StoreError;
use crate::store::webhook::{self, DeliveryAttempt, DeliveryEnd, ReadyDelivery};

impl Claim for ReadyDelivery {
    fn id(&self) -> i64 {
        self.id
    }
}

/// Sends what is due; returns whether there was anything.
pub async fn send(
    ctx: &Context,
    receiver: &Receiver,
    stop: &CancellationToken,
) -> Result<bool, StoreError> {
    worker::run(
        ctx,
        stop,
        |limit| async move {
            ctx.db
                .read(async |conn| webhook::claim_due(conn, ctx.instance, limit).await)
                .await
        },
        |message| send_one(ctx, receiver, message),
    )
    .await
}

async fn send_one(ctx: &Context, receiver: &Receiver, message: ReadyDelivery) {
    let begun = Instant::now();
    let taken = receiver.post(&message).await;
    let duration = begun.elapsed();
    let (status, error, end) = judge(taken, message.attempts);
    let attempt = DeliveryAttempt {
        duration,
        status,
        error,
    };
    note(ctx, message.id, attempt, end).await;
}

fn judge(
    taken: DeliveryResult,
    attempts: i32,
) -> (Option<u16>, Option<DeliveryError>, DeliveryEnd) {
    match taken {
        DeliveryResult::Yes { status } => (Some(status), None, DeliveryEnd::Delivered),
        DeliveryResult::Never { status } => {
            (Some(status), Some(DeliveryError::Gone), DeliveryEnd::Failed)
        }
        DeliveryResult::NotNow {
            status,
            error,
            wish,
        } => {
            let wait = schedule::wait_after(attempts, wish);
            (Some(status), Some(error), retry(wait))
        }
        DeliveryResult::NoAnswer { error } => {
            let wait = schedule::wait_after(attempts, None);
            (None, Some(error), retry(wait))
        }
    }
}
