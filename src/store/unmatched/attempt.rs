//! The refused logins of a case, the last hundred of each.

use chrono::{DateTime, Utc};

use crate::domain::case::Refusal;
use crate::domain::ids::UnionId;
use crate::store::record::record;
use crate::store::{Conn, StoreError};

/// How many attempts of a case are kept.
const KEPT: i64 = 100;

record! {
    /// A refused login.
    #[derive(Debug, Clone)]
    pub struct RefusedAttempt from AttemptRecord in "unmatched_attempt" by id {
        pub id: i64,
        pub at: DateTime<Utc>,
        /// The request id shown on the person's page.
        pub request_id: String,
        /// The client's IP address.
        pub ip: String,
    }
    closed {
        pub reason: Refusal,
    }
}

/// Appends an attempt to a case, and deletes the oldest ones beyond the limit.
pub async fn append(
    conn: &mut Conn,
    case_id: i64,
    reason: Refusal,
    request_id: &str,
    ip: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO unmatched_attempt (case_id, reason, request_id, ip) VALUES ($1, $2, $3, $4)",
        case_id,
        reason.as_str(),
        request_id,
        ip,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "DELETE FROM unmatched_attempt WHERE case_id = $1 AND id <= (
             SELECT id FROM unmatched_attempt WHERE case_id = $1 ORDER BY id DESC OFFSET $2 LIMIT 1)",
        case_id,
        KEPT,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the attempts of a case, the latest first.
pub async fn list(conn: &mut Conn, case_id: i64) -> Result<Vec<RefusedAttempt>, StoreError> {
    let attempts = sqlx::query_as!(
        AttemptRecord,
        "SELECT id, at, reason, request_id, ip FROM unmatched_attempt WHERE case_id = $1 ORDER BY id DESC LIMIT $2",
        case_id,
        KEPT,
    )
    .fetch_all(conn)
    .await?;
    attempts.into_iter().map(TryInto::try_into).collect()
}

/// Finds attempts by id.
pub async fn rows(conn: &mut Conn, ids: &[i64]) -> Result<Vec<RefusedAttempt>, StoreError> {
    let attempts = sqlx::query_as!(
        AttemptRecord,
        "SELECT id, at, reason, request_id, ip FROM unmatched_attempt WHERE id = ANY ($1)",
        ids,
    )
    .fetch_all(conn)
    .await?;
    attempts.into_iter().map(TryInto::try_into).collect()
}

/// Returns whether the audit trail has an entry for this refusal of a person that is less than an hour old. The
/// caller has the case locked, so that concurrent attempts create a single entry.
pub async fn is_audited(
    conn: &mut Conn,
    unionid: &UnionId,
    reason: Refusal,
) -> Result<bool, StoreError> {
    let is_audited = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT FROM audit_entry WHERE unionid = $1 AND action = 'refusal' AND status = $2
             -- After a step back of the clock a line from the future says nothing about this hour.
             AND at BETWEEN clock_timestamp() - interval '1 hour' AND clock_timestamp()) AS "is_audited!""#,
        unionid.as_str(),
        reason.as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(is_audited)
}
