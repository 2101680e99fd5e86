//! The company's apps, and who can see each.

use crate::store::Conn;

use super::StoreError;
use crate::domain::app::{App, Audience};
use crate::domain::ids::DeptId;

/// An app as shown in the administrators' list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppRow {
    pub id: i64,
    pub name: String,
    pub url: String,
    pub description: String,
    pub icon: Option<String>,
    pub colour: String,
    pub is_shown: bool,
    pub is_for_all: bool,
    /// The names of its departments, and the ids of those that no longer exist.
    pub departments: Vec<String>,
    /// How many employed people may see it.
    pub audience: i64,
}

/// Returns all apps in the administrators' order.
pub async fn list(conn: &mut Conn) -> Result<Vec<AppRow>, StoreError> {
    rows(conn, None).await
}

pub async fn find(conn: &mut Conn, id: i64) -> Result<Option<AppRow>, StoreError> {
    Ok(rows(conn, Some(id)).await?.pop())
}

async fn rows(conn: &mut Conn, id: Option<i64>) -> Result<Vec<AppRow>, StoreError> {
    let rows = sqlx::query_as!(
        AppRow,
        r#"WITH RECURSIVE under AS (
             SELECT app_id, dept_id FROM app_department WHERE $1::bigint IS NULL OR app_id = $1
             UNION SELECT u.app_id, d.dept_id FROM under u JOIN department d ON d.parent_id = u.dept_id
         ), audience AS (
             SELECT u.app_id, count(DISTINCT m.userid) AS people
             FROM under u JOIN staff_department m USING (dept_id) JOIN staff s USING (userid)
             WHERE s.status = 'employed' GROUP BY u.app_id
         )
         SELECT a.id, a.name, a.url, a.description, a.icon, a.colour, a.is_shown, a.is_for_all,
             ARRAY(SELECT coalesce(d.name, v.dept_id::text) FROM app_department v LEFT JOIN department d USING (dept_id)
                   WHERE v.app_id = a.id ORDER BY d.name, v.dept_id) AS "departments!",
             CASE WHEN a.is_for_all THEN (SELECT count(*) FROM staff WHERE status = 'employed')
                  ELSE coalesce(w.people, 0) END AS "audience!"
         FROM app a LEFT JOIN audience w ON w.app_id = a.id
         WHERE $1::bigint IS NULL OR a.id = $1
         ORDER BY a.position, a.id"#,
        id,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// Returns the name of an app.
pub async fn name(conn: &mut Conn, id: i64) -> Result<Option<String>, StoreError> {
    Ok(
        sqlx::query_scalar!("SELECT name FROM app WHERE id = $1", id)
            .fetch_optional(conn)
            .await?,
    )
}

/// Returns the departments that were chosen for an app, whether or not they still exist.
pub async fn departments_of(conn: &mut Conn, id: i64) -> Result<Vec<DeptId>, StoreError> {
    Ok(sqlx::query_scalar!(
        "SELECT dept_id FROM app_department WHERE app_id = $1 ORDER BY dept_id",
        id
    )
    .fetch_all(conn)
    .await?)
}

/// Returns how many employed people are in these departments or below them, each counted once.
pub async fn audience(conn: &mut Conn, dept_ids: &[DeptId]) -> Result<i64, StoreError> {
    let people = sqlx::query_scalar!(
        r#"WITH RECURSIVE under AS (
             SELECT dept_id FROM unnest($1::bigint[]) AS chosen (dept_id)
             UNION SELECT d.dept_id FROM department d JOIN under ON d.parent_id = under.dept_id
         )
         SELECT count(DISTINCT m.userid) AS "people!"
         FROM under JOIN staff_department m USING (dept_id) JOIN staff s USING (userid) WHERE s.status = 'employed'"#,
        dept_ids,
    )
    .fetch_one(conn)
    .await?;
    Ok(people)
}

/// Adds an app after all others; returns its id.
pub async fn insert(conn: &mut Conn, app: &App) -> Result<i64, StoreError> {
    let id = sqlx::query_scalar!(
        "INSERT INTO app (name, url, description, icon, colour, is_shown, is_for_all, position)
         SELECT $1, $2, $3, $4, $5, $6, $7, coalesce(max(position), 0) + 1 FROM app RETURNING id",
        app.name,
        app.address.as_str(),
        app.description,
        app.icon,
        app.colour,
        app.is_shown,
        app.audience == Audience::All,
    )
    .fetch_one(&mut *conn)
    .await?;
    set_departments(conn, id, &app.audience.departments()).await?;
    Ok(id)
}

/// Replaces the fields of an app; returns false if it does not exist.
pub async fn update(conn: &mut Conn, id: i64, app: &App) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE app SET name = $2, url = $3, description = $4, icon = $5, colour = $6, is_shown = $7, is_for_all = $8,
             updated_at = now()
         WHERE id = $1",
        id,
        app.name,
        app.address.as_str(),
        app.description,
        app.icon,
        app.colour,
        app.is_shown,
        app.audience == Audience::All,
    )
    .execute(&mut *conn)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    set_departments(conn, id, &app.audience.departments()).await?;
    Ok(true)
}

async fn set_departments(conn: &mut Conn, id: i64, dept_ids: &[DeptId]) -> Result<(), StoreError> {
    sqlx::query!(
        "DELETE FROM app_department WHERE app_id = $1 AND dept_id <> ALL ($2)",
        id,
        dept_ids
    )
    .execute(&mut *conn)
    .await?;
    sqlx::query!(
        "INSERT INTO app_department (app_id, dept_id) SELECT $1, unnest($2::bigint[]) ON CONFLICT DO NOTHING",
        id,
        dept_ids
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Shows or hides an app; returns its name if that changed anything.
pub async fn set_shown(
    conn: &mut Conn,
    id: i64,
    is_shown: bool,
) -> Result<Option<String>, StoreError> {
    Ok(sqlx::query_scalar!(
        "UPDATE app SET is_shown = $2, updated_at = now() WHERE id = $1 AND is_shown <> $2 RETURNING name",
        id,
        is_shown
    )
    .fetch_optional(conn)
    .await?)
}

/// Deletes an app; returns its name.
pub async fn delete(conn: &mut Conn, id: i64) -> Result<Option<String>, StoreError> {
    Ok(
        sqlx::query_scalar!("DELETE FROM app WHERE id = $1 RETURNING name", id)
            .fetch_optional(conn)
            .await?,
    )
}

/// Returns the ids of all apps in the administrators' order, which no one else can change until this transaction
/// ends.
pub async fn lock_order(conn: &mut Conn) -> Result<Vec<i64>, StoreError> {
    // A separate statement, so that the next one sees what was committed while this one waited.
    sqlx::query!("LOCK TABLE app IN SHARE ROW EXCLUSIVE MODE")
        .execute(&mut *conn)
        .await?;
    Ok(
        sqlx::query_scalar!("SELECT id FROM app ORDER BY position, id")
            .fetch_all(conn)
            .await?,
    )
}

/// Puts the apps into this order.
pub async fn set_order(conn: &mut Conn, ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE app SET position = wanted.position
         FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, position)
         WHERE app.id = wanted.id AND app.position <> wanted.position",
        ids
    )
    .execute(conn)
    .await?;
    Ok(())
}
