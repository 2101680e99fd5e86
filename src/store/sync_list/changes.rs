//! What one run has changed, withheld and skipped.

use crate::store::Conn;
use sqlx::types::Json;

use crate::domain::rights::ContactView;
use crate::domain::skip_reason::SkipReason;
use crate::domain::sync::ChangeKind;
use crate::store::StoreError;
use crate::store::record::known;

/// Which records of a run to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangeFilter {
    /// `None` for all.
    pub kind: Option<ChangeKind>,
    /// Part of the userid, the name, the department's id, a field, or an old or new value, ignoring case; empty
    /// for all. Masked contact data is not searched.
    pub q: String,
    /// Codes of [`SkipReason`]s whose records are found by `q` as well.
    pub reasons: Vec<&'static str>,
    pub contacts: ContactView,
}

impl ChangeFilter {
    fn codes(&self) -> Vec<String> {
        self.reasons.iter().map(|code| (*code).to_owned()).collect()
    }
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
    pub kind: ChangeKind,
    /// `None` for departments, and if not even the userid could be read.
    pub userid: Option<String>,
    pub dept_id: Option<i64>,
    pub name: Option<String>,
    pub differences: Vec<FieldChange>,
    /// Why it was skipped.
    pub reason: Option<SkipReason>,
}

/// A record as Postgres returns it, from the plan of a run or from what it has done.
pub(in crate::store) struct ChangeRecord {
    pub position: i32,
    pub kind: String,
    pub userid: Option<String>,
    pub dept_id: Option<i64>,
    pub name: Option<String>,
    pub differences: Json<Vec<FieldChange>>,
    pub reason: Option<String>,
    pub reason_field: Option<String>,
}

impl ChangeRecord {
    /// Parses the record of a run; an unknown kind or reason is an error.
    pub(in crate::store) fn parse(
        self,
        table: &'static str,
        run_id: i64,
    ) -> Result<ChangeRow, StoreError> {
        let id = || format!("{run_id}/{}", self.position);
        let field = self.reason_field;
        let reason = |code: &str| SkipReason::from_code(code, field);
        Ok(ChangeRow {
            position: self.position,
            kind: known(ChangeKind::parse, (table, "kind"), id, &self.kind)?,
            reason: self
                .reason
                .map(|code| known(reason, (table, "reason"), id, &code))
                .transpose()?,
            userid: self.userid,
            dept_id: self.dept_id,
            name: self.name,
            differences: self.differences.0,
        })
    }
}

/// Returns one page of what a run has done, in plan order.
pub async fn changes(
    conn: &mut Conn,
    run_id: i64,
    filter: &ChangeFilter,
    limit: i64,
    offset: i64,
) -> Result<Vec<ChangeRow>, StoreError> {
    select(conn, run_id, filter, -1, (limit, offset)).await
}

/// Returns the next records of an export, after the one at the position `after`.
pub async fn batch_of_changes(
    conn: &mut Conn,
    run_id: i64,
    filter: &ChangeFilter,
    after: Option<i32>,
    limit: i64,
) -> Result<Vec<ChangeRow>, StoreError> {
    select(conn, run_id, filter, after.unwrap_or(-1), (limit, 0)).await
}

async fn select(
    conn: &mut Conn,
    run_id: i64,
    filter: &ChangeFilter,
    after: i32,
    (limit, offset): (i64, i64),
) -> Result<Vec<ChangeRow>, StoreError> {
    let reasons = filter.codes();
    let rows = sqlx::query_as!(
        ChangeRecord,
        r#"SELECT position, kind, userid, dept_id, name, differences AS "differences: Json<Vec<FieldChange>>", reason, reason_field
         FROM sync_change
         WHERE run_id = $1 AND position > $8 AND ($2::text IS NULL OR kind = $2) AND ($3 = '' OR reason = ANY ($6) OR EXISTS (
             SELECT FROM (
                 SELECT unnest(ARRAY[userid, dept_id::text, name, reason_field])
                 UNION ALL SELECT v FROM jsonb_array_elements(differences) d CROSS JOIN LATERAL jsonb_each_text(d) AS e (k, v)
                 WHERE e.k = 'field' OR $7 OR NOT d ->> 'field' = ANY ('{mobile,email}')
             ) AS texts (t) WHERE strpos(lower(t), lower($3)) > 0))
         ORDER BY position LIMIT $4 OFFSET $5"#,
        run_id,
        filter.kind.map(ChangeKind::as_str),
        filter.q,
        limit,
        offset,
        &reasons,
        !filter.contacts.is_masked(),
        after,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| row.parse("sync_change", run_id))
        .collect()
}

/// Returns how many records match the filter of [`changes`].
pub async fn count_changes(
    conn: &mut Conn,
    run_id: i64,
    filter: &ChangeFilter,
) -> Result<i64, StoreError> {
    let reasons = filter.codes();
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM sync_change
         WHERE run_id = $1 AND ($2::text IS NULL OR kind = $2) AND ($3 = '' OR reason = ANY ($4) OR EXISTS (
             SELECT FROM (
                 SELECT unnest(ARRAY[userid, dept_id::text, name, reason_field])
                 UNION ALL SELECT v FROM jsonb_array_elements(differences) d CROSS JOIN LATERAL jsonb_each_text(d) AS e (k, v)
                 WHERE e.k = 'field' OR $5 OR NOT d ->> 'field' = ANY ('{mobile,email}')
             ) AS texts (t) WHERE strpos(lower(t), lower($3)) > 0))"#,
        run_id,
        filter.kind.map(ChangeKind::as_str),
        filter.q,
        &reasons,
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
) -> Result<Vec<(ChangeKind, i64)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT kind, min(position) AS "position!", count(*) AS "count!" FROM sync_change WHERE run_id = $1 GROUP BY kind ORDER BY kind"#,
        run_id,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| {
            let id = || format!("{run_id}/{}", row.position);
            let kind = known(ChangeKind::parse, ("sync_change", "kind"), id, &row.kind)?;
            Ok((kind, row.count))
        })
        .collect()
}
