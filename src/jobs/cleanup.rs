//! Deletes expired rows, one statement per table, so one failure does not stop the others.

use std::time::Duration;

use crate::context::Context;
use crate::service::directory_sync;
use crate::store::{
    StoreError, event, login_state, review_job, sync_run, sync_staging, unmatched, web_session,
    webhook,
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

pub(super) async fn once(ctx: &Context) -> Result<(), StoreError> {
    let keep = ctx.config.retention;
    sweep!(ctx, "begun logins", login_state::sweep);
    sweep!(ctx, "sessions", web_session::sweep);
    sweep!(
        ctx,
        "messages of old events",
        event::drop_old_bodies,
        keep.events
    );
    sweep!(ctx, "old events", event::sweep);
    sweep!(ctx, "untouched cases", unmatched::sweep, keep.reviews);
    sweep!(ctx, "finished review jobs", review_job::sweep, keep.reviews);
    sweep!(
        ctx,
        "old webhook messages",
        webhook::sweep,
        keep.events,
        keep.webhooks
    );
    sweep!(ctx, "old plans of syncs", sync_run::sweep, keep.syncs);
    sweep!(ctx, "notes of syncs that were cut off", sync_staging::sweep);
    log_result(
        "syncs that were cut off",
        directory_sync::fail_interrupted(ctx).await,
    )
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
