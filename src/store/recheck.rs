//! Scheduled rechecks of one person each.

use std::time::Duration;

use crate::store::Conn;
use uuid::Uuid;

use super::StoreError;
use super::lease::leases;
use super::record::{known_only, record};
use crate::domain::closed_set::closed_set;
use crate::domain::ids::UserId;

/// When DingTalk is asked again after an event that its own answers may lag behind.
const LATER: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(10)];

closed_set! {
    /// Why a recheck was scheduled.
    pub enum RecheckCause {
        /// DingTalk answered a login with 60121.
        Login = "login",
        /// A join event for a person that DingTalk did not know yet.
        Join = "join",
        /// A leave event, which is applied at once and undone only by a later recheck.
        Leave = "leave",
    }
}

/// Schedules the rechecks after a leave event, one and ten minutes from now, in place of all other rechecks of these
/// people.
pub async fn schedule_after_leave(conn: &mut Conn, userids: &[UserId]) -> Result<(), StoreError> {
    if userids.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    // The same order everywhere, so that two of these cannot deadlock.
    sqlx::query!(
        "DELETE FROM recheck WHERE id IN (SELECT id FROM recheck WHERE userid = ANY ($1) ORDER BY id FOR UPDATE)",
        &ids,
    )
    .execute(&mut *conn)
    .await?;
    let delays: Vec<f64> = LATER.iter().map(Duration::as_secs_f64).collect();
    sqlx::query!(
        "INSERT INTO recheck (userid, cause, due_at)
         SELECT id, 'leave', clock_timestamp() + make_interval(secs => delay)
         FROM unnest($1::text[]) AS id, unnest($2::double precision[]) AS delay",
        &ids,
        &delays,
    )
    .execute(&mut *conn)
    .await?;
    Ok(())
}

/// Schedules an immediate recheck for people named by an outdated leave event.
pub async fn schedule_at_once(conn: &mut Conn, userids: &[UserId]) -> Result<(), StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    sqlx::query!(
        "INSERT INTO recheck (userid, cause, due_at)
         SELECT id, 'leave', clock_timestamp() FROM unnest($1::text[]) AS id ORDER BY id",
        &ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Schedules the rechecks after a join event for a person that DingTalk does not know yet, unless some are already
/// scheduled: a recheck that still does not find the person must not repeat for ever.
pub async fn schedule_after_join(conn: &mut Conn, userid: &UserId) -> Result<(), StoreError> {
    let delays: Vec<f64> = LATER.iter().map(Duration::as_secs_f64).collect();
    sqlx::query!(
        "INSERT INTO recheck (userid, cause, due_at)
         SELECT $1, 'join', clock_timestamp() + make_interval(secs => delay) FROM unnest($2::double precision[]) AS delay
         WHERE NOT EXISTS (SELECT FROM recheck WHERE userid = $1 AND cause = 'join')",
        userid.as_str(),
        &delays,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Schedules an immediate recheck after a login that DingTalk answered with 60121, unless one is already scheduled.
pub async fn schedule_after_login(conn: &mut Conn, userid: &UserId) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO recheck (userid, cause, due_at)
         SELECT $1, 'login', clock_timestamp()
         WHERE NOT EXISTS (SELECT FROM recheck WHERE userid = $1 AND cause = 'login')",
        userid.as_str(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

record! {
    /// A recheck that this instance has claimed.
    #[derive(Debug, Clone)]
    pub struct ClaimedRecheck from RecheckRecord in "recheck" by id {
        pub id: i64,
        pub userid: UserId,
        /// Number of attempts, including this one.
        pub attempts: i32,
        /// Whether an earlier attempt has failed.
        pub is_retry: bool,
    }
    closed {
        pub cause: RecheckCause,
    }
}

/// Claims due rechecks that no live instance has claimed: first attempts before retries, which can be left out, and
/// then those that have been due longest. One with an unknown cause is logged and skipped.
pub async fn claim_batch(
    conn: &mut Conn,
    instance: Uuid,
    with_retries: bool,
    limit: i64,
) -> Result<Vec<ClaimedRecheck>, StoreError> {
    let rows = sqlx::query_as!(
        RecheckRecord,
        r#"WITH due AS (
             -- As with events, three tries that have ended with their process count as a failure.
             SELECT id, attempts >= 3 OR last_error IS NOT NULL AS is_retry FROM recheck
             WHERE due_at <= now() AND is_free(claimed_until) AND ($3 OR attempts < 3 AND last_error IS NULL)
             ORDER BY is_retry, due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE recheck l SET claimed_by = $1, claimed_until = lease_end(), attempts = attempts + 1
         FROM due WHERE l.id = due.id
         RETURNING l.id, userid AS "userid: UserId", cause, attempts, is_retry AS "is_retry!""#,
        instance,
        limit,
        with_retries,
    )
    .fetch_all(conn)
    .await?;
    Ok(known_only(rows))
}

leases!("recheck", open: "true", undo: ", attempts = greatest(attempts - 1, 0)", due: "due_at");

/// Deletes rechecks, unless another instance has claimed them.
pub async fn delete(conn: &mut Conn, instance: Uuid, ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM recheck
         WHERE id IN (SELECT id FROM recheck WHERE id = ANY ($1) AND claimed_by = $2 ORDER BY id FOR UPDATE)",
        ids,
        instance,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Postpones a recheck after a failure.
pub async fn postpone(
    conn: &mut Conn,
    instance: Uuid,
    id: i64,
    delay: Duration,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE recheck SET due_at = clock_timestamp() + make_interval(secs => $3), last_error = $4,
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

/// Returns whether this instance still holds the claim of one of these rechecks: a leave event may have replaced
/// them.
pub async fn is_claimed(conn: &mut Conn, instance: Uuid, ids: &[i64]) -> Result<bool, StoreError> {
    let is_claimed = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM recheck WHERE id = ANY ($1) AND claimed_by = $2) AS "is_claimed!""#,
        ids,
        instance
    )
    .fetch_one(conn)
    .await?;
    Ok(is_claimed)
}
