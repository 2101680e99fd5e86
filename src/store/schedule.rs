//! Which scheduled time of the full sync has been claimed, by one instance for all.

use std::time::Duration;

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;

/// A scheduled time that this instance has claimed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledRun {
    pub moment: DateTime<Utc>,
    /// Attempt number, starting at 1.
    pub tries: i32,
}

/// Stores this time as one that needs no run, unless a time is already stored.
pub async fn begin(conn: &mut Conn, moment: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sync_schedule (moment, tries) VALUES ($1, 0) ON CONFLICT DO NOTHING",
        moment
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
    moment: DateTime<Utc>,
    waits: &[Duration],
) -> Result<Option<ScheduledRun>, StoreError> {
    let waits: Vec<f64> = waits.iter().map(Duration::as_secs_f64).collect();
    let taken = sqlx::query_as!(
        ScheduledRun,
        "UPDATE sync_schedule s SET moment = $1, tries = next.tries,
             try_at = clock_timestamp() + make_interval(secs => ($2::float8[])[next.tries])
         FROM (SELECT CASE WHEN as_past(moment) < $1 THEN 1 ELSE tries + 1 END AS tries FROM sync_schedule) next
         WHERE (as_past(s.moment) < $1 OR s.moment = $1 AND (s.try_at <= clock_timestamp() OR EXISTS (
               SELECT FROM sync_run r
               WHERE r.cause = 'schedule'
                 -- Then the moment was taken, unless somebody has told how that ended.
                 AND r.started_at >= s.try_at - make_interval(secs => ($2::float8[])[s.tries])
                 AND (r.state = 'running' AND is_free(r.lease_until) OR r.state = 'failed' AND r.error = 'interrupted')
                 AND NOT EXISTS (SELECT FROM sync_run o WHERE o.state = 'running' AND NOT is_free(o.lease_until)))))
           AND NOT EXISTS (SELECT FROM sync_run WHERE as_past(started_at) >= $1 AND is_complete)
         RETURNING s.moment, s.tries",
        moment,
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
        "UPDATE sync_schedule SET try_at = clock_timestamp() + make_interval(secs => $3), tries = $4
         WHERE moment = $1 AND tries = $2",
        taken.moment,
        taken.tries,
        wait.map(|wait| wait.as_secs_f64()),
        if counts { taken.tries } else { taken.tries - 1 },
    )
    .execute(conn)
    .await?;
    Ok(())
}
