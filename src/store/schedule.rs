//! Which scheduled moment of the full sync has been taken, by one instance for all.

use std::time::Duration;

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;

/// A moment that this instance has taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ScheduledRun {
    pub moment: DateTime<Utc>,
    /// The how-manieth try this is, from 1.
    pub tries: i32,
}

/// Remembers this moment as one that needs no run, unless there is one to remember already.
pub async fn begin(conn: &mut Conn, moment: DateTime<Utc>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO sync_schedule (moment, tries) VALUES ($1, 0) ON CONFLICT DO NOTHING",
        moment
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Takes the moment, if it is later than the one that was taken last, or if that one is to be tried
/// again by now; nothing where a complete run has begun since, or another instance was first. That one is
/// to be tried again at once where the instance that took it has died: where its run was interrupted, and
/// nothing else runs.
/// `waits` says after how long the first, the second … try is repeated should nobody tell how it
/// ended; the last one is not.
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

/// Says when the moment is to be tried again, as the how-manieth try before; never where `wait` is None.
/// What another instance has taken meanwhile stays as it is.
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
