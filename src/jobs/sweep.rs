//! What has had its day goes: each kind by a statement of its own, so that one that fails keeps none
//! of the others.

use std::time::Duration;

use crate::context::Context;
use crate::service::directory_sync;
use crate::store::Conn;
use crate::store::{
    StoreError, event, login_state, review_job, sync_run, sync_scratch, unmatched, web_session,
    webhook,
};

/// On a line that is lost a statement would wait for ever, and nothing would be swept again.
const PATIENCE: Duration = Duration::from_secs(30);

pub(super) async fn once(ctx: &Context) -> Result<(), StoreError> {
    ctx.db
        .read_within(PATIENCE, async |conn| sweep(conn).await)
        .await?;
    tell(
        "syncs that were cut off",
        directory_sync::fail_interrupted(ctx).await,
    )
}

async fn sweep(conn: &mut Conn) -> Result<(), StoreError> {
    tell("begun logins", login_state::sweep(conn).await)?;
    tell("sessions", web_session::sweep(conn).await)?;
    tell("messages of old events", event::drop_old_bodies(conn).await)?;
    tell("untouched cases", unmatched::sweep(conn).await)?;
    tell("finished review jobs", review_job::sweep(conn).await)?;
    tell("old webhook messages", webhook::sweep(conn).await)?;
    tell("old plans of syncs", sync_run::sweep(conn).await)?;
    tell(
        "notes of syncs that were cut off",
        sync_scratch::sweep(conn).await,
    )?;
    Ok(())
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
