//! What a person's portal shows, in one statement.

use crate::store::Conn;
use chrono::{DateTime, Utc};
use serde::Deserialize;
use sqlx::types::Json;

use super::StoreError;
use crate::domain::ids::UserId;

/// The fields of their own row that the portal shows to people, their departments, and the apps that they may see.
pub struct Portal {
    pub name: String,
    pub avatar: Option<String>,
    pub title: Option<String>,
    pub job_number: Option<String>,
    pub mobile: Option<String>,
    pub email: Option<String>,
    pub hired_date: Option<DateTime<Utc>>,
    pub departments: Json<Vec<Membership>>,
    /// In the administrators' order.
    pub apps: Json<Vec<Tile>>,
    /// Whether any app exists.
    pub is_any_app: bool,
}

/// A department that the person is in.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Membership {
    /// The names from the root to the department itself.
    pub names: Vec<String>,
    pub is_leader: bool,
}

/// An app as a tile.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Tile {
    pub name: String,
    pub url: String,
    pub description: String,
    pub icon: Option<String>,
    pub colour: String,
}

/// Finds the portal of a person. The apps are those for all, and those of a department that the person is in or
/// below.
pub async fn find(conn: &mut Conn, userid: &UserId) -> Result<Option<Portal>, StoreError> {
    let portal = sqlx::query_as!(
        Portal,
        r#"WITH RECURSIVE mine AS (
             -- UNION visits each department once, so that a cycle of parents ends.
             SELECT m.dept_id FROM staff_department m WHERE m.userid = $1
             UNION SELECT d.parent_id FROM mine JOIN department d USING (dept_id) WHERE d.parent_id IS NOT NULL
         ), climb AS (
             SELECT m.dept_id, m.is_leader, d.parent_id AS next_id, 0 AS height, d.name
             FROM staff_department m JOIN department d USING (dept_id) WHERE m.userid = $1
             UNION ALL
             -- Here every step is kept, so a cycle ends at the highest step.
             SELECT climb.dept_id, climb.is_leader, p.parent_id, climb.height + 1, p.name
             FROM climb JOIN department p ON p.dept_id = climb.next_id WHERE climb.height < 30
         ), place AS (
             SELECT dept_id, is_leader, array_agg(name ORDER BY height DESC) AS names FROM climb GROUP BY dept_id, is_leader
         )
         SELECT s.name, s.avatar, s.title, s.job_number, s.mobile, s.email, s.hired_date,
             (SELECT coalesce(json_agg(json_build_object('names', names, 'is_leader', is_leader) ORDER BY names, dept_id), '[]')
              FROM place) AS "departments!: Json<Vec<Membership>>",
             (SELECT coalesce(json_agg(json_build_object('name', a.name, 'url', a.url, 'description', a.description,
                  'icon', a.icon, 'colour', a.colour) ORDER BY a.position, a.id), '[]')
              FROM app a WHERE a.is_shown AND (a.is_for_all OR EXISTS (
                  SELECT FROM app_department v JOIN mine USING (dept_id) WHERE v.app_id = a.id)))
                 AS "apps!: Json<Vec<Tile>>",
             EXISTS (SELECT FROM app) AS "is_any_app!"
         FROM staff s WHERE s.userid = $1"#,
        userid.as_str(),
    )
    .fetch_optional(conn)
    .await?;
    Ok(portal)
}
