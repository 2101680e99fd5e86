//! Reasons for which a full sync skips a record.

use std::fmt;

use crate::domain::ids::{DeptId, UserId};

/// A skipped record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Skip {
    /// `None` if not even the userid could be read.
    pub userid: Option<UserId>,
    /// The department, unless the record is a person.
    pub dept_id: Option<DeptId>,
    pub name: Option<String>,
    pub reason: SkipReason,
}

impl Skip {
    /// Returns the skip of a person, if known, whose record lacks a field.
    pub fn bad_person(userid: Option<UserId>, lack: &'static str) -> Self {
        Self {
            userid,
            dept_id: None,
            name: None,
            reason: SkipReason::BadRecord(lack),
        }
    }

    /// Returns the skip of a department whose record lacks a field.
    pub fn bad_department(dept_id: DeptId, lack: &'static str) -> Self {
        Self {
            dept_id: Some(dept_id),
            ..Self::bad_person(None, lack)
        }
    }
}

/// Why a record was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SkipReason {
    /// An administrator has marked the person as left.
    Held,
    /// The person has left, and a partial run cannot revert that.
    HasLeft,
    /// Another employed row has the unionid.
    UnionidShared,
    /// No department lists the person, but DingTalk still knows them when asked.
    StillKnown,
    /// DingTalk knows the person again when asked after an administrator's approval.
    KnownAgain,
    /// DingTalk's record lacks this field, or has it in an unreadable format.
    BadRecord(&'static str),
    /// Postgres rejected the record.
    NotStored,
    /// An event or a recheck has updated the person since the plan was built.
    Overtaken,
}

impl SkipReason {
    /// Returns the reason in Chinese, for the admin pages.
    pub fn in_chinese(self) -> String {
        match self {
            Self::Held => "管理员已标记为离职".to_owned(),
            Self::HasLeft => "已离职，需一次完整的同步才能恢复".to_owned(),
            Self::UnionidShared => "unionid 与另一名在职人员相同".to_owned(),
            Self::StillKnown => "没有部门列出此人，但钉钉仍能查到".to_owned(),
            Self::KnownAgain => "钉钉又能查到此人，未标记离职".to_owned(),
            Self::BadRecord(field) => format!("钉钉返回的记录缺少字段或无法识别：{field}"),
            Self::NotStored => "数据库未接受此记录".to_owned(),
            Self::Overtaken => "此后又有此人的新消息，未标记离职".to_owned(),
        }
    }
}

impl fmt::Display for SkipReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Held => f.write_str("marked as left by an administrator"),
            Self::HasLeft => f.write_str("has left, which only a complete run takes back"),
            Self::UnionidShared => f.write_str("another employed person has the same unionid"),
            Self::StillKnown => {
                f.write_str("listed in no department, but DingTalk still knows the person")
            }
            Self::KnownAgain => f.write_str("DingTalk knows the person again"),
            Self::BadRecord(field) => write!(f, "DingTalk's record lacks a readable {field}"),
            Self::NotStored => f.write_str("the database did not take the record"),
            Self::Overtaken => f.write_str("something newer has been heard of the person since"),
        }
    }
}
