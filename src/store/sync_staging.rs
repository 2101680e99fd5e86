//! What the run that is at work has heard, and what it will do: too much to be kept in memory. Worth
//! nothing once the run has ended.

mod changes;
mod people;
mod person;
mod record;

use crate::store::Conn;

use super::StoreError;

pub use changes::{
    ChangedPerson, StagedChange, Step, changed_people, drop_leavers, leavers_outside,
    leaving_among, skip_leavers, stage_changes, staged_changes, withhold_leavers,
};
pub use people::{
    ObservedPerson, absent, contested, count_staged, keys, stage_people, staged_among,
    staged_people,
};
pub use record::{count_unannounced, keep, record_skipped, record_skipped_departments};

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
    let people = sqlx::query!(
        "DELETE FROM sync_reading WHERE run_id NOT IN (SELECT id FROM sync_run WHERE state = 'running')"
    )
    .execute(&mut *conn)
    .await?;
    let changes = sqlx::query!(
        "DELETE FROM sync_draft WHERE run_id NOT IN (SELECT id FROM sync_run WHERE state = 'running')"
    )
    .execute(conn)
    .await?;
    Ok(people.rows_affected() + changes.rows_affected())
}

/// Has Postgres count anew what stands here, so that it finds the quick ways through it.
pub async fn analyze(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!("ANALYZE sync_reading, sync_draft")
        .execute(conn)
        .await?;
    Ok(())
}
