//! Copies the plan of a run to its permanent record.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use crate::domain::ids::{DeptId, UserId};
use crate::domain::skip_reason::SkipReason;
use crate::store::StoreError;

/// Stores the plan of a run as its changes; returns how many records it has.
pub async fn keep(conn: &mut Conn, run_id: i64) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO sync_change (run_id, position, kind, userid, dept_id, name, differences, reason, reason_field)
         SELECT run_id, position, kind, userid, dept_id, name, differences, reason, reason_field FROM staging_change
         WHERE run_id = $1",
        run_id,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Records that these people were not written after all: skipped for a reason, or without one because an event
/// had already written the same.
pub async fn record_skipped(
    conn: &mut Conn,
    run_id: i64,
    userids: &[UserId],
    reason: Option<&SkipReason>,
) -> Result<(), StoreError> {
    if userids.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    let positions = sqlx::query_scalar!(
        "UPDATE staging_change SET is_superseded = true WHERE run_id = $1 AND step IS NOT NULL AND userid = ANY ($2)
         RETURNING position",
        run_id,
        &ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    let superseded = u64::try_from(positions.len()).unwrap_or_default();
    StoreError::unless_written(superseded, ids.len(), "staging_change", || ids.join(", "))?;
    let Some(reason) = reason else {
        return take_out(conn, run_id, &positions).await;
    };
    let done = sqlx::query!(
        "UPDATE sync_change SET kind = 'skipped', reason = $3, reason_field = $4 WHERE run_id = $1 AND position = ANY ($2)",
        run_id,
        &positions,
        reason.code(),
        reason.field(),
    )
    .execute(conn)
    .await?;
    expect_changes(done.rows_affected(), run_id, &positions)
}

/// Records that these departments were not written after all, because a newer answer was stored.
pub async fn record_skipped_departments(
    conn: &mut Conn,
    run_id: i64,
    dept_ids: &[DeptId],
) -> Result<(), StoreError> {
    let positions = sqlx::query_scalar!(
        "SELECT position FROM staging_change WHERE run_id = $1 AND dept_id = ANY ($2)",
        run_id,
        dept_ids,
    )
    .fetch_all(&mut *conn)
    .await?;
    take_out(conn, run_id, &positions).await
}

async fn take_out(conn: &mut Conn, run_id: i64, positions: &[i32]) -> Result<(), StoreError> {
    let done = sqlx::query!(
        "DELETE FROM sync_change WHERE run_id = $1 AND position = ANY ($2)",
        run_id,
        positions,
    )
    .execute(conn)
    .await?;
    expect_changes(done.rows_affected(), run_id, positions)
}

fn expect_changes(written: u64, run_id: i64, positions: &[i32]) -> Result<(), StoreError> {
    StoreError::unless_written(written, positions.len(), "sync_change", || {
        format!("{run_id}/{positions:?}")
    })
}

/// Returns how many of the people written by a run were announced by no event: none that is still waiting or has
/// failed, and none received since the run began. A new picture alone is never announced.
pub async fn count_unannounced(
    conn: &mut Conn,
    run_id: i64,
    started_at: DateTime<Utc>,
) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM staging_change
         WHERE run_id = $1 AND step IS NOT NULL AND NOT is_superseded
           AND (kind <> 'changed' OR jsonb_path_exists(differences, '$[*] ? (@.field != "avatar")'))
           AND userid NOT IN (
               SELECT unnest(userids) FROM event WHERE state IN ('waiting', 'failed')
               UNION SELECT unnest(userids) FROM event WHERE received_at >= $2)
           -- The looks at those who leave by this very run do not count.
           AND (step = 'leave' OR userid NOT IN (SELECT subject FROM subject_recheck WHERE kind = 'person'))"#,
        run_id,
        started_at,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}
