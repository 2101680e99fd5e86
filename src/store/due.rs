//! Due times left in the future when Postgres's clock was set back.

use std::time::Duration;

use super::{Conn, StoreError};

/// The longest delay of an event or a recheck after a failure; without an attempt it is due at once.
pub const LONGEST_BACK_OFF: Duration = Duration::from_secs(20);
/// The longest delay after a request outside the app's scope was refused, or while another employed row has the
/// unionid.
const LONGEST_REFUSED: Duration = Duration::from_mins(6);
/// The delays of the first and the later recheck after a leave or join event.
const LOOKS: [Duration; 2] = [Duration::from_mins(1), Duration::from_mins(10)];
/// The longest delay that a webhook receiver may ask for.
const LONGEST_WEBHOOK_WAIT: Duration = Duration::from_hours(6);
/// For both times of the failed callbacks; infinity means never.
const FAILED_LIST: Duration = Duration::from_mins(10);
/// The last delay of a scheduled sync that failed.
const LONGEST_SYNC_WAIT: Duration = Duration::from_hours(1);

/// Makes everything due at once whose due time is further ahead than any code sets it; returns how many rows it
/// changed.
pub async fn recall(conn: &mut Conn) -> Result<u64, StoreError> {
    let mut recalled = recall_events(conn).await?;
    recalled += recall_rechecks(conn).await?;
    recalled += recall_unrendered_deliveries(conn).await?;
    recalled += recall_deliveries(conn).await?;
    recalled += recall_failed_callbacks(conn).await?;
    recalled += recall_scheduled_sync(conn).await?;
    recalled += date_alerts_back(conn).await?;
    Ok(recalled)
}

async fn recall_events(conn: &mut Conn) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE event SET next_attempt_at = now() WHERE id IN (
             SELECT id FROM event WHERE state = 'waiting' AND next_attempt_at > now() + make_interval(secs => $1)
               AND (refusals = 0 AND NOT EXISTS (SELECT FROM unionid_conflict c WHERE c.userid = ANY (event.userids))
                   OR next_attempt_at > now() + make_interval(secs => $2)) ORDER BY id FOR UPDATE SKIP LOCKED)",
        LONGEST_BACK_OFF.as_secs_f64(),
        LONGEST_REFUSED.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// A recheck after a leave event is never due at once: DingTalk may still list the person for a while.
async fn recall_rechecks(conn: &mut Conn) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE recheck SET due_at = CASE cause WHEN 'leave' THEN now() + make_interval(secs => $3) ELSE now() END
         WHERE id IN (
             SELECT id FROM recheck WHERE due_at > now() + make_interval(secs => $1)
               AND (cause = 'login' OR due_at > now() + make_interval(secs => $2))
               AND (last_error IS NULL OR due_at > now() + make_interval(secs => $4)) ORDER BY id FOR UPDATE SKIP LOCKED)",
        LONGEST_BACK_OFF.as_secs_f64(),
        LOOKS[1].as_secs_f64(),
        LOOKS[0].as_secs_f64(),
        LONGEST_REFUSED.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

async fn recall_unrendered_deliveries(conn: &mut Conn) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE webhook_delivery SET next_attempt_at = now() WHERE id IN (
             SELECT id FROM webhook_delivery
             WHERE state = 'waiting' AND body IS NULL AND next_attempt_at > now() + make_interval(secs => $1)
               AND (attempts = 0 OR next_attempt_at > now() + make_interval(secs => $2)) ORDER BY id FOR UPDATE SKIP LOCKED)",
        LONGEST_BACK_OFF.as_secs_f64(),
        LONGEST_WEBHOOK_WAIT.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Separate from deliveries without a body, so that each statement can use an index.
async fn recall_deliveries(conn: &mut Conn) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE webhook_delivery SET next_attempt_at = now() WHERE id IN (
             SELECT id FROM webhook_delivery
             WHERE state = 'waiting' AND body IS NOT NULL AND next_attempt_at > now() + make_interval(secs => $1)
               AND (attempts = 0 OR next_attempt_at > now() + make_interval(secs => $2)) ORDER BY id FOR UPDATE SKIP LOCKED)",
        LONGEST_BACK_OFF.as_secs_f64(),
        LONGEST_WEBHOOK_WAIT.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

async fn recall_failed_callbacks(conn: &mut Conn) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE failed_callback_fetch SET
             due_at = CASE WHEN due_at > now() + make_interval(secs => $1) THEN now() ELSE due_at END,
             follow_up_at = CASE follow_up_at WHEN 'infinity' THEN follow_up_at ELSE least(follow_up_at, now() + make_interval(secs => $1)) END
         WHERE due_at > now() + make_interval(secs => $1)
            OR follow_up_at <> 'infinity' AND follow_up_at > now() + make_interval(secs => $1)",
        FAILED_LIST.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

async fn recall_scheduled_sync(conn: &mut Conn) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE sync_schedule SET retry_at = now() WHERE retry_at > now() + make_interval(secs => $1)",
        LONGEST_SYNC_WAIT.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// An alert from the future would outlast the sync that resolves it.
async fn date_alerts_back(conn: &mut Conn) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE alert SET first_at = least(first_at, now()), last_at = least(last_at, now())
         WHERE first_at > clock_timestamp() OR last_at > clock_timestamp()"
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
