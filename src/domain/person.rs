//! A person as DingTalk describes one, and the state of an employment.

use chrono::{DateTime, Utc};

use super::ids::{DeptId, UnionId, UserId};

/// What DingTalk says of one member: the fields that the staff table keeps.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    pub userid: UserId,
    /// Absent where the app may not see it.
    pub unionid: Option<UnionId>,
    pub name: String,
    pub avatar: Option<String>,
    pub job_number: Option<String>,
    pub title: Option<String>,
    pub mobile: Option<String>,
    pub email: Option<String>,
    pub hired_date: Option<DateTime<Utc>>,
    /// One entry a department, ordered by department id, none twice.
    pub departments: Vec<Membership>,
}

/// One department of one person.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    pub dept_id: DeptId,
    /// DingTalk's sorting number, beyond 2^53 in practice.
    pub order: Option<i64>,
    pub is_leader: bool,
}

/// What the staff table says of an employment.
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

    /// Reads a status as the table and the filters spell it.
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
    /// DingTalk answered 60121 to a look that no leaving had announced.
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

/// A department as DingTalk describes one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    pub dept_id: DeptId,
    /// None for the root.
    pub parent_id: Option<DeptId>,
    pub name: String,
    pub order: Option<i64>,
}
