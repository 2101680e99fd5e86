//! Scheduled rechecks: one row per person, with the next time and the follow-ups.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreError;
use super::lease::leases;
use super::record::{known_only, record};
use crate::domain::closed_set::closed_set;
use crate::domain::ids::UserId;
use crate::store::Conn;

/// When DingTalk is asked again after an event that its own answers may lag behind.
pub const FOLLOW_UPS: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(10)];

const AT_ONCE: [Duration; 1] = [Duration::ZERO];

closed_set! {
    /// Why a recheck was scheduled; of several reasons, the last one decides what the answer may do.
    pub enum RecheckReason {
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
    schedule(conn, userids, RecheckReason::Leave, &FOLLOW_UPS, true).await
}

/// Schedules an immediate recheck for people named by an outdated leave event.
pub async fn schedule_at_once(conn: &mut Conn, userids: &[UserId]) -> Result<(), StoreError> {
    schedule(conn, userids, RecheckReason::Leave, &AT_ONCE, false).await
}

/// Schedules the rechecks after a join event for a person that DingTalk does not know yet, unless some are ahead: a
/// recheck that still does not find the person must not repeat for ever.
pub async fn schedule_after_join(conn: &mut Conn, userid: &UserId) -> Result<(), StoreError> {
    let userids = std::slice::from_ref(userid);
    schedule(conn, userids, RecheckReason::Join, &FOLLOW_UPS, false).await
}

/// Schedules an immediate recheck of people whose login DingTalk answered with 60121, or whose unionid has become
/// free.
pub async fn schedule_after_login(conn: &mut Conn, userids: &[UserId]) -> Result<(), StoreError> {
    schedule(conn, userids, RecheckReason::Login, &AT_ONCE, false).await
}

/// Schedules rechecks after these delays: in place of what is scheduled, or unless that includes them.
async fn schedule(
    conn: &mut Conn,
    userids: &[UserId],
    reason: RecheckReason,
    delays: &[Duration],
    replaces: bool,
) -> Result<(), StoreError> {
    if userids.is_empty() {
        return Ok(());
    }
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    let delays: Vec<f64> = delays.iter().map(Duration::as_secs_f64).collect();
    sqlx::query!(
        "SELECT schedule_recheck('person', $1, $2,
             ARRAY(SELECT clock_timestamp() + make_interval(secs => delay) FROM unnest($3::float8[]) AS delay), $4)",
        &ids,
        reason.as_str(),
        &delays,
        replaces,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Deletes the rechecks after join events of people who are employed by now.
pub async fn withdraw_after_join(conn: &mut Conn, userids: &[String]) -> Result<(), StoreError> {
    sqlx::query!(
        "WITH concerned AS (
             SELECT id, reasons <@ ARRAY['join'] AS ends FROM subject_recheck
             WHERE kind = 'person' AND subject = ANY ($1) AND 'join' = ANY (reasons) ORDER BY subject FOR UPDATE
         ),
         ended AS (DELETE FROM subject_recheck r USING concerned c WHERE r.id = c.id AND c.ends)
         UPDATE subject_recheck r SET
             (reasons, times, due_at) = (
                 SELECT array_agg(n.reason ORDER BY n.at), array_agg(n.at ORDER BY n.at), greatest(r.due_at, min(n.at))
                 FROM unnest(r.reasons, r.times) AS n (reason, at) WHERE n.reason <> 'join')
         FROM concerned c WHERE r.id = c.id AND NOT c.ends",
        userids
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// What a running recheck settles, unless another one has been scheduled since.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RecheckClaim {
    pub id: i64,
    pub generation: i64,
    /// All times up to this one are settled, except that a recheck after a leave event, which may not add a person,
    /// leaves those after a join event.
    pub due_until: DateTime<Utc>,
}

record! {
    /// A recheck that this instance has claimed.
    #[derive(Debug, Clone)]
    pub struct ClaimedRecheck from RecheckRecord in "subject_recheck" by id {
        pub userid: UserId,
        /// Number of attempts, including this one.
        pub attempts: i32,
        /// Whether an earlier attempt has failed.
        pub is_retry: bool,
    }
    closed {
        /// The most important reason that is due.
        pub reason: RecheckReason,
    }
    nested pub claim: RecheckClaim {
        id: i64,
        generation: i64,
        due_until: DateTime<Utc>,
    }
}

/// Claims due rechecks that no live instance has claimed: first attempts before retries, which can be left out, and
/// then those that have been due longest. One with an unknown reason is logged and skipped.
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
             SELECT id, attempts >= 3 OR last_error IS NOT NULL AS is_retry,
               -- The first time counts as due, whatever the clock says.
               greatest(now(), times[1]) AS due_until
             FROM subject_recheck
             WHERE due_at <= now() AND is_free(claimed_until) AND ($3 OR attempts < 3 AND last_error IS NULL)
             ORDER BY is_retry, due_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE subject_recheck r SET claimed_by = $1, claimed_until = lease_end(), attempts = attempts + 1
         FROM due WHERE r.id = due.id
         RETURNING r.id, r.subject AS "userid: UserId", r.generation, due_until AS "due_until!", attempts,
             is_retry AS "is_retry!",
             -- An unknown one first.
             (SELECT n.reason FROM unnest(reasons, times) AS n (reason, at) WHERE n.at <= due_until
              ORDER BY array_position($4::text[], n.reason) DESC NULLS FIRST LIMIT 1) AS "reason!""#,
        instance,
        limit,
        with_retries,
        &RecheckReason::ALL.map(|reason| reason.as_str().to_owned()),
    )
    .fetch_all(conn)
    .await?;
    Ok(known_only(rows))
}

leases!("subject_recheck", order: "subject", open: "true", undo: ", attempts = greatest(attempts - 1, 0)", due: "due_at");

/// Ends a claimed recheck or advances it to what is still to be done. If another one has been scheduled since it was claimed, that
/// one becomes free instead; returns whether it does.
pub async fn finish(
    conn: &mut Conn,
    instance: Uuid,
    claim: RecheckClaim,
    reason: RecheckReason,
) -> Result<bool, StoreError> {
    let is_outdated = sqlx::query_scalar!(
        r#"WITH ended AS (
             DELETE FROM subject_recheck
             WHERE id = $1 AND claimed_by = $2 AND generation = $3 AND NOT EXISTS (
                 SELECT FROM unnest(reasons, times) AS n (reason, at) WHERE n.at > $4 OR $5 AND n.reason = 'join')
             RETURNING id
         )
         UPDATE subject_recheck r SET claimed_by = NULL, claimed_until = NULL,
             reasons = CASE WHEN r.generation = $3
                 THEN ARRAY(SELECT n.reason FROM unnest(r.reasons, r.times) AS n (reason, at)
                            WHERE n.at > $4 OR $5 AND n.reason = 'join' ORDER BY n.at)
                 ELSE r.reasons END,
             times = CASE WHEN r.generation = $3
                 THEN ARRAY(SELECT n.at FROM unnest(r.reasons, r.times) AS n (reason, at)
                            WHERE n.at > $4 OR $5 AND n.reason = 'join' ORDER BY n.at) ELSE r.times END,
             due_at = CASE WHEN r.generation = $3
                 THEN (SELECT min(n.at) FROM unnest(r.reasons, r.times) AS n (reason, at)
                       WHERE n.at > $4 OR $5 AND n.reason = 'join') ELSE r.due_at END,
             attempts = CASE WHEN r.generation = $3 THEN 0 ELSE r.attempts END,
             last_error = CASE WHEN r.generation = $3 THEN NULL ELSE r.last_error END
         WHERE r.id = $1 AND r.claimed_by = $2 AND NOT EXISTS (SELECT FROM ended)
         RETURNING r.generation <> $3 AS "is_outdated!""#,
        claim.id,
        instance,
        claim.generation,
        claim.due_until,
        reason == RecheckReason::Leave,
    )
    .fetch_optional(conn)
    .await?;
    Ok(is_outdated.unwrap_or(false))
}

/// Postpones a recheck after a failure. If another one has been scheduled since it was claimed, that one becomes free
/// instead; returns whether it does.
pub async fn postpone(
    conn: &mut Conn,
    instance: Uuid,
    claim: RecheckClaim,
    delay: Duration,
    reason: &str,
) -> Result<bool, StoreError> {
    let is_outdated = sqlx::query_scalar!(
        r#"UPDATE subject_recheck SET claimed_by = NULL, claimed_until = NULL,
             due_at = CASE WHEN generation = $3 THEN clock_timestamp() + make_interval(secs => $4) ELSE due_at END,
             last_error = CASE WHEN generation = $3 THEN $5 ELSE last_error END
         WHERE id = $1 AND claimed_by = $2
         RETURNING generation <> $3 AS "is_outdated!""#,
        claim.id,
        instance,
        claim.generation,
        delay.as_secs_f64(),
        reason,
    )
    .fetch_optional(conn)
    .await?;
    Ok(is_outdated.unwrap_or(false))
}

/// Returns whether this instance still holds the claim and no other recheck has been scheduled since: a leave event
/// may have replaced this one.
pub async fn is_standing(
    conn: &mut Conn,
    instance: Uuid,
    claim: RecheckClaim,
) -> Result<bool, StoreError> {
    let is_standing = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT FROM subject_recheck WHERE id = $1 AND claimed_by = $2 AND generation = $3) AS "is_standing!""#,
        claim.id,
        instance,
        claim.generation,
    )
    .fetch_one(conn)
    .await?;
    Ok(is_standing)
}
