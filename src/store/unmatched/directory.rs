//! Who the people of cases are in DingTalk's directory, as it last answered.

use chrono::{DateTime, Utc};

use crate::domain::case::Standing;
use crate::domain::ids::UserId;
use crate::domain::person::Person;
use crate::store::record::record;
use crate::store::{Conn, StoreError};

record! {
    /// The person of a case in the directory; only members have more than their standing.
    #[derive(Debug, Clone)]
    pub struct DirectoryPerson from DirectoryRecord in "unmatched_person" by case_id {
        pub case_id: i64,
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
    closed {
        pub standing: Standing,
    }
}

/// Returns the people of those of these cases that DingTalk has answered for.
pub async fn directory_people(
    conn: &mut Conn,
    case_ids: &[i64],
) -> Result<Vec<DirectoryPerson>, StoreError> {
    let rows = sqlx::query_as!(
        DirectoryRecord,
        r#"SELECT case_id, standing, observed_at, userid AS "userid: UserId", name, avatar, job_number, title, hired_date,
             ARRAY(SELECT coalesce(d.name, id::text) FROM unnest(p.dept_ids) WITH ORDINALITY AS named (id, place)
                   LEFT JOIN department d ON d.dept_id = id ORDER BY place) AS "departments!"
         FROM unmatched_person p WHERE case_id = ANY ($1)"#,
        case_ids,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
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
