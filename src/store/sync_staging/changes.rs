//! The staged changes of a run, one record each, in plan order.

use crate::store::Conn;
use chrono::{DateTime, Utc};
use serde::Serialize;
use sqlx::types::Json;

use super::person::PersonJson;
use crate::domain::ids::{DeptId, UserId};
use crate::domain::person::Person;
use crate::domain::skip_reason::SkipReason;
use crate::domain::sync::{ChangeKind, Step};
use crate::store::StoreError;
use crate::store::staff_input::to_json;
use crate::store::sync_list::{ChangeRecord, ChangeRow, FieldChange};

/// One record of a plan.
#[derive(Debug, Clone)]
pub struct StagedChange {
    pub position: i32,
    pub kind: ChangeKind,
    pub userid: Option<UserId>,
    pub dept_id: Option<DeptId>,
    pub name: Option<String>,
    pub differences: Vec<FieldChange>,
    /// Why it is skipped.
    pub reason: Option<SkipReason>,
    pub step: Option<Step>,
    /// The person's new data, and when DingTalk was asked.
    pub person: Option<(Person, DateTime<Utc>)>,
}

impl StagedChange {
    /// Creates a record that names nothing yet.
    pub fn new(kind: ChangeKind) -> Self {
        Self {
            position: 0,
            kind,
            userid: None,
            dept_id: None,
            name: None,
            differences: Vec::new(),
            reason: None,
            step: None,
            person: None,
        }
    }
}

/// A person that a plan writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedPerson {
    pub position: i32,
    pub userid: UserId,
    /// `None` for leavers.
    pub person: Option<(Person, DateTime<Utc>)>,
}

/// Replaces NUL, which no text column of Postgres accepts.
fn without_nul(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// A record as the statement of [`stage_changes`] reads it.
#[derive(Serialize)]
struct ChangeJson<'a> {
    position: i32,
    kind: &'static str,
    userid: Option<&'a str>,
    dept_id: Option<DeptId>,
    name: Option<String>,
    differences: Vec<FieldChange>,
    reason: Option<&'static str>,
    reason_field: Option<&'a str>,
    step: Option<&'static str>,
    /// JSON within JSON, since Postgres would reject a NUL in it otherwise.
    person: Option<String>,
    asked_at: Option<DateTime<Utc>>,
}

impl<'a> ChangeJson<'a> {
    fn of(change: &'a StagedChange) -> Result<Self, StoreError> {
        let shown = change.differences.iter().map(|difference| FieldChange {
            field: difference.field.clone(),
            old: without_nul(&difference.old),
            new: without_nul(&difference.new),
        });
        let (reason, person) = (change.reason.as_ref(), change.person.as_ref());
        Ok(Self {
            position: change.position,
            kind: change.kind.as_str(),
            userid: change.userid.as_ref().map(UserId::as_str),
            dept_id: change.dept_id,
            name: change.name.as_deref().map(without_nul),
            differences: shown.collect(),
            reason: reason.map(SkipReason::code),
            reason_field: reason.and_then(SkipReason::field),
            step: change.step.map(Step::as_str),
            person: person
                .map(|(person, _)| to_json(&PersonJson::of(person)))
                .transpose()?,
            asked_at: person.map(|(_, asked_at)| *asked_at),
        })
    }
}

/// Appends records to the plan of a run.
pub async fn stage_changes(
    conn: &mut Conn,
    run_id: i64,
    changes: &[StagedChange],
) -> Result<(), StoreError> {
    let rows = changes
        .iter()
        .map(ChangeJson::of)
        .collect::<Result<Vec<_>, _>>()?;
    sqlx::query!(
        "INSERT INTO staging_change (run_id, position, kind, userid, dept_id, name, differences, reason, reason_field, step, person, asked_at)
         SELECT $1, position, kind, userid, dept_id, name, differences, reason, reason_field, step, person::json, asked_at
         FROM json_to_recordset($2::text::json) AS n (position integer, kind text, userid text, dept_id bigint, name text,
             differences jsonb, reason text, reason_field text, step text, person text, asked_at timestamptz)",
        run_id,
        to_json(&rows)?,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the next records of a plan after a position.
pub async fn staged_changes(
    conn: &mut Conn,
    run_id: i64,
    after: i32,
    limit: i64,
) -> Result<Vec<ChangeRow>, StoreError> {
    let rows = sqlx::query_as!(
        ChangeRecord,
        r#"SELECT position, kind, userid, dept_id, name, differences AS "differences: Json<Vec<FieldChange>>", reason, reason_field
         FROM staging_change WHERE run_id = $1 AND position > $2 ORDER BY position LIMIT $3"#,
        run_id,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter()
        .map(|row| row.parse("staging_change", run_id))
        .collect()
}

/// Returns the next people of one step after a position.
pub async fn changed_people(
    conn: &mut Conn,
    run_id: i64,
    step: Step,
    after: i32,
    limit: i64,
) -> Result<Vec<ChangedPerson>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT position, userid AS "userid!: UserId", person AS "person: Json<PersonJson>", asked_at
         FROM staging_change WHERE run_id = $1 AND step = $2 AND position > $3 ORDER BY position LIMIT $4"#,
        run_id,
        step.as_str(),
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    let people = rows.into_iter().map(|row| ChangedPerson {
        position: row.position,
        person: row
            .person
            .zip(row.asked_at)
            .map(|(person, at)| (person.0.read(row.userid.clone()), at)),
        userid: row.userid,
    });
    Ok(people.collect())
}

/// Returns those of these people who leave under the plan of a run.
pub async fn leaving_among(
    conn: &mut Conn,
    run_id: i64,
    userids: &[String],
) -> Result<Vec<UserId>, StoreError> {
    let leaving = sqlx::query_scalar!(
        r#"SELECT userid AS "userid!: UserId" FROM staging_change WHERE run_id = $1 AND step = 'leave' AND userid = ANY ($2)"#,
        run_id,
        userids,
    )
    .fetch_all(conn)
    .await?;
    Ok(leaving)
}

/// Returns some leavers of a plan who are in a department other than these: at most `each` per department and
/// `limit` in all, the first of every department before the second of any.
pub async fn leavers_outside(
    conn: &mut Conn,
    run_id: i64,
    dept_ids: &[DeptId],
    each: i64,
    limit: i64,
) -> Result<Vec<UserId>, StoreError> {
    let leavers = sqlx::query_scalar!(
        r#"SELECT userid AS "userid!: UserId" FROM (
             SELECT d.userid, row_number() OVER (PARTITION BY m.dept_id ORDER BY d.position) AS place
             FROM staging_change d JOIN staff_department m USING (userid)
             WHERE d.run_id = $1 AND d.step = 'leave' AND NOT EXISTS (SELECT FROM unnest($2::bigint[]) AS o (id) WHERE o.id = m.dept_id)
         ) one WHERE place <= $3 GROUP BY userid ORDER BY min(place), userid LIMIT $4"#,
        run_id,
        dept_ids,
        each,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(leavers)
}

/// Marks all leavers of a plan as withheld by the leaver threshold; returns how many there were.
pub async fn withhold_leavers(conn: &mut Conn, run_id: i64) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE staging_change SET kind = 'withheld', step = NULL WHERE run_id = $1 AND step = 'leave'",
        run_id
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Removes all leavers from a plan; returns how many there were.
pub async fn drop_leavers(conn: &mut Conn, run_id: i64) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM staging_change WHERE run_id = $1 AND step = 'leave'",
        run_id
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Marks leavers as skipped, with a reason.
pub async fn skip_leavers(
    conn: &mut Conn,
    run_id: i64,
    userids: &[UserId],
    reason: &SkipReason,
) -> Result<(), StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    let skipped = sqlx::query!(
        "UPDATE staging_change SET kind = 'skipped', step = NULL, reason = $3, reason_field = $4
         WHERE run_id = $1 AND step = 'leave' AND userid = ANY ($2)",
        run_id,
        &ids,
        reason.code(),
        reason.field(),
    )
    .execute(conn)
    .await?;
    StoreError::unless_written(skipped.rows_affected(), ids.len(), "staging_change", || {
        ids.join(", ")
    })
}
