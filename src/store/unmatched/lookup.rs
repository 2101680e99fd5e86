//! The cases whose person has yet to be looked up in DingTalk's directory; claimed by one instance at a time.

use std::time::Duration;

use uuid::Uuid;

use crate::domain::ids::UnionId;
use crate::store::lease::leases;
use crate::store::{Conn, StoreError};

/// An answer younger than this is not asked for again: somebody who scans again and again causes no more calls.
const FRESH: Duration = Duration::from_mins(1);

/// Schedules a lookup at once, unless one is scheduled or DingTalk has just answered.
pub async fn schedule(conn: &mut Conn, case_id: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO unmatched_lookup (case_id)
         SELECT $1 WHERE NOT EXISTS (
             SELECT FROM unmatched_person WHERE case_id = $1
               AND observed_at BETWEEN now() - make_interval(secs => $2) AND clock_timestamp())
         ON CONFLICT (case_id) DO NOTHING",
        case_id,
        FRESH.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Schedules a lookup at once because somebody asks for it, however young the last answer is and whatever the last
/// attempts have led to.
pub async fn request(conn: &mut Conn, case_id: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO unmatched_lookup AS l (case_id) VALUES ($1)
         ON CONFLICT (case_id) DO UPDATE SET due_at = now(), attempts = 0, last_error = NULL
         WHERE is_free(l.claimed_until)",
        case_id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A lookup that has not succeeded yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingLookup {
    /// Why the last attempt failed, in words for operators; `None` before the first one ended.
    pub last_error: Option<String>,
}

/// Returns the scheduled lookup of a case.
pub async fn pending(conn: &mut Conn, case_id: i64) -> Result<Option<PendingLookup>, StoreError> {
    let row = sqlx::query_as!(
        PendingLookup,
        "SELECT last_error FROM unmatched_lookup WHERE case_id = $1",
        case_id
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// A lookup that this instance has claimed.
#[derive(Debug, Clone)]
pub struct ClaimedLookup {
    pub id: i64,
    pub case_id: i64,
    pub unionid: UnionId,
    /// Number of attempts, including this one.
    pub attempts: i32,
    /// Whether an earlier attempt has failed.
    pub is_retry: bool,
}

/// Claims due lookups that no live instance has claimed, first attempts before retries.
pub async fn claim_batch(
    conn: &mut Conn,
    instance: Uuid,
    limit: i64,
) -> Result<Vec<ClaimedLookup>, StoreError> {
    let claimed = sqlx::query_as!(
        ClaimedLookup,
        r#"WITH due AS (
             SELECT id, last_error IS NOT NULL AS is_retry FROM unmatched_lookup
             WHERE due_at <= now() AND is_free(claimed_until)
             ORDER BY is_retry, due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE unmatched_lookup l SET claimed_by = $1, claimed_until = lease_end(), attempts = l.attempts + 1
         FROM due JOIN unmatched_lookup q USING (id) JOIN unmatched_login c ON c.id = q.case_id WHERE l.id = due.id
         RETURNING l.id, l.case_id, c.unionid AS "unionid: UnionId", l.attempts, due.is_retry AS "is_retry!""#,
        instance,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(claimed)
}

leases!("unmatched_lookup", order: "id", open: "true", undo: ", attempts = greatest(attempts - 1, 0)", due: "due_at");

/// Deletes the lookup of a case that is decided: while DingTalk refuses, it would be tried for ever.
pub async fn withdraw(conn: &mut Conn, case_id: i64) -> Result<(), StoreError> {
    sqlx::query!("DELETE FROM unmatched_lookup WHERE case_id = $1", case_id)
        .execute(conn)
        .await?;
    Ok(())
}

/// Deletes a lookup, unless another instance has claimed it.
pub async fn delete(conn: &mut Conn, instance: Uuid, id: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM unmatched_lookup WHERE id = $1 AND claimed_by = $2",
        id,
        instance,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Postpones a lookup after a failure.
pub async fn postpone(
    conn: &mut Conn,
    instance: Uuid,
    id: i64,
    delay: Duration,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE unmatched_lookup SET due_at = clock_timestamp() + make_interval(secs => $3), last_error = $4,
             claimed_by = NULL, claimed_until = NULL
         WHERE id = $1 AND claimed_by = $2",
        id,
        instance,
        delay.as_secs_f64(),
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}
