//! Bulk reads and writes of the directory. The rules are those of [`crate::domain::employment`]: an older answer never replaces a
//! newer one, a manual decision stands, and what was stored since a run began wins over what the run has read.

mod finish;
mod write;

use std::collections::{HashMap, HashSet};

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::{StoreError, record};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{Membership, Person, Status};

pub use finish::{block_leave_events, finish, unblock_leave_events};
pub use write::{
    add, change, record_in_audit, record_unionid_changes, rehire, release_unionids, restore_unionid,
};

/// A row of the staff table with its departments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredPerson {
    pub person: Person,
    pub status: Status,
    pub left_at: Option<DateTime<Utc>>,
    /// Marked as left by an administrator; only a restore ends this.
    pub is_held: bool,
    /// When the data in this row was requested from DingTalk.
    pub observed_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// Finds the staff rows of these people, in the database's order of userids.
pub async fn stored_people(
    conn: &mut Conn,
    userids: &[String],
) -> Result<Vec<StoredPerson>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT s.userid AS "userid: UserId", s.unionid AS "unionid: UnionId", s.name, s.avatar, s.job_number, s.title,
             s.mobile, s.email, s.hired_date, s.status, as_past(s.left_at) AS left_at, s.held_at IS NOT NULL AS "is_held!",
             greatest(as_past(s.observed_at), '0001-01-01') AS "observed_at!", as_past(s.created_at) AS "created_at!",
             m.dept_ids AS "dept_ids!: Vec<i64>", m.orders AS "orders!: Vec<Option<i64>>", m.leaders AS "leaders!: Vec<bool>"
         FROM staff s CROSS JOIN LATERAL (
             SELECT coalesce(array_agg(dept_id ORDER BY dept_id), '{}') AS dept_ids,
                 coalesce(array_agg(sort_order ORDER BY dept_id), '{}') AS orders,
                 coalesce(array_agg(is_leader ORDER BY dept_id), '{}') AS leaders
             FROM staff_department d WHERE d.userid = s.userid
         ) m WHERE s.userid = ANY ($1) ORDER BY s.userid"#,
        userids,
    )
    .fetch_all(conn)
    .await?;
    let parse = |id: &UserId, status: &str| {
        let column = ("staff", "status");
        record::known(Status::parse, column, || id.to_string(), status)
    };
    let people = rows.into_iter().map(|row| {
        Ok(StoredPerson {
            status: parse(&row.userid, &row.status)?,
            person: Person {
                userid: row.userid,
                unionid: row.unionid,
                name: row.name,
                avatar: row.avatar,
                job_number: row.job_number,
                title: row.title,
                mobile: row.mobile,
                email: row.email,
                hired_date: row.hired_date,
                departments: memberships(row.dept_ids, row.orders, row.leaders),
            },
            left_at: row.left_at,
            is_held: row.is_held,
            observed_at: row.observed_at,
            created_at: row.created_at,
        })
    });
    people.collect()
}

/// Returns the recorded leave times of those of these people who have no row in the staff table.
pub async fn unknown_leavers(
    conn: &mut Conn,
    userids: &[String],
) -> Result<HashMap<UserId, DateTime<Utc>>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT userid AS "userid: UserId", as_past(left_at) AS "left_at!" FROM unknown_leaver WHERE userid = ANY ($1)"#,
        userids,
    )
    .fetch_all(conn)
    .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.userid, row.left_at))
        .collect())
}

/// Returns those of these unionids that belong to a person marked as left by an administrator.
pub async fn held_unionids(
    conn: &mut Conn,
    unionids: &[String],
) -> Result<HashSet<UnionId>, StoreError> {
    let unionids = sqlx::query_scalar!(
        r#"SELECT unionid AS "unionid!: UnionId" FROM staff WHERE unionid = ANY ($1) AND held_at IS NOT NULL"#,
        unionids,
    )
    .fetch_all(conn)
    .await?;
    Ok(unionids.into_iter().collect())
}

fn memberships(
    dept_ids: Vec<i64>,
    orders: Vec<Option<i64>>,
    leaders: Vec<bool>,
) -> Vec<Membership> {
    let rows = dept_ids.into_iter().zip(orders).zip(leaders);
    rows.map(|((dept_id, order), is_leader)| Membership {
        dept_id,
        order,
        is_leader,
    })
    .collect()
}

#[cfg(test)]
mod tests;
