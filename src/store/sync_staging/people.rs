//! The staged people of a run: what it has read of each person.

use crate::store::Conn;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use sqlx::types::Json;

use super::person::PersonJson;
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::Person;
use crate::store::StoreError;
use crate::store::staff_input::to_json;

/// A person as described by the lists of one or more departments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObservedPerson {
    pub person: Person,
    /// When the first and the last of the requests were sent.
    pub asked_at: DateTime<Utc>,
    pub last_asked_at: DateTime<Utc>,
    /// The departments whose order and leadership are known.
    pub described_departments: Vec<DeptId>,
    /// Whether the list of departments is complete.
    pub has_all_departments: bool,
}

#[derive(Debug, Serialize, Deserialize)]
struct StoredRecord {
    person: PersonJson,
    asked_at: DateTime<Utc>,
    last_asked_at: DateTime<Utc>,
    described_departments: Vec<DeptId>,
    has_all_departments: bool,
}

/// Writes these people over what the run has staged of them before; no person may occur twice.
pub async fn stage_people(
    conn: &mut Conn,
    run_id: i64,
    people: &[ObservedPerson],
) -> Result<(), StoreError> {
    let userids: Vec<String> = people
        .iter()
        .map(|observed| observed.person.userid.as_str().to_owned())
        .collect();
    let unionids: Vec<Option<String>> = people
        .iter()
        .map(|observed| observed.person.unionid.clone().map(UnionId::into_string))
        .collect();
    let records = people.iter().map(|observed| {
        to_json(&StoredRecord {
            person: PersonJson::of(&observed.person),
            asked_at: observed.asked_at,
            last_asked_at: observed.last_asked_at,
            described_departments: observed.described_departments.clone(),
            has_all_departments: observed.has_all_departments,
        })
    });
    let records = records.collect::<Result<Vec<String>, _>>()?;
    sqlx::query!(
        "INSERT INTO staging_person (run_id, userid, unionid, record)
         SELECT $1, n.userid, n.unionid, n.record::json
         FROM unnest($2::text[], $3::text[], $4::text[]) AS n (userid, unionid, record)
         ON CONFLICT (run_id, userid) DO UPDATE SET unionid = excluded.unionid, record = excluded.record",
        run_id,
        &userids,
        &unionids as &[Option<String>],
        &records,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns those of these people who are staged.
pub async fn staged_people(
    conn: &mut Conn,
    run_id: i64,
    userids: &[String],
) -> Result<Vec<ObservedPerson>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT userid AS "userid: UserId", record AS "record: Json<StoredRecord>" FROM staging_person
         WHERE run_id = $1 AND userid = ANY ($2)"#,
        run_id,
        userids,
    )
    .fetch_all(conn)
    .await?;
    let people = rows.into_iter().map(|row| {
        let record = row.record.0;
        ObservedPerson {
            person: record.person.read(row.userid),
            asked_at: record.asked_at,
            last_asked_at: record.last_asked_at,
            described_departments: record.described_departments,
            has_all_departments: record.has_all_departments,
        }
    });
    Ok(people.collect())
}

/// Returns the userids of those of these people who are staged.
pub async fn staged_among(
    conn: &mut Conn,
    run_id: i64,
    userids: &[String],
) -> Result<Vec<UserId>, StoreError> {
    let userids = sqlx::query_scalar!(
        r#"SELECT userid AS "userid: UserId" FROM staging_person WHERE run_id = $1 AND userid = ANY ($2)"#,
        run_id,
        userids,
    )
    .fetch_all(conn)
    .await?;
    Ok(userids)
}

/// Returns how many people a run has staged.
pub async fn count_staged(conn: &mut Conn, run_id: i64) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM staging_person WHERE run_id = $1"#,
        run_id
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Returns the next userids after `after` from the staff table and the staged people, in the database's order.
pub async fn keys(
    conn: &mut Conn,
    run_id: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let keys = sqlx::query_scalar!(
        r#"SELECT userid AS "userid!" FROM (
             (SELECT userid FROM staff WHERE userid > $2 ORDER BY userid LIMIT $3)
             UNION (SELECT userid FROM staging_person WHERE run_id = $1 AND userid > $2 ORDER BY userid LIMIT $3)
         ) keys ORDER BY userid LIMIT $3"#,
        run_id,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(keys)
}

/// Returns the next employed people after `after` who are not staged.
pub async fn absent(
    conn: &mut Conn,
    run_id: i64,
    after: &str,
    limit: i64,
) -> Result<Vec<String>, StoreError> {
    let absent = sqlx::query_scalar!(
        "SELECT userid FROM staff s WHERE userid > $2 AND status = 'employed'
           AND NOT EXISTS (SELECT FROM staging_person r WHERE r.run_id = $1 AND r.userid = s.userid)
         ORDER BY userid LIMIT $3",
        run_id,
        after,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(absent)
}

/// Returns people whose current or future unionid is also that of another employed or staged person; no other claim
/// can conflict.
pub async fn contested(conn: &mut Conn, run_id: i64) -> Result<Vec<String>, StoreError> {
    let contested = sqlx::query_scalar!(
        r#"WITH bearer AS (
             SELECT unionid, userid FROM staff WHERE status = 'employed' AND unionid IS NOT NULL
             UNION
             SELECT coalesce(r.unionid, s.unionid), r.userid FROM staging_person r LEFT JOIN staff s USING (userid)
             WHERE r.run_id = $1 AND coalesce(r.unionid, s.unionid) IS NOT NULL
         )
         SELECT DISTINCT userid AS "userid!" FROM bearer
         WHERE unionid IN (SELECT unionid FROM bearer GROUP BY unionid HAVING count(*) > 1)"#,
        run_id,
    )
    .fetch_all(conn)
    .await?;
    Ok(contested)
}
