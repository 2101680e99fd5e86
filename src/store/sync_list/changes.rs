//! What one run has changed, withheld and skipped.

use crate::store::Conn;
use sqlx::types::Json;

use crate::domain::rights::ContactView;
use crate::store::StoreError;

/// Which records of a run to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// `added`, `changed`, `returned`, `left`, `held_back`, `skipped`, `department_added`, `department_changed` or
    /// `department_removed`; `None` for all.
    pub kind: Option<&'static str>,
    /// Part of the userid, the name, the department's id, a field, an old or new value, or the reason, ignoring
    /// case; empty for all. Masked contact data is not searched.
    pub q: String,
    pub contacts: ContactView,
}

/// A field that a run has changed.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct FieldChange {
    /// The field's name, as in the table.
    pub field: String,
    /// Empty if there was no value.
    pub old: String,
    /// Empty if there is no value any more.
    pub new: String,
}

/// What a run has done with one record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangeRow {
    /// Its position within the run.
    pub position: i32,
    pub kind: String,
    /// `None` for departments, and if not even the userid could be read.
    pub userid: Option<String>,
    pub dept_id: Option<i64>,
    pub name: Option<String>,
    pub differences: Vec<FieldChange>,
    /// Why it was skipped or withheld.
    pub reason: Option<String>,
    /// The reason in Chinese.
    pub reason_zh: Option<String>,
}

/// Returns one page of what a run has done, in plan order.
pub async fn changes(
    conn: &mut Conn,
    run_id: i64,
    filter: &ChangeFilter,
    limit: i64,
    offset: i64,
) -> Result<Vec<ChangeRow>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT position, kind, userid, dept_id, name, differences AS "differences: Json<Vec<FieldChange>>", reason, reason_zh
         FROM sync_change
         WHERE run_id = $1 AND ($2::text IS NULL OR kind = $2) AND ($3 = '' OR EXISTS (
             SELECT FROM (
                 SELECT unnest(ARRAY[userid, dept_id::text, name, reason, reason_zh])
                 UNION ALL SELECT v FROM jsonb_array_elements(differences) d CROSS JOIN LATERAL jsonb_each_text(d) AS e (k, v)
                 WHERE e.k = 'field' OR $6 OR NOT d ->> 'field' = ANY ('{mobile,email}')
             ) AS texts (t) WHERE strpos(lower(t), lower($3)) > 0))
         ORDER BY position LIMIT $4 OFFSET $5"#,
        run_id,
        filter.kind,
        filter.q,
        limit,
        offset,
        !filter.contacts.is_masked(),
    )
    .fetch_all(conn)
    .await?;
    let changes = rows.into_iter().map(|row| ChangeRow {
        position: row.position,
        kind: row.kind,
        userid: row.userid,
        dept_id: row.dept_id,
        name: row.name,
        differences: row.differences.0,
        reason: row.reason,
        reason_zh: row.reason_zh,
    });
    Ok(changes.collect())
}

/// Returns how many records match the filter of [`changes`].
pub async fn count_changes(
    conn: &mut Conn,
    run_id: i64,
    filter: &ChangeFilter,
) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM sync_change
         WHERE run_id = $1 AND ($2::text IS NULL OR kind = $2) AND ($3 = '' OR EXISTS (
             SELECT FROM (
                 SELECT unnest(ARRAY[userid, dept_id::text, name, reason, reason_zh])
                 UNION ALL SELECT v FROM jsonb_array_elements(differences) d CROSS JOIN LATERAL jsonb_each_text(d) AS e (k, v)
                 WHERE e.k = 'field' OR $4 OR NOT d ->> 'field' = ANY ('{mobile,email}')
             ) AS texts (t) WHERE strpos(lower(t), lower($3)) > 0))"#,
        run_id,
        filter.kind,
        filter.q,
        !filter.contacts.is_masked(),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Returns how many records of each kind a run has, for the kinds that occur.
pub async fn count_changes_by_kind(
    conn: &mut Conn,
    run_id: i64,
) -> Result<Vec<(String, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT kind, count(*) AS "count!" FROM sync_change WHERE run_id = $1 GROUP BY kind ORDER BY kind"#,
        run_id,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows.into_iter().map(|row| (row.kind, row.count)).collect())
}
