//! What has had its day goes: each kind by a statement of its own, so that one that fails keeps none
//! of the others.

use std::time::Duration;

use crate::context::Context;
use crate::service::directory_sync;
use crate::store::{
    Db, StoreError, event, login_state, review_job, sync_run, sync_scratch, unmatched, web_session,
    webhook,
};

/// On a line that is lost a statement would wait for ever, and nothing would be swept again.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn once(ctx: &Context) -> Result<(), StoreError> {
    Db::within_time(PATIENCE, sweep(ctx)).await
}

async fn sweep(ctx: &Context) -> Result<(), StoreError> {
    let mut conn = ctx.db.acquire().await?;
    tell("begun logins", login_state::sweep(&mut conn).await)?;
    tell("sessions", web_session::sweep(&mut conn).await)?;
    tell(
        "messages of old events",
        event::drop_old_bodies(&mut conn).await,
    )?;
    tell("untouched cases", unmatched::sweep(&mut conn).await)?;
    tell("finished review jobs", review_job::sweep(&mut conn).await)?;
    tell("old webhook messages", webhook::sweep(&mut conn).await)?;
    tell("old plans of syncs", sync_run::sweep(&mut conn).await)?;
    tell(
        "notes of syncs that were cut off",
        sync_scratch::sweep(&mut conn).await,
    )?;
    drop(conn);
    tell(
        "syncs that were cut off",
        directory_sync::fail_interrupted(ctx).await,
    )
}

/// Where Postgres is away there is no point in going on.
fn tell(what: &str, swept: Result<u64, StoreError>) -> Result<(), StoreError> {
    match swept {
        Ok(0) => {}
        Ok(rows) => tracing::debug!(what, rows, "swept"),
        Err(error @ StoreError::Unavailable(_)) => return Err(error),
        Err(error) => tracing::error!(what, %error, "sweeping failed"),
    }
    Ok(())
}
