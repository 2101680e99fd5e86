//! Which scheduled time of the full sync has been claimed, by one instance for all.

use std::time::Duration;

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;

/// A scheduled time that this instance has claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledRun {
    pub scheduled_at: DateTime<Utc>,
    /// Attempt number, starting at 1.
    pub attempts: i32,
}

/// Stores this time as one that needs no run, unless a time is already stored.
pub async fn begin(conn: &mut Conn, scheduled_at: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sync_schedule (scheduled_at, attempts) VALUES ($1, 0) ON CONFLICT DO NOTHING",
        scheduled_at
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Claims the time if it is later than the last one claimed, or if that one is due for a retry; returns `None` if a
/// complete run has begun since, or another instance was first. A retry is due at once if the instance that claimed
/// the time has died: its run was interrupted, and no other run is active.
///
/// `waits` holds the delay before each retry if no outcome is reported, starting with the one after the first
/// attempt; the last attempt is not repeated.
pub async fn take(
    conn: &mut Conn,
    scheduled_at: DateTime<Utc>,
    waits: &[Duration],
) -> Result<Option<ScheduledRun>, StoreError> {
    let waits: Vec<f64> = waits.iter().map(Duration::as_secs_f64).collect();
    let taken = sqlx::query_as!(
        ScheduledRun,
        "UPDATE sync_schedule s SET scheduled_at = $1, attempts = next.attempts,
             retry_at = clock_timestamp() + make_interval(secs => ($2::float8[])[next.attempts])
         FROM (SELECT CASE WHEN as_past(scheduled_at) < $1 THEN 1 ELSE attempts + 1 END AS attempts FROM sync_schedule) next
         WHERE (as_past(s.scheduled_at) < $1 OR s.scheduled_at = $1 AND (s.retry_at <= clock_timestamp() OR EXISTS (
               SELECT FROM sync_run r
               WHERE r.cause = 'schedule'
                 -- Then the scheduled_at was taken, unless somebody has told how that ended.
                 AND r.started_at >= s.retry_at - make_interval(secs => ($2::float8[])[s.attempts])
                 AND (r.state = 'running' AND is_free(r.lease_until) OR r.state = 'failed' AND 'interrupted' IN (r.error_code, r.error))
                 AND NOT EXISTS (SELECT FROM sync_run o WHERE o.state = 'running' AND NOT is_free(o.lease_until)))))
           AND NOT EXISTS (SELECT FROM sync_run WHERE as_past(started_at) >= $1 AND is_complete)
         RETURNING s.scheduled_at, s.attempts",
        scheduled_at,
        &waits,
    )
    .fetch_optional(conn)
    .await?;
    Ok(taken)
}

/// Sets when the time is retried; unless `counts`, the retry keeps the attempt number. Never retried if `wait` is
/// `None`. Leaves a time that another instance has claimed meanwhile unchanged.
pub async fn postpone(
    conn: &mut Conn,
    taken: ScheduledRun,
    wait: Option<Duration>,
    counts: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sync_schedule SET retry_at = clock_timestamp() + make_interval(secs => $3), attempts = $4
         WHERE scheduled_at = $1 AND attempts = $2",
        taken.scheduled_at,
        taken.attempts,
        wait.map(|wait| wait.as_secs_f64()),
        if counts { taken.attempts } else { taken.attempts - 1 },
    )
    .execute(conn)
    .await?;
    Ok(())
}
