//! A person as DingTalk describes them, and the status of an employment.

use chrono::{DateTime, Utc};

use super::closed_set::closed_set;
use super::ids::{DeptId, UnionId, UserId};

/// DingTalk's record of one member: the fields that the staff table stores.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub userid: UserId,
    /// `None` where the app may not read it.
    pub unionid: Option<UnionId>,
    pub name: String,
    pub avatar: Option<String>,
    pub job_number: Option<String>,
    pub title: Option<String>,
    pub mobile: Option<String>,
    pub email: Option<String>,
    pub hired_date: Option<DateTime<Utc>>,
    /// One entry per department, ordered by department id, without duplicates.
    pub departments: Vec<Membership>,
}

/// A person's membership of a department.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    pub dept_id: DeptId,
    /// DingTalk's sort order, beyond 2^53 in practice.
    pub order: Option<i64>,
    pub is_leader: bool,
}

closed_set! {
    /// The employment status in the staff table.
    pub enum Status {
        Employed = "employed",
        Left = "left",
    }
}

closed_set! {
    /// What ended an employment.
    pub enum LeftCause {
        Event = "event",
        Sync = "sync",
        Manual = "manual",
        /// DingTalk answered 60121 to a recheck that no leave event had announced.
        UnknownToDingTalk = "unknown_to_dingtalk",
    }
}

/// A department as DingTalk describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    pub dept_id: DeptId,
    /// `None` for the root.
    pub parent_id: Option<DeptId>,
    pub name: String,
    pub order: Option<i64>,
}
