//! The company's department tree. An older answer from DingTalk never replaces a newer one.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;
use crate::domain::ids::DeptId;
use crate::domain::person::Department;
use crate::domain::rights::Scope;

/// A department with the path of names that leads to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentName {
    pub dept_id: DeptId,
    pub name: String,
    /// The names of its parents, root first; empty for the root.
    pub parents: Vec<String>,
}

/// A department as shown in the administrators' list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DepartmentRow {
    pub dept_id: DeptId,
    pub name: String,
    /// The names of its parents, root first; empty for the root.
    pub parents: Vec<String>,
    /// Employed people who are directly in it.
    pub head_count: i64,
    /// Employed people in it or below it, each counted once.
    pub whole_count: i64,
    pub observed_at: DateTime<Utc>,
}

/// Writes a department from an answer requested at `asked_at`; returns whether it was written. It is not if the row
/// is from a later answer, or if a later event removed the department.
pub async fn upsert(
    conn: &mut Conn,
    department: &Department,
    asked_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "INSERT INTO department (dept_id, parent_id, name, sort_order, observed_at)
         SELECT $1, $2, $3, $4, $5
         WHERE NOT EXISTS (SELECT FROM event WHERE event_type = 'org_dept_remove' AND as_past(received_at) > $5 AND $1 = ANY (dept_ids))
         ON CONFLICT (dept_id) DO UPDATE SET
             parent_id = EXCLUDED.parent_id, name = EXCLUDED.name, sort_order = EXCLUDED.sort_order,
             observed_at = EXCLUDED.observed_at, updated_at = now()
         WHERE as_past(department.observed_at) <= EXCLUDED.observed_at",
        department.dept_id,
        department.parent_id,
        department.name,
        department.order,
        asked_at,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Removes a department that DingTalk, asked at `asked_at`, no longer knew, with all memberships in it; returns
/// whether there was one without a newer answer.
pub async fn remove(
    conn: &mut Conn,
    dept_id: DeptId,
    asked_at: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM department WHERE dept_id = $1 AND as_past(observed_at) <= $2",
        dept_id,
        asked_at
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "DELETE FROM staff_department WHERE dept_id = $1 AND NOT EXISTS (SELECT FROM department WHERE dept_id = $1)",
        dept_id,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Writes many departments at once, each as [`upsert`] does; returns those written.
pub async fn upsert_all(
    conn: &mut Conn,
    departments: &[(Department, DateTime<Utc>)],
) -> Result<Vec<DeptId>, StoreError> {
    let each = || departments.iter().map(|(department, _)| department);
    let dept_ids: Vec<i64> = each().map(|d| d.dept_id).collect();
    let parents: Vec<Option<i64>> = each().map(|d| d.parent_id).collect();
    let names: Vec<String> = each().map(|d| d.name.clone()).collect();
    let orders: Vec<Option<i64>> = each().map(|d| d.order).collect();
    let asked_at: Vec<DateTime<Utc>> = departments.iter().map(|(_, at)| *at).collect();
    let written = sqlx::query_scalar!(
        "INSERT INTO department (dept_id, parent_id, name, sort_order, observed_at)
         SELECT n.* FROM unnest($1::bigint[], $2::bigint[], $3::text[], $4::bigint[], $5::timestamptz[])
             AS n (dept_id, parent_id, name, sort_order, asked_at)
         WHERE NOT EXISTS (SELECT FROM event e WHERE e.event_type = 'org_dept_remove' AND as_past(e.received_at) > n.asked_at
             AND n.dept_id = ANY (e.dept_ids))
         ORDER BY n.dept_id
         ON CONFLICT (dept_id) DO UPDATE SET
             parent_id = EXCLUDED.parent_id, name = EXCLUDED.name, sort_order = EXCLUDED.sort_order,
             observed_at = EXCLUDED.observed_at, updated_at = now()
         WHERE as_past(department.observed_at) <= EXCLUDED.observed_at
         RETURNING dept_id",
        &dept_ids,
        &parents as &[Option<i64>],
        &names,
        &orders as &[Option<i64>],
        &asked_at,
    )
    .fetch_all(conn)
    .await?;
    Ok(written)
}

/// Removes many departments at once, each as [`remove`] does; returns those removed.
pub async fn remove_all(
    conn: &mut Conn,
    dept_ids: &[DeptId],
    asked_at: DateTime<Utc>,
) -> Result<Vec<DeptId>, StoreError> {
    let removed = sqlx::query_scalar!(
        "DELETE FROM department WHERE dept_id IN (
             SELECT dept_id FROM department WHERE dept_id = ANY ($1) AND as_past(observed_at) <= $2 ORDER BY dept_id FOR UPDATE)
         RETURNING dept_id",
        dept_ids,
        asked_at,
    )
    .fetch_all(&mut *conn)
    .await?;
    sqlx::query!(
        "DELETE FROM staff_department WHERE dept_id = ANY ($1)",
        &removed
    )
    .execute(conn)
    .await?;
    Ok(removed)
}

/// Returns the ids of all departments, in ascending order.
pub async fn ids(conn: &mut Conn) -> Result<Vec<DeptId>, StoreError> {
    Ok(
        sqlx::query_scalar!("SELECT dept_id FROM department ORDER BY dept_id")
            .fetch_all(conn)
            .await?,
    )
}

/// Returns all departments of the scope, in ascending order of their ids.
pub async fn all(conn: &mut Conn, scope: &Scope) -> Result<Vec<Department>, StoreError> {
    let departments = sqlx::query_as!(
        Department,
        r#"SELECT dept_id, parent_id, name, sort_order AS "order" FROM department
         WHERE $1::bigint[] IS NULL OR dept_id IN (SELECT departments_within($1)) ORDER BY dept_id"#,
        scope.departments(),
    )
    .fetch_all(conn)
    .await?;
    Ok(departments)
}

/// Returns the names of these departments; those not in the table are missing.
pub async fn names(
    conn: &mut Conn,
    dept_ids: &[DeptId],
) -> Result<Vec<DepartmentName>, StoreError> {
    named(conn, Some(dept_ids), &Scope::All).await
}

/// Returns every department of the scope to choose from, each after its parents.
pub async fn choices(conn: &mut Conn, scope: &Scope) -> Result<Vec<DepartmentName>, StoreError> {
    named(conn, None, scope).await
}

async fn named(
    conn: &mut Conn,
    dept_ids: Option<&[DeptId]>,
    scope: &Scope,
) -> Result<Vec<DepartmentName>, StoreError> {
    let departments = sqlx::query_as!(
        DepartmentName,
        r#"SELECT d.dept_id, d.name, up.parents AS "parents!"
         FROM department d CROSS JOIN LATERAL (
             WITH RECURSIVE climb AS (
                 SELECT d.parent_id AS next_id, 0 AS height, NULL::text AS name
                 UNION ALL
                 -- A move that is only half told may make a circle for a moment.
                 SELECT p.parent_id, climb.height + 1, p.name
                 FROM climb JOIN department p ON p.dept_id = climb.next_id
                 WHERE climb.height < 30 AND ($2::bigint[] IS NULL OR p.dept_id IN (SELECT departments_within($2)))
             )
             SELECT coalesce(array_agg(name ORDER BY height DESC) FILTER (WHERE height > 0), '{}') AS parents FROM climb
         ) up
         WHERE ($1::bigint[] IS NULL OR d.dept_id = ANY ($1))
           AND ($2::bigint[] IS NULL OR d.dept_id IN (SELECT departments_within($2)))
         ORDER BY up.parents || d.name, d.dept_id"#,
        dept_ids,
        scope.departments(),
    )
    .fetch_all(conn)
    .await?;
    Ok(departments)
}

/// Returns departments of the scope whose name contains `q`, or whose id is `q`, each after its parents.
pub async fn list(
    conn: &mut Conn,
    q: &str,
    scope: &Scope,
    limit: i64,
    offset: i64,
) -> Result<Vec<DepartmentRow>, StoreError> {
    let departments = sqlx::query_as!(
        DepartmentRow,
        r#"SELECT d.dept_id, d.name, up.parents AS "parents!", d.observed_at,
             (SELECT count(*) FROM staff_department m JOIN staff s USING (userid)
              WHERE m.dept_id = d.dept_id AND s.status = 'employed') AS "head_count!",
             (WITH RECURSIVE below AS (
                 SELECT d.dept_id AS dept_id UNION SELECT c.dept_id FROM department c JOIN below ON c.parent_id = below.dept_id
              ) SELECT count(DISTINCT m.userid) FROM below JOIN staff_department m USING (dept_id) JOIN staff s USING (userid)
              WHERE s.status = 'employed') AS "whole_count!"
         FROM department d CROSS JOIN LATERAL (
             WITH RECURSIVE climb AS (
                 SELECT d.parent_id AS next_id, 0 AS height, NULL::text AS name
                 UNION ALL
                 SELECT p.parent_id, climb.height + 1, p.name
                 FROM climb JOIN department p ON p.dept_id = climb.next_id
                 WHERE climb.height < 30 AND ($4::bigint[] IS NULL OR p.dept_id IN (SELECT departments_within($4)))
             )
             SELECT coalesce(array_agg(name ORDER BY height DESC) FILTER (WHERE height > 0), '{}') AS parents FROM climb
         ) up
         WHERE ($1 = '' OR strpos(lower(d.name), lower($1)) > 0 OR d.dept_id::text = $1)
           AND ($4::bigint[] IS NULL OR d.dept_id IN (SELECT departments_within($4)))
         ORDER BY up.parents || d.name, d.dept_id LIMIT $2 OFFSET $3"#,
        q,
        limit,
        offset,
        scope.departments(),
    )
    .fetch_all(conn)
    .await?;
    Ok(departments)
}

/// Returns how many departments match the filter of [`list`].
pub async fn count(conn: &mut Conn, q: &str, scope: &Scope) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM department
         WHERE ($1 = '' OR strpos(lower(name), lower($1)) > 0 OR dept_id::text = $1)
           AND ($2::bigint[] IS NULL OR dept_id IN (SELECT departments_within($2)))"#,
        q,
        scope.departments(),
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}
