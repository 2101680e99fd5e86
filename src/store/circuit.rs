//! The circuit breaker for all calls to DingTalk, shared by all instances.

use std::time::Duration;

use super::StoreError;
use crate::store::Conn;

/// How long DingTalk bans an IP address.
const BAN: Duration = Duration::from_mins(5);

/// Pauses all calls for the duration of a ban. Returns how long they are paused.
pub async fn open_circuit(conn: &mut Conn) -> Result<Duration, StoreError> {
    let seconds = sqlx::query_scalar!(
        r#"UPDATE rate_limit SET next_at = clock_timestamp() + make_interval(secs => $1) WHERE api = '*'
         RETURNING extract(epoch FROM next_at - clock_timestamp())::double precision AS "seconds!""#,
        BAN.as_secs_f64(),
    )
    .fetch_one(conn)
    .await?;
    Ok(time_until_closed(seconds))
}

/// Pauses all calls after an HTML page was received instead of an API response: for `short` or, if this is the
/// second one, for the duration of a ban. `call_age` is how long ago that call was started. Returns how long calls
/// are paused.
pub async fn pause_after_html(
    conn: &mut Conn,
    short: Duration,
    call_age: Duration,
) -> Result<Duration, StoreError> {
    // For '*' the two throttling columns describe the first page. A page counts as the second one only if its call
    // was started after the first: calls in flight together meet the same failure. A first page older than a ban, or
    // in the future because Postgres's clock was set back, does not count.
    let seconds = sqlx::query_scalar!(
        r#"UPDATE rate_limit SET
             next_at = greatest(
                 CASE WHEN next_at <= clock_timestamp() + make_interval(secs => $1) THEN next_at ELSE '-infinity' END,
                 clock_timestamp() + make_interval(secs => CASE
                     WHEN throttled_at >= clock_timestamp() - make_interval(secs => $1)
                         AND throttled_at < clock_timestamp() - make_interval(secs => $3) THEN $1
                     ELSE $2 END)),
             throttled_at = CASE
                 WHEN throttled_at BETWEEN clock_timestamp() - make_interval(secs => $1) AND clock_timestamp()
                 THEN throttled_at ELSE clock_timestamp() END
         WHERE api = '*'
         RETURNING extract(epoch FROM next_at - clock_timestamp())::double precision AS "seconds!""#,
        BAN.as_secs_f64(),
        short.as_secs_f64(),
        call_age.min(BAN).as_secs_f64(),
    )
    .fetch_one(conn)
    .await?;
    Ok(time_until_closed(seconds))
}

/// Clears the recorded HTML page after an API response: the next one counts as the first again.
pub async fn forget_html(conn: &mut Conn) -> Result<(), StoreError> {
    let done = sqlx::query!("UPDATE rate_limit SET throttled_at = '-infinity' WHERE api = '*'")
        .execute(conn)
        .await?;
    StoreError::unless_written(done.rows_affected(), 1, "rate_limit", || "*".to_owned())
}

fn time_until_closed(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).map_or(BAN, |left| left.min(BAN))
}
