//! Why a full sync is due: one row for all instances and reasons.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::record::known;
use super::{Conn, StoreError};
use crate::domain::sync::{SyncReason, wait_after};

/// An attempt that this instance has claimed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncAttempt {
    /// All of them are settled by one complete run.
    pub reasons: Vec<SyncReason>,
    /// Attempt number, starting at 1.
    pub attempts: i32,
    taken_at: DateTime<Utc>,
}

/// Requests a full sync if the staff table is empty, unless one is requested for that reason. A run that has already
/// begun is enough.
pub async fn request_if_empty(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!(
        "SELECT request_sync('empty', coalesce(
             (SELECT started_at FROM sync_run WHERE state = 'running' AND NOT is_free(lease_until)), clock_timestamp()))
         FROM sync_request WHERE NOT 'empty' = ANY (reasons) AND NOT EXISTS (SELECT FROM staff)"
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Requests a full sync if this time is later than the last scheduled time, unless a complete run has begun since. The
/// very first time is only stored. Must run in a transaction.
pub async fn request_scheduled(
    conn: &mut Conn,
    scheduled_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let moved = sqlx::query_scalar!(
        r#"UPDATE sync_request s SET scheduled_at = $1,
             -- A new time is not a retry of the one before.
             reasons = array_remove(reasons, 'schedule')
         FROM (SELECT scheduled_at FROM sync_request FOR UPDATE) before
         WHERE before.scheduled_at IS NULL OR as_past(before.scheduled_at) < $1
           AND NOT EXISTS (SELECT FROM sync_run WHERE as_past(started_at) >= $1 AND is_complete)
         RETURNING before.scheduled_at IS NOT NULL AS "is_due!""#,
        scheduled_at
    )
    .fetch_optional(&mut *conn)
    .await?;
    if moved == Some(true) {
        sqlx::query!("SELECT request_sync('schedule', $1)", scheduled_at)
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Claims the next attempt if it is due and no other instance was first. Unless its outcome is stored, it is repeated
/// after the delay that follows it, or as soon as its run has died.
pub async fn take(conn: &mut Conn) -> Result<Option<SyncAttempt>, StoreError> {
    let row = sqlx::query!("SELECT reasons, attempts FROM sync_request WHERE is_sync_due()")
        .fetch_optional(&mut *conn)
        .await?;
    let Some(row) = row else { return Ok(None) };
    let mut reasons = parse(&row.reasons)?;
    reasons.sort_unstable();
    let attempts = row.attempts + 1;
    let taken_at = sqlx::query_scalar!(
        r#"UPDATE sync_request SET attempts = $3, taken_at = clock_timestamp(),
             retry_at = clock_timestamp() + make_interval(secs => $4), retry_delay = coalesce(make_interval(secs => $4), '0')
         WHERE reasons = $1 AND attempts = $2 AND is_sync_due() RETURNING taken_at AS "taken_at!""#,
        &row.reasons,
        row.attempts,
        attempts,
        wait_after(&reasons, attempts).map(|wait| wait.as_secs_f64()),
    )
    .fetch_optional(conn)
    .await?;
    Ok(taken_at.map(|taken_at| SyncAttempt {
        reasons,
        attempts,
        taken_at,
    }))
}

fn parse(reasons: &[String]) -> Result<Vec<SyncReason>, StoreError> {
    let reasons = reasons.iter().map(|reason| {
        let id = || "the only row".to_owned();
        known(SyncReason::parse, ("sync_request", "reasons"), id, reason)
    });
    reasons.collect()
}

/// Stores that an attempt has settled the request, or that there will be no further one. What was requested meanwhile is
/// due after this delay: at once, losses that go on would make one sync follow the other.
pub async fn settle(
    conn: &mut Conn,
    attempt: &SyncAttempt,
    wait: Option<Duration>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sync_request SET taken_at = NULL,
             reasons = CASE WHEN requested_at > taken_at THEN reasons ELSE '{}' END,
             retry_at = CASE WHEN requested_at > taken_at THEN clock_timestamp() + make_interval(secs => $2) END,
             retry_delay = coalesce(make_interval(secs => $2), '0')
         WHERE taken_at = $1",
        attempt.taken_at,
        wait.map(|wait| wait.as_secs_f64()),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns how many runs for an empty table could not read everything since the request.
pub async fn count_partial(conn: &mut Conn) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM sync_run r, sync_request s
         WHERE r.cause = 'empty' AND r.state = 'partial' AND r.started_at >= s.requested_at"#
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Stores that an attempt was not successful, and when the next one is due; unless `counts`, it keeps the attempt
/// number. Leaves what was requested meanwhile.
pub async fn postpone(
    conn: &mut Conn,
    attempt: &SyncAttempt,
    wait: Duration,
    counts: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sync_request SET retry_at = clock_timestamp() + make_interval(secs => $2),
             retry_delay = make_interval(secs => $2), attempts = $3, taken_at = NULL
         WHERE taken_at = $1",
        attempt.taken_at,
        wait.as_secs_f64(),
        if counts {
            attempt.attempts
        } else {
            attempt.attempts - 1
        },
    )
    .execute(conn)
    .await?;
    Ok(())
}
