//! How statements reach the server, and how to detect a pooler.

use sqlx::postgres::PgConnectOptions;
use sqlx::{Connection as _, PgConnection, Row as _};

use super::StoreError;

/// How statements reach the server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Pooler {
    /// Directly, or through a pooler that has one server connection per client.
    #[default]
    Off,
    /// Through a pooler that may hand the server connection to another client after each transaction.
    Transaction,
}

/// How often the server connections of the two clients are compared.
const ROUNDS: usize = 6;

/// Returns whether a pooler on this route may hand the server connection to another client after each transaction.
///
/// Without one, each of two clients has its own server process, and keeps it.
pub async fn is_transaction_pooler(options: &PgConnectOptions) -> Result<bool, StoreError> {
    let mut one = PgConnection::connect_with(options).await?;
    let mut other = PgConnection::connect_with(options).await?;
    let mut seen = Vec::new();
    for round in 0..ROUNDS {
        // In an uneven order: a pooler that rotates its server connections would otherwise assign each client the
        // same one every time.
        let first = process(&mut one).await?;
        for _ in 0..round % 3 {
            process(&mut one).await?;
        }
        seen.push((first, process(&mut other).await?));
    }
    for conn in [one, other] {
        // The connection is finished even if the server cannot be notified.
        let _told = conn.close().await;
    }
    let first = seen.first().copied();
    let is_stable = seen.iter().all(|pair| Some(*pair) == first);
    Ok(!is_stable || first.is_some_and(|(one, other)| one == other))
}

/// Uses the simple protocol, which a pooler cannot split.
async fn process(conn: &mut PgConnection) -> Result<i32, StoreError> {
    let row = sqlx::raw_sql("SELECT pg_backend_pid()")
        .fetch_one(conn)
        .await?;
    Ok(row.try_get(0)?)
}
