//! The tickets of browsers in which people wait for a review; only the hashes of their tokens are stored.

use std::time::Duration;

use crate::domain::case::CaseState;
use crate::store::record::record;
use crate::store::{Conn, StoreError};

/// How many tickets of a case are kept: somebody who scans again and again gets no more.
const KEPT: i64 = 10;

/// Stores a ticket, and deletes the oldest ones of the case beyond the limit.
pub async fn insert(
    conn: &mut Conn,
    token_hash: &[u8],
    case_id: i64,
    return_path: &str,
    ttl: Duration,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO waiting_ticket (token_hash, case_id, return_path, expires_at)
         VALUES ($1, $2, $3, clock_timestamp() + make_interval(secs => $4))",
        token_hash,
        case_id,
        return_path,
        ttl.as_secs_f64(),
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "DELETE FROM waiting_ticket WHERE token_hash IN (
             SELECT token_hash FROM waiting_ticket WHERE case_id = $1 ORDER BY created_at DESC, token_hash OFFSET $2)",
        case_id,
        KEPT,
    )
    .execute(conn)
    .await?;
    Ok(())
}

record! {
    /// A ticket that is still valid, with the state of its case.
    #[derive(Debug, Clone)]
    pub struct WaitingTicket from WaitingTicketRecord in "unmatched_login" by case_id {
        pub return_path: String,
    }
    identity {
        case_id: i64,
    }
    closed {
        pub state: CaseState,
    }
}

/// Finds the valid ticket with this token.
pub async fn find(conn: &mut Conn, token_hash: &[u8]) -> Result<Option<WaitingTicket>, StoreError> {
    let row = sqlx::query_as!(
        WaitingTicketRecord,
        "SELECT t.return_path, t.case_id, c.state FROM waiting_ticket t JOIN unmatched_login c ON c.id = t.case_id
         WHERE t.token_hash = $1 AND t.expires_at > clock_timestamp() AND NOT is_from_the_future(t.created_at)",
        token_hash,
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// Deletes expired tickets; returns how many.
pub async fn sweep(conn: &mut Conn) -> Result<u64, StoreError> {
    let swept = sqlx::query!(
        "DELETE FROM waiting_ticket WHERE expires_at < now() OR is_from_the_future(created_at)"
    )
    .execute(conn)
    .await?;
    Ok(swept.rows_affected())
}
