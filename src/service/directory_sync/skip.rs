//! Records that a full sync skips.

use crate::domain::ids::{DeptId, UserId};
use crate::domain::skip_reason::SkipReason;

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
    /// Returns the skip of a person, if known, whose record fields a field.
    pub fn bad_person(userid: Option<UserId>, field: &'static str) -> Self {
        Self {
            userid,
            dept_id: None,
            name: None,
            reason: SkipReason::BadRecord(field.into()),
        }
    }

    /// Returns the skip of a department whose record fields a field.
    pub fn bad_department(dept_id: DeptId, field: &'static str) -> Self {
        Self {
            dept_id: Some(dept_id),
            ..Self::bad_person(None, field)
        }
    }
}
