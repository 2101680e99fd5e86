//! The one budget of calls: each waits here for its turn, in order of priority, on all instances.

use std::time::Duration;

use super::ban::SHORT_PAUSE;
use super::{Priority, UpstreamError};
use crate::context::turns::{Next, Place};
use crate::context::{Context, Grant, Turn};
use crate::store::{StoreError, pace};

/// Waits for the turn of one call.
pub(super) async fn turn(
    ctx: &Context,
    api: &'static str,
    priority: Priority,
) -> Result<Turn, UpstreamError> {
    let place = ctx.turns.line_up(api, priority as i16);
    set_going(ctx, api, &place);
    match place.turn.await {
        Ok((grant, _)) => granted(grant),
        Err(_) => Err(StoreError::Unavailable(None).into()),
    }
}

/// Starts to serve a queue that was idle before this place was taken.
pub(super) fn set_going(ctx: &Context, api: &'static str, place: &Place<Grant>) {
    if place.was_idle {
        tokio::spawn(serve(ctx.clone(), api));
    }
}

/// Returns the turn that a waiter was handed.
pub(super) fn granted(grant: Grant) -> Result<Turn, UpstreamError> {
    match grant {
        Grant::Turn(turn) => Ok(turn),
        Grant::Paused(retry_after) => Err(UpstreamError::Paused { retry_after }),
        Grant::Unavailable | Grant::Full { .. } => Err(StoreError::Unavailable(None).into()),
    }
}

/// How often is looked whether a login has ended that others wait for.
const BLOCKED_POLL: Duration = Duration::from_millis(20);
/// A longer wait is not the spacing between two calls but throttling.
const LONG_WAIT: Duration = Duration::from_millis(200);

/// Leaves no queue behind that nobody serves, should its server be cut off with its runtime.
struct Served<'a> {
    ctx: &'a Context,
    api: &'static str,
    /// The queue was left empty and idle; whatever has been begun since is somebody else's to serve.
    is_over: bool,
}

impl Drop for Served<'_> {
    fn drop(&mut self) {
        if !self.is_over {
            self.ctx.turns.abandon(self.api);
        }
    }
}

/// Serves the queue of one API until nobody waits.
async fn serve(ctx: Context, api: &'static str) {
    let mut served = Served {
        ctx: &ctx,
        api,
        is_over: false,
    };
    loop {
        let priority = match ctx.turns.next(api) {
            Next::Call(priority) => priority,
            Next::Blocked => {
                tokio::time::sleep(BLOCKED_POLL).await;
                continue;
            }
            Next::Idle => break,
        };
        match take(&ctx, api, priority).await {
            Ok(pace::Turn::Granted(slot)) => {
                // Nobody may want it any more: it then ends at once.
                drop(ctx.turns.serve(api, Grant::Turn(ctx.turn(slot))));
            }
            // Short, so that whoever is more urgent and comes meanwhile is asked for next.
            Ok(pace::Turn::Wait(wait)) => {
                if wait > LONG_WAIT {
                    ctx.turns.note_wait(api, wait);
                }
                tokio::time::sleep(wait.min(Duration::from_millis(50))).await;
            }
            // Soon over: for a moment's pause nobody is turned away.
            Ok(pace::Turn::Banned(left)) if left <= SHORT_PAUSE => {
                tokio::time::sleep(left).await;
            }
            Ok(pace::Turn::Banned(left)) => dismiss(&ctx, api, || Grant::Paused(left)),
            Err(error) => {
                tracing::warn!(%error, "no turn for a call to DingTalk");
                dismiss(&ctx, api, || Grant::Unavailable);
            }
        }
    }
    served.is_over = true;
}

fn dismiss(ctx: &Context, api: &'static str, answer: impl Fn() -> Grant) {
    for waiter in ctx.turns.dismiss(api) {
        // Whoever has gone away needs no answer.
        let _gone = waiter.send((answer(), None));
    }
}

async fn take(ctx: &Context, api: &str, priority: i16) -> Result<pace::Turn, StoreError> {
    ctx.db
        .read(async |conn| pace::take(conn, api, priority, ctx.instance).await)
        .await
}

/// Holds an API back after DingTalk has throttled it, at least for as long as DingTalk has said.
pub(super) async fn hold_back(
    ctx: &Context,
    api: &'static str,
    wait: Option<Duration>,
) -> Result<(), StoreError> {
    tracing::warn!(api, ?wait, "DingTalk is throttling us");
    ctx.db
        .read(async |conn| pace::hold_back(conn, api, wait.unwrap_or_default()).await)
        .await
}
