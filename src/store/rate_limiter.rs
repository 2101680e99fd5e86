//! The shared rate limiter for calls to DingTalk.

use std::time::Duration;

use crate::store::Conn;
use uuid::Uuid;

use super::StoreError;

/// The result of requesting a permit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Acquire {
    /// The call may be sent now; the slot must be released after it.
    Granted(i16),
    Wait(Duration),
    /// Our IP address is banned for this long.
    Banned(Duration),
}

/// Requests a permit for one call to an API; a lower `priority` is served first.
pub async fn acquire(
    conn: &mut Conn,
    api: &str,
    priority: i16,
    holder: Uuid,
) -> Result<Acquire, StoreError> {
    let row = sqlx::query!(
        r#"SELECT slot, wait_ms AS "wait_ms!", is_banned AS "is_banned!" FROM acquire_permit($1, $2, $3)"#,
        api,
        priority,
        holder
    )
    .fetch_one(conn)
    .await?;
    let wait = Duration::from_millis(u64::try_from(row.wait_ms).unwrap_or(1));
    Ok(match row.slot {
        Some(slot) => Acquire::Granted(slot),
        None if row.is_banned => Acquire::Banned(wait),
        None => Acquire::Wait(wait),
    })
}

/// Releases a slot, unless its lease ended and another holder has it.
pub async fn release(conn: &mut Conn, slot: i16, holder: Uuid) -> Result<(), StoreError> {
    sqlx::query!("UPDATE call_in_flight SET lease_until = '-infinity', holder = NULL WHERE slot = $1 AND holder = $2", slot, holder)
        .execute(conn)
        .await?;
    Ok(())
}

/// Upper bound for a penalty, in seconds; `acquire_permit` treats a later time as left behind by a clock step of
/// Postgres.
const MAX_HOLD: f64 = 60.0;

/// Delays calls to an API that DingTalk throttles: 1, 2, then 4 s for throttling repeated within 30 s, and at least
/// `wait`, a minute at most. Has no effect if calls that were in flight together have already been penalized.
pub async fn penalize(conn: &mut Conn, api: &str, wait: Duration) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE rate_limit SET
            throttled_count = CASE WHEN throttled_at BETWEEN clock_timestamp() - interval '30 seconds' AND clock_timestamp()
                THEN least(throttled_count + 1, 2) ELSE 0 END,
            throttled_at = clock_timestamp(),
            -- A time further ahead than a hold is left over from before the clock stepped back.
            next_at = greatest(CASE WHEN next_at <= clock_timestamp() + interval '61 seconds' THEN next_at ELSE '-infinity' END,
                clock_timestamp() + make_interval(secs => $2), clock_timestamp() + interval '1 second' *
                (CASE WHEN throttled_at BETWEEN clock_timestamp() - interval '30 seconds' AND clock_timestamp()
                    THEN 2 ^ least(throttled_count + 1, 2) ELSE 1 END))
         -- Calls that were in flight together are throttled together.
         WHERE api = $1 AND NOT throttled_at BETWEEN clock_timestamp() - interval '300 milliseconds' AND clock_timestamp()",
        api,
        wait.as_secs_f64().min(MAX_HOLD),
    )
    .execute(conn)
    .await?;
    Ok(())
}
