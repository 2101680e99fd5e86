//! Sends messages whose body is made.

use std::time::Instant;

use tokio_util::sync::CancellationToken;

use super::lane::Claimed;
use super::receiver::{Receiver, Taken};
use super::{lane, note, retry, schedule};
use crate::context::Context;
use crate::store::StoreError;
use crate::store::webhook::{self, Attempt, Due, End};

impl Claimed for Due {
    fn id(&self) -> i64 {
        self.id
    }
}

/// Sends what is due; says whether there was anything.
pub async fn send(
    ctx: &Context,
    receiver: &Receiver,
    stop: &CancellationToken,
) -> Result<bool, StoreError> {
    lane::run(
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

async fn send_one(ctx: &Context, receiver: &Receiver, message: Due) {
    let begun = Instant::now();
    let taken = receiver.post(&message).await;
    let duration = begun.elapsed();
    let (status, error, end) = judge(taken, message.attempts);
    let attempt = Attempt {
        duration,
        status,
        error,
    };
    note(ctx, message.id, attempt, end).await;
}

fn judge(taken: Taken, attempts: i32) -> (Option<u16>, Option<&'static str>, End) {
    match taken {
        Taken::Yes { status } => (Some(status), None, End::Delivered),
        Taken::Never { status } => (Some(status), Some("gone"), End::Failed),
        Taken::NotNow {
            status,
            error,
            wish,
        } => {
            let wait = schedule::wait_after(attempts, wish);
            (Some(status), Some(error), retry(wait))
        }
        Taken::NoAnswer { error } => {
            let wait = schedule::wait_after(attempts, None);
            (None, Some(error), retry(wait))
        }
    }
}
