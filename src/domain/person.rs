//! A person as DingTalk describes them, and the status of an employment.

use chrono::{DateTime, Utc};

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

/// The employment status in the staff table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Employed,
    Left,
}

impl Status {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Employed => "employed",
            Self::Left => "left",
        }
    }

    /// Parses a status as the table and the filters spell it.
    pub fn parse(text: &str) -> Option<Self> {
        match text {
            "employed" => Some(Self::Employed),
            "left" => Some(Self::Left),
            _ => None,
        }
    }
}

/// What ended an employment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LeftCause {
    Event,
    Sync,
    Manual,
    /// DingTalk answered 60121 to a recheck that no leave event had announced.
    UnknownToDingTalk,
}

impl LeftCause {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Sync => "sync",
            Self::Manual => "manual",
            Self::UnknownToDingTalk => "unknown_to_dingtalk",
        }
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
