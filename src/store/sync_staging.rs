//! What the current run has read, and the changes it will make: too much to be kept in memory. Of no use once the
//! run has ended.

mod changes;
mod people;
mod person;
mod record;

use crate::store::Conn;

use super::StoreError;

pub use changes::{
    ChangedPerson, StagedChange, changed_people, drop_leavers, leavers_outside, leaving_among,
    skip_leavers, stage_changes, staged_changes, withhold_leavers,
};
pub use people::{
    ObservedPerson, absent, contested, count_staged, keys, stage_people, staged_among,
    staged_people,
};
pub use record::{count_unannounced, keep, record_skipped, record_skipped_departments};

/// Deletes a run's staged people and changes.
pub async fn forget(conn: &mut Conn, run_id: i64) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM staging_person WHERE run_id = $1", run_id)
        .execute(&mut *conn)
        .await?;
    sqlx::query!("DELETE FROM staging_change WHERE run_id = $1", run_id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes staging rows of runs that are no longer running; returns how many.
pub async fn sweep(conn: &mut Conn) -> Result<u64, StoreError> {
    let people = sqlx::query!(
        "DELETE FROM staging_person WHERE run_id NOT IN (SELECT id FROM sync_run WHERE state = 'running')"
    )
    .execute(&mut *conn)
    .await?;
    let changes = sqlx::query!(
        "DELETE FROM staging_change WHERE run_id NOT IN (SELECT id FROM sync_run WHERE state = 'running')"
    )
    .execute(conn)
    .await?;
    Ok(people.rows_affected() + changes.rows_affected())
}

/// Runs ANALYZE on the staging tables, so that queries get good plans.
pub async fn analyze(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!("ANALYZE staging_person, staging_change")
        .execute(conn)
        .await?;
    Ok(())
}
