//! Started logins: each is used once, by the browser that started it.

use std::time::Duration;

use crate::store::Conn;

use super::StoreError;

/// The login that a state belongs to.
pub struct StartedLogin {
    pub return_path: String,
    pub is_expired: bool,
}

/// The result of checking a state against a browser.
pub enum StateMatch {
    /// There is no such state, or it was used.
    Unknown,
    OtherBrowser,
    Found(StartedLogin),
}

/// Stores a started login.
pub async fn insert(
    conn: &mut Conn,
    state_hash: &[u8],
    browser_hash: &[u8],
    return_path: &str,
    ttl: Duration,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO login_state (state_hash, browser_hash, return_path, expires_at)
         VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))",
        state_hash,
        browser_hash,
        return_path,
        ttl.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Checks a state for the browser with this secret.
pub async fn find(
    conn: &mut Conn,
    state_hash: &[u8],
    browser_hash: &[u8],
) -> Result<StateMatch, StoreError> {
    let row = sqlx::query!(
        r#"SELECT return_path, browser_hash = $2 AS "is_same_browser!",
             expires_at <= clock_timestamp() OR is_from_the_future(created_at) AS "is_expired!"
         FROM login_state WHERE state_hash = $1"#,
        state_hash,
        browser_hash
    )
    .fetch_optional(conn)
    .await?;
    Ok(match row {
        None => StateMatch::Unknown,
        Some(row) if !row.is_same_browser => StateMatch::OtherBrowser,
        Some(row) => StateMatch::Found(StartedLogin {
            return_path: row.return_path,
            is_expired: row.is_expired,
        }),
    })
}

/// Consumes a state of this browser and returns its login; the state cannot be used again.
pub async fn take(
    conn: &mut Conn,
    state_hash: &[u8],
    browser_hash: &[u8],
) -> Result<Option<StartedLogin>, StoreError> {
    let begun = sqlx::query_as!(
        StartedLogin,
        r#"DELETE FROM login_state WHERE state_hash = $1 AND browser_hash = $2
         RETURNING return_path, expires_at <= clock_timestamp() OR is_from_the_future(created_at) AS "is_expired!""#,
        state_hash,
        browser_hash
    )
    .fetch_optional(conn)
    .await?;
    Ok(begun)
}

/// Deletes expired states.
pub async fn sweep(conn: &mut Conn) -> Result<u64, StoreError> {
    let swept = sqlx::query!(
        "DELETE FROM login_state WHERE expires_at < now() OR is_from_the_future(created_at)"
    )
    .execute(conn)
    .await?;
    Ok(swept.rows_affected())
}
