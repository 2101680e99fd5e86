//! Logins that have begun: used once, by the browser that began them.

use std::time::Duration;

use crate::store::Conn;

use super::StoreError;

/// What a used state stood for.
pub struct Begun {
    pub browser_hash: Vec<u8>,
    pub return_path: String,
    pub is_expired: bool,
}

/// Stores a begun login.
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

/// Uses a state up and gives what it stood for; nobody can use it again.
pub async fn take(conn: &mut Conn, state_hash: &[u8]) -> Result<Option<Begun>, StoreError> {
    let begun = sqlx::query_as!(
        Begun,
        r#"DELETE FROM login_state WHERE state_hash = $1
         RETURNING browser_hash, return_path, expires_at <= clock_timestamp() AS "is_expired!""#,
        state_hash
    )
    .fetch_optional(conn)
    .await?;
    Ok(begun)
}

/// Deletes the states that nobody came back with.
pub async fn sweep(conn: &mut Conn) -> Result<u64, StoreError> {
    let swept = sqlx::query!("DELETE FROM login_state WHERE expires_at < now()")
        .execute(conn)
        .await?;
    Ok(swept.rows_affected())
}
