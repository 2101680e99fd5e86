//! Due times left in the future when Postgres's clock was set back.

use std::time::Duration;

use super::StoreError;
use super::recheck::FOLLOW_UPS;

/// The longest delay of an event or a recheck after a failure; without an attempt it is due at once.
pub const LONGEST_BACK_OFF: Duration = Duration::from_secs(20);
/// The longest delay after a request outside the app's scope was refused, or while another employed row has the
/// unionid.
const LONGEST_REFUSED: Duration = Duration::from_mins(6);
/// The longest delay that a webhook receiver may ask for.
const LONGEST_WEBHOOK_WAIT: Duration = Duration::from_hours(6);
/// For both times of the failed callbacks; infinity means never.
const CALLBACK_FETCH: Duration = Duration::from_mins(10);

/// Makes everything due at once whose due time is further ahead than any code sets it, in one statement; returns how
/// many rows it changed.
// Long because an idle instance must not send a statement per table.
pub async fn recall<'c>(
    conn: impl sqlx::Executor<'c, Database = sqlx::Postgres>,
) -> Result<i64, StoreError> {
    let rows = sqlx::query_scalar!(
        r#"WITH events AS (
             UPDATE event SET next_attempt_at = now() WHERE id IN (
               SELECT id FROM event WHERE state = 'waiting' AND next_attempt_at > now() + make_interval(secs => $1)
                 AND (refusals = 0 AND NOT EXISTS (SELECT FROM unionid_conflict c WHERE c.userid = ANY (event.userids))
                     OR next_attempt_at > now() + make_interval(secs => $2)) ORDER BY id FOR UPDATE SKIP LOCKED)
             RETURNING 1
         ), rechecks AS (
             UPDATE subject_recheck r SET reasons = late.reasons, times = late.times, due_at = late.times[1]
             FROM (
               SELECT c.id, n.reasons, n.times
               FROM subject_recheck c CROSS JOIN LATERAL (
                 SELECT array_agg(o.reason ORDER BY o.at) AS reasons, array_agg(o.at ORDER BY o.at) AS times FROM (
                   SELECT reason, CASE
                       WHEN at <= now() + make_interval(secs => CASE reason WHEN 'login' THEN $1 ELSE $4::float8 END) THEN at
                       -- After a leave event never at once: DingTalk may still list the person for a while.
                       WHEN reason = 'leave' THEN now() + make_interval(secs => $3)
                       ELSE now() END AS at
                   FROM unnest(c.reasons, c.times) AS s (reason, at)) o
               ) n
               WHERE c.due_at > now() + make_interval(secs => $1) AND (n.times <> c.times OR c.due_at > CASE
                   WHEN c.last_error IS NULL THEN greatest(n.times[1], now()) + make_interval(secs => $1)
                   ELSE now() + make_interval(secs => $2) END)
               ORDER BY c.subject FOR UPDATE OF c SKIP LOCKED
             ) late
             WHERE r.id = late.id
             RETURNING 1
         ), lookups AS (
             UPDATE unmatched_lookup SET due_at = now() WHERE id IN (
               SELECT id FROM unmatched_lookup WHERE due_at > now() + make_interval(secs => $1)
                 AND (last_error IS NULL OR due_at > now() + make_interval(secs => $2)) ORDER BY id FOR UPDATE SKIP LOCKED)
             RETURNING 1
         ), payloads AS (
             -- Separate from messages with a body, so that each part can use an index.
             UPDATE webhook_delivery SET next_attempt_at = now() WHERE id IN (
               SELECT id FROM webhook_delivery
               WHERE state = 'waiting' AND body IS NULL AND next_attempt_at > now() + make_interval(secs => $1)
                 AND (attempts = 0 OR next_attempt_at > now() + make_interval(secs => $5)) ORDER BY id FOR UPDATE SKIP LOCKED)
             RETURNING 1
         ), deliveries AS (
             UPDATE webhook_delivery SET next_attempt_at = now() WHERE id IN (
               SELECT id FROM webhook_delivery
               WHERE state = 'waiting' AND body IS NOT NULL AND next_attempt_at > now() + make_interval(secs => $1)
                 AND (attempts = 0 OR next_attempt_at > now() + make_interval(secs => $5)) ORDER BY id FOR UPDATE SKIP LOCKED)
             RETURNING 1
         ), callback_fetch AS (
             UPDATE failed_callback_fetch SET
                 due_at = CASE WHEN due_at > now() + make_interval(secs => $6) THEN now() ELSE due_at END,
                 follow_up_at = CASE follow_up_at WHEN 'infinity' THEN follow_up_at ELSE least(follow_up_at, now() + make_interval(secs => $6)) END
             WHERE due_at > now() + make_interval(secs => $6)
                OR follow_up_at <> 'infinity' AND follow_up_at > now() + make_interval(secs => $6)
             RETURNING 1
         ), sync AS (
             UPDATE sync_request SET requested_at = least(requested_at, now()),
               retry_at = CASE WHEN retry_at > now() + retry_delay + interval '1 second' THEN now() ELSE retry_at END
             -- A second, because another transaction may have begun later.
             WHERE retry_at > now() + retry_delay + interval '1 second'
                OR reasons <> '{}' AND requested_at > clock_timestamp()
             RETURNING 1
         ), alerts AS (
             -- An alert from the future would outlast the sync that resolves it.
             UPDATE alert SET first_at = least(first_at, now()), last_at = least(last_at, now())
             WHERE first_at > clock_timestamp() OR last_at > clock_timestamp()
             RETURNING 1
         )
         SELECT count(*) AS "rows!" FROM (
             TABLE events UNION ALL TABLE rechecks UNION ALL TABLE lookups UNION ALL TABLE payloads UNION ALL TABLE deliveries
             UNION ALL TABLE callback_fetch UNION ALL TABLE sync UNION ALL TABLE alerts) recalled"#,
        LONGEST_BACK_OFF.as_secs_f64(),
        LONGEST_REFUSED.as_secs_f64(),
        FOLLOW_UPS[0].as_secs_f64(),
        FOLLOW_UPS[1].as_secs_f64(),
        LONGEST_WEBHOOK_WAIT.as_secs_f64(),
        CALLBACK_FETCH.as_secs_f64(),
    )
    .fetch_one(conn)
    .await?;
    Ok(rows)
}
