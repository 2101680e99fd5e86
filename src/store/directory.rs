//! The directory as a whole: read in one go, written many rows at a time. The rules are those of
//! [`super::staff`]: an older answer never replaces a newer one, a decision by hand stands, and what
//! has landed since a run began wins over what the run has read.

mod columns;
mod write;

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::PgConnection;

use super::{StoreError, department};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{Department, Membership, Person, Status};

pub use write::{
    Written, add, change, forget_unionids, hold_off_leavings, lock_absent, note_in_audit,
    return_again,
};

/// A row of the staff table with its departments.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownPerson {
    pub person: Person,
    pub status: Status,
    pub left_at: Option<DateTime<Utc>>,
    /// Marked as left by an administrator, which only a restore ends.
    pub is_held: bool,
    /// When the answer that the row holds was asked for.
    pub looked_at: DateTime<Utc>,
    pub created_at: DateTime<Utc>,
}

/// All that the tables say of the company at one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Current {
    pub people: Vec<KnownPerson>,
    /// When people left whom the staff table does not hold.
    pub unknown_leavers: HashMap<UserId, DateTime<Utc>>,
    pub departments: Vec<Department>,
}

impl Current {
    /// How many people work here.
    pub fn count_employed(&self) -> usize {
        self.people
            .iter()
            .filter(|known| known.status == Status::Employed)
            .count()
    }
}

/// Reads all of it. Inside a transaction that is not of the level "repeatable read", the parts may
/// be some milliseconds apart.
pub async fn current(conn: &mut PgConnection) -> Result<Current, StoreError> {
    Ok(Current {
        departments: department::all(conn).await?,
        unknown_leavers: unknown_leavers(conn).await?,
        people: people(conn).await?,
    })
}

async fn unknown_leavers(
    conn: &mut PgConnection,
) -> Result<HashMap<UserId, DateTime<Utc>>, StoreError> {
    let rows = sqlx::query!(r#"SELECT userid AS "userid: UserId", left_at FROM unknown_leaver"#)
        .fetch_all(conn)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| (row.userid, row.left_at))
        .collect())
}

async fn people(conn: &mut PgConnection) -> Result<Vec<KnownPerson>, StoreError> {
    let rows = sqlx::query!(
        r#"SELECT s.userid AS "userid: UserId", s.unionid AS "unionid: UnionId", s.name, s.avatar, s.job_number, s.title,
             s.mobile, s.email, s.hired_date, s.status, s.left_at, s.held_at IS NOT NULL AS "is_held!",
             greatest(s.looked_at, '0001-01-01') AS "looked_at!", s.created_at,
             m.dept_ids AS "dept_ids!: Vec<i64>", m.orders AS "orders!: Vec<Option<i64>>", m.leaders AS "leaders!: Vec<bool>"
         FROM staff s CROSS JOIN LATERAL (
             SELECT coalesce(array_agg(dept_id ORDER BY dept_id), '{}') AS dept_ids,
                 coalesce(array_agg(sort_order ORDER BY dept_id), '{}') AS orders,
                 coalesce(array_agg(is_leader ORDER BY dept_id), '{}') AS leaders
             FROM staff_department d WHERE d.userid = s.userid
         ) m ORDER BY s.userid"#
    )
    .fetch_all(conn)
    .await?;
    let known = rows.into_iter().map(|row| KnownPerson {
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
        // The table's CHECK allows no third word; an unknown one opens no gate.
        status: Status::parse(&row.status).unwrap_or(Status::Left),
        left_at: row.left_at,
        is_held: row.is_held,
        looked_at: row.looked_at,
        created_at: row.created_at,
    });
    Ok(known.collect())
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
