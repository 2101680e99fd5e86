//! Keeps the terms under which people and cases are found. Triggers queue the rows that were written; this computes
//! their terms, in batches, because Postgres cannot spell names in pinyin.

use crate::domain::search_term::Searchable;
use crate::store::{Conn, StoreError};

/// Computes the terms of up to `limit` queued rows; returns how many rows were queued. Runs in one transaction. A row
/// that another instance works on, or whose writer has not committed, is left for later.
pub async fn index_due(conn: &mut Conn, limit: i64) -> Result<usize, StoreError> {
    let due = sqlx::query!(
        "DELETE FROM search_term_due d USING (
             SELECT id, is_case FROM search_term_due ORDER BY due_at LIMIT $1 FOR UPDATE SKIP LOCKED
         ) taken WHERE d.id = taken.id AND d.is_case = taken.is_case RETURNING d.id, d.is_case",
        limit,
    )
    .fetch_all(&mut *conn)
    .await?;
    if due.is_empty() {
        return Ok(0);
    }
    let (cases, people): (Vec<_>, Vec<_>) = due.iter().partition(|row| row.is_case);
    let ids =
        |rows: Vec<&_>, id: fn(&_) -> String| rows.into_iter().map(id).collect::<Vec<String>>();
    let (cases, people) = (
        ids(cases, |row| row.id.clone()),
        ids(people, |row| row.id.clone()),
    );
    let found = of_people(conn, &people).await?;
    write(conn, &people, false, &found).await?;
    let found = of_cases(conn, &cases).await?;
    write(conn, &cases, true, &found).await?;
    Ok(due.len())
}

/// Returns what these people are found by.
async fn of_people(
    conn: &mut Conn,
    userids: &[String],
) -> Result<Vec<(String, Searchable)>, StoreError> {
    let rows = sqlx::query!(
        "SELECT userid, unionid, name, job_number, mobile, email FROM staff WHERE userid = ANY ($1)",
        userids,
    )
    .fetch_all(conn)
    .await?;
    let searchable = rows.into_iter().map(|row| {
        let ids = [Some(row.userid.clone()), row.unionid, row.job_number];
        let found = Searchable {
            names: vec![row.name],
            ids: ids.into_iter().flatten().collect(),
            mobile: row.mobile,
            emails: row.email.into_iter().collect(),
        };
        (row.userid, found)
    });
    Ok(searchable.collect())
}

/// Returns what these cases are found by: what the login said, and what DingTalk's directory says of the person.
async fn of_cases(
    conn: &mut Conn,
    ids: &[String],
) -> Result<Vec<(String, Searchable)>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT c.id::text AS "id!", c.unionid AS "unionid!", c.userid AS "userid?", c.nick AS "nick!",
             p.userid AS "person_userid?", p.name AS "name?", p.job_number AS "job_number?"
         FROM unmatched_login c LEFT JOIN unmatched_person p ON p.case_id = c.id
         WHERE c.id = ANY ($1::text[]::bigint[])"#,
        ids,
    )
    .fetch_all(conn)
    .await?;
    let searchable = rows.into_iter().map(|row| {
        let ids = [
            Some(row.unionid),
            row.userid,
            row.person_userid,
            row.job_number,
        ];
        let found = Searchable {
            names: [Some(row.nick), row.name].into_iter().flatten().collect(),
            ids: ids.into_iter().flatten().collect(),
            ..Searchable::default()
        };
        (row.id, found)
    });
    Ok(searchable.collect())
}

/// Replaces the terms of these rows; those that no longer exist have none.
async fn write(
    conn: &mut Conn,
    ids: &[String],
    are_cases: bool,
    found: &[(String, Searchable)],
) -> Result<(), StoreError> {
    let (mut owners, mut texts, mut contacts) = (Vec::new(), Vec::new(), Vec::new());
    for (id, searchable) in found {
        for term in searchable.terms() {
            owners.push(id.clone());
            texts.push(term.text);
            contacts.push(term.is_contact);
        }
    }
    sqlx::query!(
        "DELETE FROM search_term WHERE id = ANY ($1) AND is_case = $2",
        ids,
        are_cases,
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO search_term (id, term, is_contact, is_case)
         SELECT n.*, $4 FROM unnest($1::text[], $2::text[], $3::boolean[]) AS n",
        &owners,
        &texts,
        &contacts,
        are_cases,
    )
    .execute(conn)
    .await?;
    Ok(())
}
