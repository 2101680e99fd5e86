//! The lease and schedule for fetching DingTalk's list of failed callbacks: one row.

use std::time::Duration;

use crate::store::Conn;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreError;

/// Interval between fetches.
const EVERY: Duration = Duration::from_mins(10);
/// DingTalk abandons a push after 40 s and lists it three to five minutes later.
const LISTED_AFTER: Duration = Duration::from_mins(6);
/// Minimum time between a fetch and the next one requested after downtime.
const PAUSE: Duration = Duration::from_secs(3);

/// The result of acquiring the lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LeaseAcquired {
    /// The previous reader sent a call, and died before it had stored the answer.
    pub lost_an_answer: bool,
}

/// The current holder of the lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    pub by: String,
    pub since: DateTime<Utc>,
}

/// Acquires the lease for this process, or returns its current holder.
pub async fn acquire_lease(
    conn: &mut Conn,
    reader: Uuid,
    by: &str,
) -> Result<Result<LeaseAcquired, Reader>, StoreError> {
    loop {
        let acquired = sqlx::query_scalar!(
            r#"UPDATE failed_callback_fetch SET holder = $1, held_by = $2, held_since = clock_timestamp(),
                 lease_until = lease_end()
             WHERE is_free(lease_until) RETURNING call_started_at IS NOT NULL AS "lost!""#,
            reader,
            by,
        )
        .fetch_optional(&mut *conn)
        .await?;
        if let Some(lost_an_answer) = acquired {
            return Ok(Ok(LeaseAcquired { lost_an_answer }));
        }
        let other = sqlx::query_as!(
            Reader,
            r#"SELECT held_by AS "by!", held_since AS "since!" FROM failed_callback_fetch
             WHERE NOT is_free(lease_until) AND holder IS NOT NULL"#
        )
        .fetch_optional(&mut *conn)
        .await?;
        // The other holder may have finished meanwhile; then the lease is free.
        if let Some(other) = other {
            return Ok(Err(other));
        }
    }
}

/// Renews the lease; returns false if this reader no longer holds it.
pub async fn renew(conn: &mut Conn, reader: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE failed_callback_fetch SET lease_until = lease_end()
         WHERE holder = $1 AND lease_until >= clock_timestamp()",
        reader,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Records that a call is about to be sent; returns false if this reader no longer holds the lease.
pub async fn record_attempt(conn: &mut Conn, reader: Uuid) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE failed_callback_fetch SET call_started_at = clock_timestamp(),
             lease_until = lease_end()
         WHERE holder = $1 AND lease_until >= clock_timestamp()",
        reader,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Records that the answer to the last call is stored, or reported as lost. Has no effect if another reader holds the
/// lease by now.
pub async fn record_settled(conn: &mut Conn, reader: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE failed_callback_fetch SET call_started_at = NULL WHERE holder = $1",
        reader
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Releases the lease after reaching the end of the list, unless another reader holds it by now.
pub async fn finish(conn: &mut Conn, reader: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE failed_callback_fetch SET holder = NULL, lease_until = '-infinity', problem = NULL,
             read_at = clock_timestamp(), due_at = clock_timestamp() + make_interval(secs => $2),
             follow_up_at = CASE WHEN follow_up_at <= held_since THEN 'infinity' ELSE follow_up_at END
         WHERE holder = $1",
        reader,
        EVERY.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Releases the lease after a failure and schedules the next fetch after `wait`. Returns whether the previous fetch
/// failed for another reason, or not at all.
pub async fn fail(
    conn: &mut Conn,
    reader: Uuid,
    problem: &str,
    wait: Duration,
) -> Result<bool, StoreError> {
    let is_new = sqlx::query_scalar!(
        r#"UPDATE failed_callback_fetch l SET holder = NULL, lease_until = '-infinity', problem = $2,
             due_at = clock_timestamp() + make_interval(secs => $3),
             follow_up_at = CASE WHEN l.follow_up_at <= l.held_since THEN 'infinity' ELSE l.follow_up_at END
         FROM (SELECT problem FROM failed_callback_fetch FOR UPDATE) before
         WHERE l.holder = $1 RETURNING before.problem IS DISTINCT FROM $2 AS "is_new!""#,
        reader,
        problem,
        wait.as_secs_f64(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(is_new.unwrap_or(false))
}

/// Returns whether a fetch is due that no reader is working on.
pub async fn is_fetch_due(conn: &mut Conn) -> Result<bool, StoreError> {
    let is_due = sqlx::query_scalar!(
        r#"SELECT (due_at <= clock_timestamp() OR follow_up_at <= clock_timestamp()) AND is_free(lease_until) AS "is_due!"
         FROM failed_callback_fetch"#
    )
    .fetch_one(conn)
    .await?;
    Ok(is_due)
}

/// Schedules a fetch now, and another once DingTalk has listed what it could not deliver until now.
pub async fn request_after_downtime(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE failed_callback_fetch SET
             -- Instances that start together are content with one reading.
             due_at = least(due_at, greatest(clock_timestamp(), as_past(read_at) + make_interval(secs => $1))),
             -- Put off by a later downtime, which outlasts this one.
             follow_up_at = clock_timestamp() + make_interval(secs => $2)",
        PAUSE.as_secs_f64(),
        LISTED_AFTER.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(())
}
