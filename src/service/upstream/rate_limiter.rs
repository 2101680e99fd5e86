//! The one budget of calls: each waits here for its turn, in order of priority, on all instances.

use std::time::Duration;

use super::ban::SHORT_PAUSE;
use super::{Priority, UpstreamError};
use crate::context::permit_queue::{NextPermit, QueueEntry};
use crate::context::{Context, Permit, PermitResult};
use crate::store::{StoreError, rate_limiter};

/// Waits for the turn of one call.
pub(super) async fn acquire(
    ctx: &Context,
    api: &'static str,
    priority: Priority,
) -> Result<Permit, UpstreamError> {
    let place = ctx.permit_queues.enqueue(api, priority as i16);
    start_if_idle(ctx, api, &place);
    match place.permit.await {
        Ok((grant, _)) => permit_of(grant),
        Err(_) => Err(StoreError::Unavailable(None).into()),
    }
}

/// Starts to serve a queue that was idle before this place was taken.
pub(super) fn start_if_idle(ctx: &Context, api: &'static str, place: &QueueEntry<PermitResult>) {
    if place.was_idle {
        tokio::spawn(drain(ctx.clone(), api));
    }
}

/// Returns the turn that a waiter was handed.
pub(super) fn permit_of(grant: PermitResult) -> Result<Permit, UpstreamError> {
    match grant {
        PermitResult::Permit(turn) => Ok(turn),
        PermitResult::Paused(retry_after) => Err(UpstreamError::Paused { retry_after }),
        PermitResult::Unavailable | PermitResult::Full { .. } => {
            Err(StoreError::Unavailable(None).into())
        }
    }
}

/// How often is looked whether a login has ended that others wait for.
const BLOCKED_POLL: Duration = Duration::from_millis(20);
/// A longer wait is not the spacing between two calls but throttling.
const LONG_WAIT: Duration = Duration::from_millis(200);

/// Leaves no queue behind that nobody serves, should its server be cut off with its runtime.
struct DrainGuard<'a> {
    ctx: &'a Context,
    api: &'static str,
    /// The queue was left empty and idle; whatever has been begun since is somebody else's to serve.
    is_over: bool,
}

impl Drop for DrainGuard<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.ctx.permit_queues.close(self.api);
        }
    }
}

/// Serves the queue of one API until nobody waits.
async fn drain(ctx: Context, api: &'static str) {
    let mut served = DrainGuard {
        ctx: &ctx,
        api,
        is_over: false,
    };
    loop {
        let priority = match ctx.permit_queues.next(api) {
            NextPermit::Call(priority) => priority,
            NextPermit::Blocked => {
                tokio::time::sleep(BLOCKED_POLL).await;
                continue;
            }
            NextPermit::Idle => break,
        };
        match acquire_slot(&ctx, api, priority).await {
            Ok(rate_limiter::Acquire::Granted(slot)) => {
                // Nobody may want it any more: it then ends at once.
                drop(
                    ctx.permit_queues
                        .grant_next(api, PermitResult::Permit(ctx.permit(slot))),
                );
            }
            // Short, so that whoever is more urgent and comes meanwhile is asked for next.
            Ok(rate_limiter::Acquire::Wait(wait)) => {
                if wait > LONG_WAIT {
                    ctx.permit_queues.record_wait(api, wait);
                }
                tokio::time::sleep(wait.min(Duration::from_millis(50))).await;
            }
            // Soon over: for a moment's pause nobody is turned away.
            Ok(rate_limiter::Acquire::Banned(left)) if left <= SHORT_PAUSE => {
                tokio::time::sleep(left).await;
            }
            Ok(rate_limiter::Acquire::Banned(left)) => {
                reject_all(&ctx, api, || PermitResult::Paused(left));
            }
            Err(error) => {
                tracing::warn!(%error, "no turn for a call to DingTalk");
                reject_all(&ctx, api, || PermitResult::Unavailable);
            }
        }
    }
    served.is_over = true;
}

fn reject_all(ctx: &Context, api: &'static str, answer: impl Fn() -> PermitResult) {
    for waiter in ctx.permit_queues.reject_all(api) {
        // Whoever has gone away needs no answer.
        let _gone = waiter.send((answer(), None));
    }
}

async fn acquire_slot(
    ctx: &Context,
    api: &str,
    priority: i16,
) -> Result<rate_limiter::Acquire, StoreError> {
    ctx.db
        .read(async |conn| rate_limiter::acquire(conn, api, priority, ctx.instance).await)
        .await
}

/// Holds an API back after DingTalk has throttled it, at least for as long as DingTalk has said.
pub(super) async fn penalize(
    ctx: &Context,
    api: &'static str,
    wait: Option<Duration>,
) -> Result<(), StoreError> {
    tracing::warn!(api, ?wait, "DingTalk is throttling us");
    ctx.db
        .read(async |conn| rate_limiter::penalize(conn, api, wait.unwrap_or_default()).await)
        .await
}
