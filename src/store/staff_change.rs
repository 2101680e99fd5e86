//! Changes that transactions made to staff rows, recorded by triggers while webhooks about staff are enabled.

use crate::store::Conn;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::StoreError;
use crate::domain::webhook::StaffMessage;

/// All changes that one transaction made to one person, with the person's current data, in which the status and
/// leave time are those of the transaction.
#[derive(Debug, Clone)]
pub struct StaffChange {
    pub userid: String,
    pub at: DateTime<Utc>,
    /// The row before the transaction; `None` if it is new or only departments changed.
    pub before: Option<Value>,
    /// The row after the transaction; `None` if only departments changed.
    pub after: Option<Value>,
    pub has_departments: bool,
    pub person: Value,
}

/// Takes the oldest changes, of at most `limit` people; they are deleted once the transaction commits. Returns an
/// empty list while another instance is taking changes.
pub async fn take(conn: &mut Conn, limit: i64) -> Result<Vec<StaffChange>, StoreError> {
    let is_alone = sqlx::query_scalar!(
        r#"SELECT pg_try_advisory_xact_lock(hashtextextended('staff_change', 0)) AS "alone!""#
    )
    .fetch_one(&mut *conn)
    .await?;
    if !is_alone {
        return Ok(Vec::new());
    }
    // A transaction's changes become visible together, so no group is ever incomplete.
    let changes = sqlx::query_as!(
        StaffChange,
        r#"WITH touched AS (
             SELECT DISTINCT xact, userid FROM (SELECT xact, userid FROM staff_change ORDER BY id LIMIT $1) oldest
         ), merged AS (
             DELETE FROM staff_change c USING touched t WHERE c.xact = t.xact AND c.userid = t.userid
             RETURNING c.id, c.xact, c.userid, c.at, c.before, c.after
         ), net AS (
             SELECT min(id) AS id, userid, min(at) AS at,
                 (array_agg(before ORDER BY id) FILTER (WHERE after IS NOT NULL))[1] AS before,
                 (array_agg(after ORDER BY id DESC) FILTER (WHERE after IS NOT NULL))[1] AS after,
                 bool_or(after IS NULL) AS has_departments
             FROM merged GROUP BY xact, userid
         )
         SELECT n.userid AS "userid!", n.at AS "at!", n.before, n.after, n.has_departments AS "has_departments!",
             jsonb_build_object('userid', s.userid, 'unionid', s.unionid, 'name', s.name, 'avatar', s.avatar,
                 'job_number', s.job_number, 'title', s.title, 'hired_date', s.hired_date,
                 -- Another transaction may have come after this one.
                 'status', coalesce(n.after ->> 'status', s.status),
                 'left_at', CASE n.after ->> 'status' WHEN 'left' THEN coalesce(s.left_at, n.at) WHEN 'employed' THEN NULL ELSE s.left_at END,
                 'departments', coalesce((
                     SELECT jsonb_agg(jsonb_build_object('dept_id', m.dept_id, 'name', d.name, 'is_leader', m.is_leader) ORDER BY m.dept_id)
                     FROM staff_department m LEFT JOIN department d USING (dept_id) WHERE m.userid = s.userid), '[]')) AS "person!"
         FROM net n JOIN staff s ON s.userid = n.userid ORDER BY n.id"#,
        limit
    )
    .fetch_all(conn)
    .await?;
    Ok(changes)
}

/// A message about a person that is ready to be sent.
#[derive(Debug, Clone)]
pub struct Message {
    pub message_type: StaffMessage,
    pub userid: String,
    pub subject: String,
    pub body: String,
}

/// Stores messages, in the transaction that takes the changes they report.
pub async fn store_messages(conn: &mut Conn, messages: &[Message]) -> Result<(), StoreError> {
    let types: Vec<String> = messages
        .iter()
        .map(|m| m.message_type.as_str().to_owned())
        .collect();
    let userids: Vec<String> = messages.iter().map(|m| m.userid.clone()).collect();
    let subjects: Vec<String> = messages.iter().map(|m| m.subject.clone()).collect();
    let bodies: Vec<String> = messages.iter().map(|m| m.body.clone()).collect();
    sqlx::query!(
        "INSERT INTO webhook_delivery (message_type, userid, subject, body)
         SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])",
        &types,
        &userids,
        &subjects,
        &bodies,
    )
    .execute(conn)
    .await?;
    Ok(())
}
