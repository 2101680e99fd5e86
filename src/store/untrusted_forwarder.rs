//! Peers in private networks that sent forwarded headers without being trusted proxies.

use chrono::{DateTime, Utc};

use super::{Conn, StoreError};

/// A peer, and the header that it sent last.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UntrustedForwarder {
    pub peer: String,
    pub header: String,
    pub last_at: DateTime<Utc>,
}

/// Records that a peer sent a forwarded header; keeps the 20 most recent peers of the last seven days.
pub async fn record(conn: &mut Conn, peer: &str, header: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO untrusted_forwarder (peer, header) VALUES ($1, $2)
         ON CONFLICT (peer) DO UPDATE SET header = EXCLUDED.header, last_at = now()",
        peer,
        header,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "DELETE FROM untrusted_forwarder WHERE last_at < now() - interval '7 days'
         OR peer NOT IN (SELECT peer FROM untrusted_forwarder ORDER BY last_at DESC LIMIT 20)",
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the peers of the last seven days, the latest first.
pub async fn recent(conn: &mut Conn) -> Result<Vec<UntrustedForwarder>, StoreError> {
    let peers = sqlx::query_as!(
        UntrustedForwarder,
        "SELECT peer, header, last_at FROM untrusted_forwarder
         WHERE last_at > now() - interval '7 days' ORDER BY last_at DESC, peer",
    )
    .fetch_all(conn)
    .await?;
    Ok(peers)
}
