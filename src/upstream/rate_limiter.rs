//! The shared rate limit: each call waits here for its permit, in order of priority, across all instances.

use std::time::Duration;

use super::ban::SHORT_PAUSE;
use super::permit::{Permit, PermitResult};
use super::permit_queue::{NextPermit, QueueEntry};
use super::{DingTalk, Priority, UpstreamError};
use crate::store::{StoreError, rate_limiter};

/// Waits for the permit of one call.
pub(super) async fn acquire(
    dingtalk: &DingTalk,
    api: &'static str,
    priority: Priority,
) -> Result<Permit, UpstreamError> {
    let place = dingtalk.0.permit_queues.enqueue(api, priority as i16);
    start_if_idle(dingtalk, api, &place);
    match place.permit.await {
        Ok((grant, _)) => permit_of(grant),
        Err(_) => Err(StoreError::Unavailable(None).into()),
    }
}

/// Starts to serve a queue that was idle before this entry was added.
pub(super) fn start_if_idle(
    dingtalk: &DingTalk,
    api: &'static str,
    place: &QueueEntry<PermitResult>,
) {
    if place.was_idle {
        tokio::spawn(drain(dingtalk.clone(), api));
    }
}

/// Returns the permit that a waiter was granted.
pub(super) fn permit_of(grant: PermitResult) -> Result<Permit, UpstreamError> {
    match grant {
        PermitResult::Permit(permit) => Ok(permit),
        PermitResult::Paused(retry_after) => Err(UpstreamError::Paused { retry_after }),
        PermitResult::Unavailable | PermitResult::Full { .. } => {
            Err(StoreError::Unavailable(None).into())
        }
    }
}

/// Poll interval while others wait for a login to end.
const BLOCKED_POLL: Duration = Duration::from_millis(20);
/// A longer wait is throttling, not the spacing between two calls.
const LONG_WAIT: Duration = Duration::from_millis(200);

/// Closes the queue if its task is cancelled with its runtime, so that no queue is left unserved.
struct DrainGuard<'a> {
    dingtalk: &'a DingTalk,
    api: &'static str,
    /// The queue was left empty and idle; anything queued since is served by another task.
    is_over: bool,
}

impl Drop for DrainGuard<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.dingtalk.0.permit_queues.close(self.api);
        }
    }
}

/// Serves the queue of one API until nobody waits.
async fn drain(dingtalk: DingTalk, api: &'static str) {
    let mut served = DrainGuard {
        dingtalk: &dingtalk,
        api,
        is_over: false,
    };
    loop {
        let priority = match dingtalk.0.permit_queues.next(api) {
            NextPermit::Call(priority) => priority,
            NextPermit::Blocked => {
                tokio::time::sleep(BLOCKED_POLL).await;
                continue;
            }
            NextPermit::Idle => break,
        };
        match acquire_slot(&dingtalk, api, priority).await {
            Ok(rate_limiter::Acquire::Granted(slot)) => {
                // If the waiter has gone away, the permit is released at once.
                drop(
                    dingtalk
                        .0
                        .permit_queues
                        .grant_next(api, PermitResult::Permit(dingtalk.permit(slot))),
                );
            }
            // Short, so that a more urgent call that arrives meanwhile goes next.
            Ok(rate_limiter::Acquire::Wait(wait)) => {
                if wait > LONG_WAIT {
                    dingtalk.0.permit_queues.record_wait(api, wait);
                }
                tokio::time::sleep(wait.min(Duration::from_millis(50))).await;
            }
            // Ends soon: nobody is rejected because of a short pause.
            Ok(rate_limiter::Acquire::Banned(left)) if left <= SHORT_PAUSE => {
                tokio::time::sleep(left).await;
            }
            Ok(rate_limiter::Acquire::Banned(left)) => {
                reject_all(&dingtalk, api, || PermitResult::Paused(left));
            }
            Err(error) => {
                tracing::warn!(%error, "could not acquire a DingTalk permit");
                reject_all(&dingtalk, api, || PermitResult::Unavailable);
            }
        }
    }
    served.is_over = true;
}

fn reject_all(dingtalk: &DingTalk, api: &'static str, answer: impl Fn() -> PermitResult) {
    for waiter in dingtalk.0.permit_queues.reject_all(api) {
        // A waiter that has gone away needs no answer.
        let _gone = waiter.send((answer(), None));
    }
}

async fn acquire_slot(
    dingtalk: &DingTalk,
    api: &str,
    priority: i16,
) -> Result<rate_limiter::Acquire, StoreError> {
    dingtalk
        .0
        .db
        .read(async |conn| rate_limiter::acquire(conn, api, priority, dingtalk.0.instance).await)
        .await
}

/// Delays calls to an API after DingTalk has throttled it, at least for as long as DingTalk has said.
pub(super) async fn penalize(
    dingtalk: &DingTalk,
    api: &'static str,
    wait: Option<Duration>,
) -> Result<(), StoreError> {
    tracing::warn!(api, ?wait, "DingTalk is throttling us");
    dingtalk
        .0
        .db
        .read(async |conn| rate_limiter::penalize(conn, api, wait.unwrap_or_default()).await)
        .await
}
