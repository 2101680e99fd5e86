//! The inbox: events stored once, claimed in batches by one instance at a time. Long because it holds every state that
//! an event passes through.

mod insert;

use std::time::Duration;

use crate::store::Conn;
use serde_json::Value;
use uuid::Uuid;

use super::StoreError;
use super::lease::leases;
use crate::domain::ids::{DeptId, UserId};

pub use insert::{InitialState, NewEvent, insert_all, limit_lock_waits};

/// The order in which waiting events are looked up, as numbered by the SQL function `event_class`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The first attempt at a join event.
    Join = 0,
    /// The first attempt at any other event.
    Change = 1,
    Retry = 2,
}

/// An event that this instance has claimed.
#[derive(Debug, Clone)]
pub struct ClaimedEvent {
    pub id: i64,
    pub event_type: String,
    pub userids: Vec<UserId>,
    pub dept_ids: Vec<DeptId>,
    /// `None` once it has been dropped for its age.
    pub body: Option<Value>,
    /// Number of attempts, including this one.
    pub attempts: i32,
    /// How many of the earlier attempts ended in a refusal.
    pub refusals: i32,
    /// Whether an earlier attempt has failed.
    pub is_retry: bool,
    /// The userids or department ids that are still to be looked up; `None` means all.
    pub pending: Option<Vec<String>>,
}

/// Claims due events that no live instance has claimed, up to and including `last_class`: join events before
/// changes, first attempts before retries, and within a class those that have been due longest.
pub async fn claim_batch(
    conn: &mut Conn,
    instance: Uuid,
    last_class: Class,
    limit: i64,
) -> Result<Vec<ClaimedEvent>, StoreError> {
    let mut batch = sqlx::query_as!(
        ClaimedEvent,
        r#"WITH due AS (
             SELECT id, event_class(event_type, attempts, last_error) AS class FROM event
             WHERE state = 'waiting' AND next_attempt_at <= now() AND is_free(claimed_until)
               AND event_class(event_type, attempts, last_error) <= $3
             ORDER BY class, next_attempt_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE event SET claimed_by = $1, claimed_until = lease_end(), attempts = attempts + 1
         FROM due WHERE event.id = due.id
         RETURNING event.id, event_type, userids AS "userids: Vec<UserId>", dept_ids, body, attempts, refusals,
             class = 2 AS "is_retry!", pending_subjects AS pending"#,
        instance,
        limit,
        last_class as i32,
    )
    .fetch_all(conn)
    .await?;
    batch.sort_by_key(|event| event.id);
    Ok(batch)
}

/// Claims the other waiting events about people who are about to be looked up, so that one lookup serves them all.
/// An event about one of them alone need not be due, because the lookup is made anyway. One that names others too
/// must be due, because it leads to further lookups.
pub async fn claim_related(
    conn: &mut Conn,
    instance: Uuid,
    people: &[&UserId],
    limit: i64,
) -> Result<Vec<ClaimedEvent>, StoreError> {
    let people: Vec<String> = people.iter().map(|id| id.as_str().to_owned()).collect();
    let mut batch = sqlx::query_as!(
        ClaimedEvent,
        r#"WITH related AS (
             SELECT id, event_class(event_type, attempts, last_error) AS class FROM event
             WHERE userids && $3 AND state = 'waiting' AND is_free(claimed_until)
               AND (cardinality(userids) = 1 OR next_attempt_at <= now())
             ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE event SET claimed_by = $1, claimed_until = lease_end(), attempts = attempts + 1
         FROM related WHERE event.id = related.id
         RETURNING event.id, event_type, userids AS "userids: Vec<UserId>", dept_ids, body, attempts, refusals,
             class = 2 AS "is_retry!", pending_subjects AS pending"#,
        instance,
        limit,
        &people,
    )
    .fetch_all(conn)
    .await?;
    batch.sort_by_key(|event| event.id);
    Ok(batch)
}

leases!("event", order: "id", open: "state = 'waiting'", undo: ", attempts = greatest(attempts - 1, 0)", due: "next_attempt_at");

/// Marks events as applied, unless another instance has claimed them.
pub async fn mark_applied(conn: &mut Conn, instance: Uuid, ids: &[i64]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE event SET state = 'applied', applied_at = clock_timestamp(), last_error = NULL, claimed_by = NULL, claimed_until = NULL
         WHERE id = ANY ($1) AND claimed_by = $2 AND state = 'waiting'",
        ids,
        instance,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Postpones an event after a failure.
pub async fn mark_retry(
    conn: &mut Conn,
    instance: Uuid,
    id: i64,
    delay: Duration,
    reason: &str,
    is_refusal: bool,
    is_outage: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        // Only outages use up the attempts allowed for an outage: what waits for something else may wait for days.
        "UPDATE event SET attempts = CASE WHEN $6::boolean THEN attempts ELSE least(attempts, 5) END, next_attempt_at = clock_timestamp() + make_interval(secs => $3), last_error = $4,
             refusals = refusals + $5::boolean::integer,
             claimed_by = NULL, claimed_until = NULL
         WHERE id = $1 AND claimed_by = $2 AND state = 'waiting'",
        id,
        instance,
        delay.as_secs_f64(),
        reason,
        is_refusal,
        is_outage,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records which subjects of an event are still to be looked up at the next attempt.
pub async fn store_progress(
    conn: &mut Conn,
    instance: Uuid,
    id: i64,
    pending: &[String],
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE event SET pending_subjects = $3 WHERE id = $1 AND claimed_by = $2 AND state = 'waiting'",
        id,
        instance,
        pending,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks an event as failed until an administrator retries it.
pub async fn mark_failed(
    conn: &mut Conn,
    instance: Uuid,
    id: i64,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE event SET state = 'failed', last_error = $3, claimed_by = NULL, claimed_until = NULL
         WHERE id = $1 AND claimed_by = $2 AND state = 'waiting'",
        id,
        instance,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Retries a failed event; returns false if there is no such failed event.
pub async fn retry_one(conn: &mut Conn, id: i64) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        // A leave event takes effect by being released, not by a lookup.
        "UPDATE event SET state = CASE event_type WHEN 'user_leave_org' THEN 'parked' ELSE 'waiting' END,
             attempts = 0, refusals = 0, next_attempt_at = now(), last_error = NULL
         WHERE id = $1 AND state = 'failed'",
        id,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The result of [`retry_all_failed`].
pub struct RetryReport {
    pub count: u64,
    /// The leave events among them, which are now parked and take effect when they are released.
    pub leave_ids: Vec<i64>,
}

/// Retries all failed events. They may be many, and count as retries, so that new events come first.
pub async fn retry_all_failed(conn: &mut Conn) -> Result<RetryReport, StoreError> {
    let retried = sqlx::query!(
        r#"UPDATE event SET state = CASE event_type WHEN 'user_leave_org' THEN 'parked' ELSE 'waiting' END,
             attempts = 1, refusals = 0, next_attempt_at = now(),
             -- What is released with a problem of its own would fail again.
             last_error = CASE event_type WHEN 'user_leave_org' THEN NULL ELSE last_error END
         WHERE state = 'failed' RETURNING id, state = 'parked' AS "is_parked!""#
    )
    .fetch_all(conn)
    .await?;
    let parked = retried.iter().filter(|row| row.is_parked).map(|row| row.id);
    Ok(RetryReport {
        count: u64::try_from(retried.len()).unwrap_or(u64::MAX),
        leave_ids: parked.collect(),
    })
}

/// Returns whether one of these join events has no later leave event of the same person: by DingTalk's times if both
/// have one, else by order of arrival. Events come late and out of order.
pub async fn is_join_standing(
    conn: &mut Conn,
    join_ids: &[i64],
    userid: &UserId,
) -> Result<bool, StoreError> {
    let stands = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT FROM event j WHERE j.id = ANY ($1) AND NOT EXISTS (
                 SELECT FROM event l
                 WHERE l.event_type = 'user_leave_org' AND l.userids @> ARRAY[$2::text]
                     AND CASE WHEN l.event_time <> j.event_time THEN l.event_time > j.event_time ELSE l.id > j.id END
             )
         ) AS "stands!""#,
        join_ids,
        userid.as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(stands)
}

/// Drops the bodies of events received before the retention period; returns how many.
pub async fn drop_old_bodies(conn: &mut Conn, retention: Duration) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE event SET body = NULL WHERE body IS NOT NULL AND received_at < now() - make_interval(secs => $1)",
        retention.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes the finished events received more than 400 days ago, with the ids and keys by which repeats are
/// recognized; returns how many.
pub async fn sweep(conn: &mut Conn) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM event WHERE received_at < now() - interval '400 days' AND state IN ('applied', 'ignored')"
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
