//! Reads the company's department tree with its head counts, and the people of one department.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::{StoreError, department};
use crate::domain::department_tree::{HeadCount, Tree};
use crate::domain::ids::{DeptId, UserId};
use crate::domain::rights::Scope;

/// An employed person in a department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    pub userid: UserId,
    pub name: String,
    pub avatar: Option<String>,
    pub title: Option<String>,
    pub is_leader: bool,
}

/// Returns all departments of the scope, with the employed people in each.
pub async fn tree(conn: &mut Conn, scope: &Scope) -> Result<Tree, StoreError> {
    let departments = department::all(conn, scope).await?;
    let crowds = sqlx::query_as!(
        HeadCount,
        r#"SELECT dept_ids AS "dept_ids!", count(*) AS "people!" FROM (
             SELECT array_agg(m.dept_id) AS dept_ids FROM staff_department m JOIN staff s USING (userid)
             WHERE s.status = 'employed' GROUP BY m.userid
         ) one GROUP BY dept_ids"#
    )
    .fetch_all(conn)
    .await?;
    Ok(Tree::new(departments, &crowds))
}

/// Returns when the data in a department's row was requested from DingTalk; `None` if there is no row.
pub async fn observed_at(
    conn: &mut Conn,
    dept_id: DeptId,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let observed_at = sqlx::query_scalar!(
        "SELECT observed_at FROM department WHERE dept_id = $1",
        dept_id
    )
    .fetch_optional(conn)
    .await?;
    Ok(observed_at)
}

/// Returns the employed people directly in a department: its leaders first, then in DingTalk's order, which puts the
/// greatest number first.
pub async fn members(
    conn: &mut Conn,
    dept_id: DeptId,
    limit: i64,
    offset: i64,
) -> Result<Vec<Member>, StoreError> {
    let members = sqlx::query_as!(
        Member,
        r#"SELECT s.userid AS "userid: UserId", s.name, s.avatar, s.title, m.is_leader
         FROM staff_department m JOIN staff s USING (userid)
         WHERE m.dept_id = $1 AND s.status = 'employed'
         ORDER BY m.is_leader DESC, m.sort_order DESC NULLS LAST, s.name, s.userid LIMIT $2 OFFSET $3"#,
        dept_id,
        limit,
        offset,
    )
    .fetch_all(conn)
    .await?;
    Ok(members)
}
