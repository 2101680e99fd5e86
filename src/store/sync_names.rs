//! The names for a run's records, and which of them have their own pages.

use std::collections::{BTreeMap, BTreeSet};

use crate::store::Conn;

use super::StoreError;
use crate::domain::ids::DeptId;

/// Returns those of these userids that the staff table contains.
pub async fn known_people(
    conn: &mut Conn,
    userids: &[String],
) -> Result<BTreeSet<String>, StoreError> {
    let known = sqlx::query_scalar!("SELECT userid FROM staff WHERE userid = ANY ($1)", userids)
        .fetch_all(conn)
        .await?;
    Ok(known.into_iter().collect())
}

/// Returns the names of these departments, without those that the table does not contain.
pub async fn department_names(
    conn: &mut Conn,
    dept_ids: &[DeptId],
) -> Result<BTreeMap<DeptId, String>, StoreError> {
    let rows = sqlx::query!(
        "SELECT dept_id, name FROM department WHERE dept_id = ANY ($1)",
        dept_ids
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.dept_id, row.name))
        .collect())
}
