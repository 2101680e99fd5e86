//! Who the people of cases are in DingTalk's directory, as it last answered.

use chrono::{DateTime, Utc};

use super::{Case, CaseRecord};
use crate::domain::case::Standing;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::Person;
use crate::store::record::record;
use crate::store::{Conn, StoreError};

record! {
    /// The person of a case in the directory; only members have more than their standing.
    #[derive(Debug, Clone)]
    pub struct DirectoryPerson from DirectoryRecord in "unmatched_person" by case_id {
        /// When DingTalk was asked.
        pub observed_at: DateTime<Utc>,
        pub userid: Option<UserId>,
        pub name: Option<String>,
        pub avatar: Option<String>,
        pub job_number: Option<String>,
        pub title: Option<String>,
        pub hired_date: Option<DateTime<Utc>>,
        /// The names of the departments, or the ids of those that the department table does not hold yet.
        pub departments: Vec<String>,
    }
    identity {
        case_id: i64,
    }
    closed {
        pub standing: Standing,
    }
}

/// Returns the person of a case; `None` if DingTalk has not answered.
pub async fn directory_person(
    conn: &mut Conn,
    case_id: i64,
) -> Result<Option<DirectoryPerson>, StoreError> {
    let row = sqlx::query_as!(
        DirectoryRecord,
        r#"SELECT case_id, standing, observed_at, userid AS "userid: UserId", name, avatar, job_number, title, hired_date,
             ARRAY(SELECT coalesce(d.name, id::text) FROM unnest(p.dept_ids) WITH ORDINALITY AS named (id, place)
                   LEFT JOIN department d ON d.dept_id = id ORDER BY place) AS "departments!"
         FROM unmatched_person p WHERE case_id = $1"#,
        case_id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// A case with its person in the directory; `None` if DingTalk has not answered.
#[derive(Debug, Clone)]
pub struct ListedCase {
    pub case: Case,
    pub person: Option<DirectoryPerson>,
}

/// Returns cases by id with their people, in the order of the ids, in one statement: a list takes no more.
// Long because both rows have many columns.
pub async fn listed(conn: &mut Conn, ids: &[i64]) -> Result<Vec<ListedCase>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query!(
        r#"SELECT c.id AS "id!", c.unionid AS "unionid!: UnionId", c.userid AS "userid?: UserId", c.nick AS "nick!",
             c.reason AS "reason!", c.state AS "state!", c.attempts AS "attempts!", c.first_seen_at AS "first_seen_at!",
             c.last_seen_at AS "last_seen_at!", c.last_request_id AS "last_request_id!", c.decided_by, c.decided_at,
             c.decision_reason, c.decision_scope AS "decision_scope!", c.matched_id, c.matched_unionid,
             p.standing AS "standing?", p.observed_at AS "observed_at?", p.userid AS "person_userid?: UserId",
             p.name AS "name?", p.avatar AS "avatar?", p.job_number AS "job_number?", p.title AS "title?",
             p.hired_date AS "hired_date?",
             ARRAY(SELECT coalesce(d.name, named.id::text) FROM unnest(p.dept_ids) WITH ORDINALITY AS named (id, place)
                   LEFT JOIN department d ON d.dept_id = named.id ORDER BY named.place) AS "departments!"
         FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, place) JOIN unmatched_login c USING (id)
         LEFT JOIN unmatched_person p ON p.case_id = c.id
         ORDER BY wanted.place"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    let listed = rows
        .into_iter()
        .map(|row| -> Result<ListedCase, StoreError> {
            let person = row
                .standing
                .zip(row.observed_at)
                .map(|(standing, observed_at)| DirectoryRecord {
                    case_id: row.id,
                    standing,
                    observed_at,
                    userid: row.person_userid,
                    name: row.name,
                    avatar: row.avatar,
                    job_number: row.job_number,
                    title: row.title,
                    hired_date: row.hired_date,
                    departments: row.departments,
                });
            let case = CaseRecord {
                id: row.id,
                unionid: row.unionid,
                userid: row.userid,
                nick: row.nick,
                reason: row.reason,
                state: row.state,
                attempts: row.attempts,
                first_seen_at: row.first_seen_at,
                last_seen_at: row.last_seen_at,
                last_request_id: row.last_request_id,
                decided_by: row.decided_by,
                decided_at: row.decided_at,
                decision_reason: row.decision_reason,
                decision_scope: row.decision_scope,
                matched_id: row.matched_id,
                matched_unionid: row.matched_unionid,
            };
            Ok(ListedCase {
                case: case.try_into()?,
                person: person.map(TryInto::try_into).transpose()?,
            })
        });
    listed.collect()
}

/// Stores what DingTalk answered at that time for somebody who is no member, unless a later answer is stored.
pub async fn store_standing(
    conn: &mut Conn,
    case_id: i64,
    standing: Standing,
    observed_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO unmatched_person AS p (case_id, standing, observed_at)
         SELECT id, $2, $3 FROM unmatched_login WHERE id = $1
         ON CONFLICT (case_id) DO UPDATE SET standing = EXCLUDED.standing, observed_at = EXCLUDED.observed_at,
             userid = NULL, name = NULL, avatar = NULL, job_number = NULL, title = NULL, hired_date = NULL, dept_ids = '{}'
         WHERE p.observed_at <= EXCLUDED.observed_at",
        case_id,
        standing.as_str(),
        observed_at,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores DingTalk's record of a member as of that time, unless a later answer is stored. The userid that it names
/// becomes that of the case, so that a decision binds both ids; a rejection keeps the userid that it binds.
pub async fn store_member(
    conn: &mut Conn,
    case_id: i64,
    person: &Person,
    observed_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    let dept_ids: Vec<i64> = person.departments.iter().map(|it| it.dept_id).collect();
    sqlx::query!(
        "WITH stored AS (
             INSERT INTO unmatched_person AS p (case_id, standing, observed_at, userid, name, avatar, job_number, title,
                 hired_date, dept_ids)
             SELECT id, 'member', $2, $3, $4, $5, $6, $7, $8, $9 FROM unmatched_login WHERE id = $1
             ON CONFLICT (case_id) DO UPDATE SET standing = EXCLUDED.standing, observed_at = EXCLUDED.observed_at,
                 userid = EXCLUDED.userid, name = EXCLUDED.name, avatar = EXCLUDED.avatar,
                 job_number = EXCLUDED.job_number, title = EXCLUDED.title, hired_date = EXCLUDED.hired_date,
                 dept_ids = EXCLUDED.dept_ids
             WHERE p.observed_at <= EXCLUDED.observed_at
             RETURNING case_id
         )
         UPDATE unmatched_login c SET userid = $3 FROM stored
         WHERE c.id = stored.case_id AND c.state = 'waiting' AND c.userid IS DISTINCT FROM $3",
        case_id,
        observed_at,
        person.userid.as_str(),
        person.name,
        person.avatar,
        person.job_number,
        person.title,
        person.hired_date,
        &dept_ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}
