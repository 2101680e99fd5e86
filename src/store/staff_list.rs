//! Reads the staff table for the administrators: search, export, and the page of one person.

mod facts;

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;
use super::record::record;
use super::sort::Sort;
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::{LeftCause, Status};
use crate::domain::rights::{ContactView, Scope};

pub use facts::{EventLine, Facts, HistoryLine, Place, events, facts, history, places};

/// Which people to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaffFilter {
    /// `None` for any status.
    pub status: Option<Status>,
    /// In this department or one below it.
    pub department: Option<DeptId>,
    /// People who see this app on their portal.
    pub app: Option<i64>,
    /// Part of a name, userid, unionid, job number, title or, unless they are masked, mobile or e-mail; empty for all.
    pub q: String,
    pub scope: Scope,
    pub contacts: ContactView,
}

impl StaffFilter {
    /// Returns the filter with the search text alone.
    pub fn text_only(&self) -> Self {
        Self {
            status: None,
            department: None,
            app: None,
            ..self.clone()
        }
    }

    fn status_name(&self) -> Option<&'static str> {
        self.status.map(Status::as_str)
    }
}

record! {
    /// A person as a row of the list and of the export.
    #[derive(Debug, Clone)]
    pub struct Row from RowRecord in "staff" by userid {
        pub userid: UserId,
        pub unionid: Option<UnionId>,
        pub name: String,
        pub avatar: Option<String>,
        pub job_number: Option<String>,
        pub title: Option<String>,
        pub mobile: Option<String>,
        pub email: Option<String>,
        pub hired_date: Option<DateTime<Utc>>,
        pub left_at: Option<DateTime<Utc>>,
        pub is_held: bool,
        /// The names of the departments, those that the person leads first.
        pub departments: Vec<String>,
    }
    closed {
        pub status: Status,
    }
    optional {
        pub left_cause: LeftCause,
    }
}

/// One page of people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StaffPage {
    /// How many people match the filter.
    pub total: i64,
    /// The userids of those on the page, in order.
    pub userids: Vec<String>,
    /// The name of the filter's app, if there is such an app.
    pub app: Option<String>,
}

/// Returns the userids of one page of people, by default the employed first, then by name, and how many people match.
pub async fn page(
    conn: &mut Conn,
    filter: &StaffFilter,
    sort: Option<Sort>,
    limit: i64,
    offset: i64,
) -> Result<StaffPage, StoreError> {
    let page = sqlx::query_as!(
        StaffPage,
        r#"WITH RECURSIVE under AS (
             SELECT $2::bigint AS dept_id
             UNION SELECT v.dept_id FROM app_department v WHERE v.app_id = $8
             UNION SELECT d.dept_id FROM department d JOIN under ON d.parent_id = under.dept_id
         ), found AS MATERIALIZED (
             SELECT s.userid, s.status, s.name, CASE $4::text WHEN 'name' THEN s.name WHEN 'userid' THEN s.userid
                 WHEN 'title' THEN s.title WHEN 'job_number' THEN s.job_number WHEN 'status' THEN s.status END AS key
             FROM staff s
             WHERE ($1::text IS NULL OR s.status = $1)
               AND ($2::bigint IS NULL AND ($8::bigint IS NULL OR EXISTS (SELECT FROM app a WHERE a.id = $8 AND a.is_for_all)) OR s.userid IN (
                     SELECT m.userid FROM staff_department m WHERE m.dept_id IN (SELECT dept_id FROM under)))
               AND ($3 = '' OR strpos(lower(concat_ws(E'\n', s.name, s.userid, s.unionid, s.job_number, s.title,
                     CASE WHEN $10 THEN concat_ws(E'\n', s.mobile, s.email) END)), lower($3)) > 0)
               AND ($9::bigint[] IS NULL OR s.userid IN (SELECT staff_within($9)))
         )
         SELECT (SELECT count(*) FROM found) AS "total!", ARRAY(
             SELECT userid FROM found
             ORDER BY CASE WHEN NOT $5 THEN key END NULLS LAST, CASE WHEN $5 THEN key END DESC NULLS LAST, status, name, userid
             LIMIT $6 OFFSET $7) AS "userids!",
             (SELECT a.name FROM app a WHERE a.id = $8) AS app"#,
        filter.status_name(),
        filter.department,
        filter.q,
        Sort::column(sort),
        Sort::is_descending(sort),
        limit,
        offset,
        filter.app,
        filter.scope.departments(),
        !filter.contacts.is_masked(),
    )
    .fetch_one(conn)
    .await?;
    Ok(page)
}

/// Returns the userids of all people who match, in the order of [`page`].
pub async fn userids(
    conn: &mut Conn,
    filter: &StaffFilter,
    sort: Option<Sort>,
) -> Result<Vec<String>, StoreError> {
    Ok(page(conn, filter, sort, i64::MAX, 0).await?.userids)
}

/// Returns people by userid, in the order of the userids.
pub async fn rows(conn: &mut Conn, userids: &[String]) -> Result<Vec<Row>, StoreError> {
    if userids.is_empty() {
        return Ok(Vec::new());
    }
    let rows = sqlx::query_as!(
        RowRecord,
        r#"SELECT s.userid AS "userid: UserId", s.unionid AS "unionid: UnionId", s.name, s.avatar, s.job_number, s.title,
             s.mobile, s.email, s.hired_date, s.status, s.left_at, s.left_cause, s.held_at IS NOT NULL AS "is_held!",
             ARRAY(SELECT d.name FROM staff_department m JOIN department d USING (dept_id)
                   WHERE m.userid = s.userid ORDER BY m.is_leader DESC, d.dept_id) AS "departments!"
         FROM unnest($1::text[]) WITH ORDINALITY AS wanted (userid, place) JOIN staff s USING (userid)
         ORDER BY wanted.place"#,
        userids
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// A selected person, and how many browsers they are signed in with.
#[derive(Debug, Clone)]
pub struct SelectedPerson {
    pub userid: String,
    pub name: String,
    pub sessions: i64,
}

/// Finds those of the selected people who are in the table and within the scope, by name.
pub async fn chosen(
    conn: &mut Conn,
    userids: &[String],
    scope: &Scope,
) -> Result<Vec<SelectedPerson>, StoreError> {
    let chosen = sqlx::query_as!(
        SelectedPerson,
        r#"SELECT s.userid, s.name, (SELECT count(*) FROM web_session w
                WHERE w.userid = s.userid AND is_live(w.created_at, w.last_seen_at, w.idle_expires_at, w.expires_at)) AS "sessions!"
         FROM staff s WHERE s.userid = ANY ($1) AND ($2::bigint[] IS NULL OR s.userid IN (SELECT staff_within($2)))
         ORDER BY s.name, s.userid"#,
        userids,
        scope.departments(),
    )
    .fetch_all(conn)
    .await?;
    Ok(chosen)
}

/// Returns how many people match the filter of [`userids`].
pub async fn count(conn: &mut Conn, filter: &StaffFilter) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"WITH RECURSIVE under AS (
             SELECT $2::bigint AS dept_id
             UNION SELECT v.dept_id FROM app_department v WHERE v.app_id = $4
             UNION SELECT d.dept_id FROM department d JOIN under ON d.parent_id = under.dept_id
         )
         SELECT count(*) AS "count!" FROM staff s
         WHERE ($1::text IS NULL OR s.status = $1)
           AND ($2::bigint IS NULL AND ($4::bigint IS NULL OR EXISTS (SELECT FROM app a WHERE a.id = $4 AND a.is_for_all)) OR s.userid IN (
                 SELECT m.userid FROM staff_department m WHERE m.dept_id IN (SELECT dept_id FROM under)))
           AND ($3 = '' OR strpos(lower(concat_ws(E'\n', s.name, s.userid, s.unionid, s.job_number, s.title,
                 CASE WHEN $6 THEN concat_ws(E'\n', s.mobile, s.email) END)), lower($3)) > 0)
           AND ($5::bigint[] IS NULL OR s.userid IN (SELECT staff_within($5)))"#,
        filter.status_name(),
        filter.department,
        filter.q,
        filter.app,
        filter.scope.departments(),
        !filter.contacts.is_masked(),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Returns whether the scope covers all of these people who have a row; if none has, it covers them only if it has no
/// limit.
pub async fn are_within(
    conn: &mut Conn,
    userids: &[String],
    scope: &Scope,
) -> Result<bool, StoreError> {
    let Some(departments) = scope.departments() else {
        return Ok(true);
    };
    let are_within = sqlx::query_scalar!(
        r#"SELECT coalesce(bool_and(s.userid IN (SELECT staff_within($2))), false) AS "are!" FROM staff s WHERE s.userid = ANY ($1)"#,
        userids,
        departments,
    )
    .fetch_one(conn)
    .await?;
    Ok(are_within)
}
