//! What the run that is at work has heard, and what it will do: too much to be kept in memory. Worth
//! nothing once the run has ended.

mod draft;
mod keep;
mod person;
mod reading;

use crate::store::Conn;

use super::StoreError;

pub use draft::{
    Draft, DraftedPerson, Step, drafted, drafted_people, drop_leavers, hold_leavers_back,
    leavers_outside, leaving_among, put_drafts, spare,
};
pub use keep::{count_unannounced, keep, pass_over, pass_over_departments};
pub use reading::{
    HeardPerson, absent, contested, count_heard, heard, heard_among, keys, put_heard,
};

/// Forgets what a run has heard and drafted.
pub async fn forget(conn: &mut Conn, run_id: i64) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM sync_reading WHERE run_id = $1", run_id)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM sync_draft WHERE run_id = $1", run_id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Forgets what runs that are not at work any more have left behind; gives how many rows that was.
pub async fn sweep(conn: &mut Conn) -> Result<u64, StoreError> {
    let heard = sqlx::query!(
        "DELETE FROM sync_reading WHERE run_id NOT IN (SELECT id FROM sync_run WHERE state = 'running')"
    )
    .execute(&mut *conn)
    .await?;
    let drafted = sqlx::query!(
        "DELETE FROM sync_draft WHERE run_id NOT IN (SELECT id FROM sync_run WHERE state = 'running')"
    )
    .execute(conn)
    .await?;
    Ok(heard.rows_affected() + drafted.rows_affected())
}

/// Has Postgres count anew what stands here, so that it finds the quick ways through it.
pub async fn count_anew(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!("ANALYZE sync_reading, sync_draft")
        .execute(conn)
        .await?;
    Ok(())
}
