//! Looking through the audit trail.

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::StoreError;

/// Which lines are asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    pub action: Option<&'static str>,
    /// Part of an actor, a userid, a unionid, a name, or a whole reference number; empty for all.
    pub q: String,
    pub from: Option<DateTime<Utc>>,
    /// The first moment that is too late.
    pub before: Option<DateTime<Utc>>,
}

/// One line of the audit trail.
#[derive(Debug, Clone)]
pub struct AuditRow {
    pub id: i64,
    pub at: DateTime<Utc>,
    pub actor: String,
    /// The name that the staff table has for the actor.
    pub actor_name: Option<String>,
    pub action: String,
    pub userid: Option<String>,
    /// Whether the staff table holds `userid`.
    pub is_staff: bool,
    pub unionid: Option<String>,
    pub name: Option<String>,
    pub status: String,
    pub reason: Option<String>,
    pub reference: Option<String>,
    pub address: Option<String>,
}

/// One page of lines, the latest first.
pub async fn list(
    conn: &mut PgConnection,
    filter: &Filter,
    limit: i64,
    offset: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    find(conn, filter, i64::MAX, limit, offset).await
}

/// The next lines of an export, the latest first, beginning behind the line `after`. An export goes
/// in batches so that a slow reader holds no connection.
pub async fn batch(
    conn: &mut PgConnection,
    filter: &Filter,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    find(conn, filter, after.unwrap_or(i64::MAX), limit, 0).await
}

async fn find(
    conn: &mut PgConnection,
    filter: &Filter,
    below: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<AuditRow>, StoreError> {
    let rows = sqlx::query_as!(
        AuditRow,
        r#"SELECT a.id, a.at, a.actor, s.name AS "actor_name?", a.action, a.userid,
             EXISTS (SELECT FROM staff w WHERE w.userid = a.userid) AS "is_staff!", a.unionid, a.name, a.status, a.reason,
             a.reference, a.address
         FROM audit_entry a LEFT JOIN staff s ON s.userid = a.actor
         WHERE a.id < $1 AND ($2::text IS NULL OR a.action = $2)
           AND ($3::timestamptz IS NULL OR a.at >= $3) AND ($4::timestamptz IS NULL OR a.at < $4)
           AND ($5 = '' OR a.reference = $5
                OR strpos(lower(concat_ws(chr(10), a.actor, s.name, a.userid, a.unionid, a.name)), lower($5)) > 0)
         ORDER BY a.id DESC LIMIT $6 OFFSET $7"#,
        below,
        filter.action,
        filter.from,
        filter.before,
        filter.q,
        limit,
        offset,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How many lines [`list`] finds in all.
pub async fn count(conn: &mut PgConnection, filter: &Filter) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM audit_entry a LEFT JOIN staff s ON s.userid = a.actor
         WHERE ($1::text IS NULL OR a.action = $1)
           AND ($2::timestamptz IS NULL OR a.at >= $2) AND ($3::timestamptz IS NULL OR a.at < $3)
           AND ($4 = '' OR a.reference = $4
                OR strpos(lower(concat_ws(chr(10), a.actor, s.name, a.userid, a.unionid, a.name)), lower($4)) > 0)"#,
        filter.action,
        filter.from,
        filter.before,
        filter.q,
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}
