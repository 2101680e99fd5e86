//! The pause of all calls to DingTalk, which all instances keep.

use std::time::Duration;

use super::StoreError;
use crate::store::Conn;

/// For how long DingTalk bans an address.
const BAN: Duration = Duration::from_mins(5);

/// Pauses all calls for as long as a ban lasts. Returns for how long they are paused.
pub async fn open_circuit(conn: &mut Conn) -> Result<Duration, StoreError> {
    let seconds = sqlx::query_scalar!(
        r#"UPDATE call_pace SET next_at = clock_timestamp() + make_interval(secs => $1) WHERE api = '*'
         RETURNING extract(epoch FROM next_at - clock_timestamp())::double precision AS "seconds!""#,
        BAN.as_secs_f64(),
    )
    .fetch_one(conn)
    .await?;
    Ok(time_until_closed(seconds))
}

/// Pauses all calls after a web page has come in place of an answer: for `short`, or, where this is the second
/// one, for as long as a ban lasts. `call_age` is how long ago the call that met it was begun. Returns for how
/// long they are paused.
pub async fn pause_after_html(
    conn: &mut Conn,
    short: Duration,
    call_age: Duration,
) -> Result<Duration, StoreError> {
    // For '*' the two columns of throttling tell of the first page. A page counts as the second one only where
    // its call was begun after the first: calls in flight together meet the same failure. One that is older
    // than a ban, or in the future because Postgres's clock was set back, counts for nothing.
    let seconds = sqlx::query_scalar!(
        r#"UPDATE call_pace SET
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

/// Forgets the web page, since DingTalk answers: another one is the first again.
pub async fn forget_html(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!("UPDATE call_pace SET throttled_at = '-infinity' WHERE api = '*'")
        .execute(conn)
        .await?;
    Ok(())
}

fn time_until_closed(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds.max(0.0)).map_or(BAN, |left| left.min(BAN))
}
