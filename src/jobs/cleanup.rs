//! Deletes expired rows, one statement per table, so one failure does not stop the others.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;

use super::polls::Polls;
use super::shutdown_grace;
use crate::context::Context;
use crate::service::directory_sync;
use crate::store::queue::DueWork;
use crate::store::unmatched::waiting_ticket;
use crate::store::{
    StoreError, event, login_state, review_job, staff_history, sync_run, sync_staging, unmatched,
    web_session, webhook,
};

/// On a lost connection a statement would wait forever, and cleanup would never run again.
const TIMEOUT: Duration = Duration::from_secs(30);

/// Deletes the expired rows of one kind in a unit of work of its own: behind a transaction pooler a unit is one
/// transaction, which one failed statement would undo.
macro_rules! sweep {
    ($ctx:expr, $what:literal, $sweep:path $(, $retention:expr)*) => {
        log_result(
            $what,
            $ctx.db
                .read_within(TIMEOUT, async |conn| $sweep(conn $(, $retention)*).await)
                .await,
        )?
    };
}

/// With the polls of the queue, an idle instance sends less than one statement a second.
const INTERVAL: Duration = Duration::from_mins(5);

/// Cleans up at the start and regularly; a sync whose process has died is ended as soon as a poll finds it.
pub(super) async fn run(ctx: Context, mut polls: Polls, stop: CancellationToken) {
    let mut next = Instant::now();
    while let Some(due) = polls.next().await {
        polls
            .run(clean_up_if_due(&ctx, &stop, &due, &mut next))
            .await;
    }
}

async fn clean_up_if_due(
    ctx: &Context,
    stop: &CancellationToken,
    due: &DueWork,
    next: &mut Instant,
) -> Result<(), StoreError> {
    if due.has_interrupted_sync {
        log_result(
            "syncs that were cut off",
            directory_sync::fail_interrupted(ctx).await,
        )?;
    }
    if Instant::now() < *next {
        return Ok(());
    }
    tokio::select! {
        cleaned = clean_up(ctx) => cleaned?,
        () = shutdown_grace(stop) => return Ok(()),
    }
    *next = Instant::now() + INTERVAL;
    Ok(())
}

async fn clean_up(ctx: &Context) -> Result<(), StoreError> {
    let keep = ctx.config.retention;
    sweep!(ctx, "begun logins", login_state::sweep);
    sweep!(ctx, "tickets of people who wait", waiting_ticket::sweep);
    sweep!(ctx, "sessions", web_session::sweep);
    sweep!(
        ctx,
        "messages of old events",
        event::drop_old_bodies,
        keep.events
    );
    sweep!(ctx, "old events", event::sweep);
    sweep!(ctx, "untouched cases", unmatched::sweep, keep.reviews);
    sweep!(
        ctx,
        "approved people",
        unmatched::sweep_approved_people,
        keep.reviews
    );
    sweep!(ctx, "finished review jobs", review_job::sweep, keep.reviews);
    sweep!(
        ctx,
        "old webhook messages",
        webhook::sweep,
        keep.events,
        keep.webhooks
    );
    sweep!(ctx, "old plans of syncs", sync_run::sweep, keep.syncs);
    sweep!(
        ctx,
        "old changes of staff",
        staff_history::sweep,
        keep.syncs
    );
    sweep!(ctx, "notes of syncs that were cut off", sync_staging::sweep);
    Ok(())
}

/// Logs the outcome of one statement; fails only if Postgres is unavailable, because the others would fail too.
fn log_result(what: &str, swept: Result<u64, StoreError>) -> Result<(), StoreError> {
    match swept {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(what, rows, "swept"),
        Err(error @ StoreError::Unavailable(_)) => return Err(error),
        Err(error) => tracing::error!(what, %error, "cleanup failed"),
    }
    Ok(())
}
