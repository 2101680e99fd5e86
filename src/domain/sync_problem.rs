//! Why a full sync is not done.

use serde::{Deserialize, Serialize};

use super::closed_set::closed_set;

closed_set! {
    /// The kinds of reasons.
    pub enum SyncProblemCode {
        /// Another process took over, or the lease expired.
        Interrupted = "interrupted",
        ProcessStopped = "process_stopped",
        /// Postgres was restarted: the staging tables do not survive a crash.
        StagingLost = "staging_lost",
        /// Somebody else has decided about the stopped run meanwhile.
        NotWaiting = "not_waiting",
        NotAllowed = "not_allowed",
        Database = "database",
        Internal = "internal",
        /// A call to DingTalk failed.
        DingTalk = "dingtalk",
        /// A call to DingTalk about a department failed.
        DepartmentUnread = "department_unread",
        UnexpectedResponse = "unexpected_response",
        /// The app sees only a part of the company.
        LimitedScope = "limited_scope",
        EmptyDirectory = "empty_directory",
        TooManyFailures = "too_many_failures",
        TooManyDepartments = "too_many_departments",
        UnreadableDepartment = "unreadable_department",
        /// A department has members its list does not contain.
        MembersMissing = "members_missing",
        /// The cursor of a department's list does not advance.
        PagesRepeated = "pages_repeated",
        PagesEndless = "pages_endless",
        LeaverThreshold = "leaver_threshold",
    }
}

/// The values that the sentence of a code contains.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct SyncProblemParams {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub department: Option<i64>,
    /// The field that a record lacks.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub field: Option<String>,
    /// Number of withheld leavers, or of departments.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub employed: Option<i64>,
    /// The leaver threshold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub limit: Option<String>,
    /// Number of further problems.
    #[serde(skip_serializing_if = "is_zero")]
    pub more: u32,
}

#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "the signature that serde calls"
)]
fn is_zero(n: &u32) -> bool {
    *n == 0
}

/// Why a run is not done, without personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SyncProblem {
    /// `None` in rows written by earlier versions, whose detail is the whole reason.
    pub code: Option<SyncProblemCode>,
    pub params: SyncProblemParams,
    /// The technical detail, such as DingTalk's message.
    pub detail: Option<String>,
}

impl SyncProblem {
    pub fn of_department(code: SyncProblemCode, department: i64) -> Self {
        let params = SyncProblemParams {
            department: Some(department),
            ..SyncProblemParams::default()
        };
        Self {
            params,
            ..code.into()
        }
    }

    #[must_use]
    pub fn with_detail(self, detail: String) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }
}

impl From<SyncProblemCode> for SyncProblem {
    fn from(code: SyncProblemCode) -> Self {
        Self {
            code: Some(code),
            params: SyncProblemParams::default(),
            detail: None,
        }
    }
}
