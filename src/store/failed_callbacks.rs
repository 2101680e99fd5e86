//! Who reads DingTalk's list of failed pushes, when it was read and when it will be: one row.

use std::time::Duration;

use crate::store::Conn;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreError;

/// How often the service reads.
const EVERY: Duration = Duration::from_mins(10);
/// DingTalk gives a push up after 40 s and lists it three to five minutes later.
const LISTED_AFTER: Duration = Duration::from_mins(6);
/// How long nobody reads again after a reading, whoever asks for it.
const PAUSE: Duration = Duration::from_secs(3);

/// How long after a full sync for lost events that has not made up for them the next one begins: after
/// the first, the second, and so on; in seconds.
const SYNC_WAITS: [f64; 7] = [60.0, 300.0, 600.0, 1800.0, 1800.0, 3600.0, 10_800.0];

/// After more runs than this, one that was cut off by the death of its process is not repeated at once: it may
/// be what kills the process.
const MAX_CUT_OFF: i32 = 3;

/// What a new reader finds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseAcquired {
    /// The reader before has asked, and died before it had stored the answer.
    pub lost_an_answer: bool,
}

/// Who is reading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    pub by: String,
    pub since: DateTime<Utc>,
}

/// What the clock says of the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NextFetch {
    pub now: DateTime<Utc>,
    pub is_due: bool,
}

/// Makes this process the reader, unless somebody is.
pub async fn acquire_lease(
    conn: &mut Conn,
    reader: Uuid,
    by: &str,
) -> Result<Result<LeaseAcquired, Reader>, StoreError> {
    loop {
        let taken = sqlx::query_scalar!(
            r#"UPDATE failed_list_reading SET holder = $1, held_by = $2, held_since = clock_timestamp(),
                 lease_until = lease_end()
             WHERE is_free(lease_until) RETURNING asking_since IS NOT NULL AS "lost!""#,
            reader,
            by,
        )
        .fetch_optional(&mut *conn)
        .await?;
        if let Some(lost_an_answer) = taken {
            return Ok(Ok(LeaseAcquired { lost_an_answer }));
        }
        let other = sqlx::query_as!(
            Reader,
            r#"SELECT held_by AS "by!", held_since AS "since!" FROM failed_list_reading
             WHERE NOT is_free(lease_until) AND holder IS NOT NULL"#
        )
        .fetch_optional(&mut *conn)
        .await?;
        // Whoever stood in the way may have ended meanwhile: then the place is free.
        if let Some(other) = other {
            return Ok(Err(other));
        }
    }
}

/// Keeps the reader's place; false where it is no longer this one's.
pub async fn renew(conn: &mut Conn, reader: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE failed_list_reading SET lease_until = lease_end()
         WHERE holder = $1 AND lease_until >= clock_timestamp()",
        reader,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that a call is about to be made; false where the place is no longer this one's.
pub async fn record_attempt(conn: &mut Conn, reader: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE failed_list_reading SET asking_since = clock_timestamp(),
             lease_until = lease_end()
         WHERE holder = $1 AND lease_until >= clock_timestamp()",
        reader,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Notes that what the last call has given is stored, or told as lost.
pub async fn record_settled(conn: &mut Conn, reader: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE failed_list_reading SET asking_since = NULL WHERE holder = $1",
        reader
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives the place up after the end of the list was seen.
pub async fn finish(conn: &mut Conn, reader: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE failed_list_reading SET holder = NULL, lease_until = '-infinity', problem = NULL,
             read_at = clock_timestamp(), due_at = clock_timestamp() + make_interval(secs => $2),
             again_at = CASE WHEN again_at <= held_since THEN 'infinity' ELSE again_at END
         WHERE holder = $1",
        reader,
        EVERY.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Gives the place up after a failure; the service reads again after `wait`. Says whether the reading
/// before had failed for another reason, or not at all.
pub async fn fail(
    conn: &mut Conn,
    reader: Uuid,
    problem: &str,
    wait: Duration,
) -> Result<bool, StoreError> {
    let is_new = sqlx::query_scalar!(
        r#"UPDATE failed_list_reading l SET holder = NULL, lease_until = '-infinity', problem = $2,
             due_at = clock_timestamp() + make_interval(secs => $3),
             again_at = CASE WHEN l.again_at <= l.held_since THEN 'infinity' ELSE l.again_at END
         FROM (SELECT problem FROM failed_list_reading FOR UPDATE) before
         WHERE l.holder = $1 RETURNING before.problem IS DISTINCT FROM $2 AS "is_new!""#,
        reader,
        problem,
        wait.as_secs_f64(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(is_new.unwrap_or(false))
}

/// The time, and whether a reading is due that nobody is at.
pub async fn next_fetch(conn: &mut Conn) -> Result<NextFetch, StoreError> {
    let next = sqlx::query_as!(
        NextFetch,
        r#"SELECT clock_timestamp() AS "now!",
             (due_at <= clock_timestamp() OR again_at <= clock_timestamp()) AND is_free(lease_until) AS "is_due!"
         FROM failed_list_reading"#
    )
    .fetch_one(conn)
    .await?;
    Ok(next)
}

/// Has the list read now, and again when DingTalk has listed what it could not deliver until now.
pub async fn request_after_downtime(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE failed_list_reading SET
             -- Instances that start together are content with one reading.
             due_at = least(due_at, greatest(clock_timestamp(), as_past(read_at) + make_interval(secs => $1))),
             -- Put off by a later downtime, which outlasts this one.
             again_at = clock_timestamp() + make_interval(secs => $2)",
        PAUSE.as_secs_f64(),
        LISTED_AFTER.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Whether a full sync is to begin now since events were lost, as the standing alert of this kind says:
/// none is under way or waits for a decision, and those before it lie far enough back, unless the last one was
/// cut off.
pub async fn owes_sync(conn: &mut Conn, kind: &str) -> Result<bool, StoreError> {
    let owes = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT FROM alert a CROSS JOIN LATERAL (
                 SELECT count(*)::int AS tries, max(coalesce(r.finished_at, r.started_at)) AS ended_at,
                   (array_agg(r.state = 'running' OR r.error = 'interrupted' ORDER BY r.id DESC))[1] AS was_cut_off
                 FROM sync_run r WHERE r.cause = 'lost_events' AND r.started_at > a.first_at
             ) before
             WHERE a.kind = $1
               AND (before.tries = 0 OR before.was_cut_off AND before.tries <= $3 OR as_past(before.ended_at) <= clock_timestamp()
                 - make_interval(secs => ($2::float8[])[least(before.tries, cardinality($2::float8[]))]))
               AND NOT EXISTS (SELECT FROM sync_run WHERE state = 'running' AND NOT is_free(lease_until))
               -- One that the brake has stopped has read everything, and would be stopped again.
               AND NOT EXISTS (SELECT FROM sync_run r WHERE r.state = 'stopped' AND r.decision IS NULL
                 AND r.started_at > a.last_at AND r.finished_at > clock_timestamp() - interval '24 hours')
           ) AS "owes!""#,
        kind,
        &SYNC_WAITS[..],
        MAX_CUT_OFF,
    )
    .fetch_one(conn)
    .await?;
    Ok(owes)
}
