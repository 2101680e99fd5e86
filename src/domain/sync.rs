//! Runs of the full sync.

use super::closed_set::closed_set;

closed_set! {
    /// The state of a run.
    pub enum SyncState {
        Running = "running",
        /// Everything was read and applied.
        Done = "done",
        /// Something could not be read; nobody was marked as left.
        Partial = "partial",
        /// The leaver threshold withheld the leavers.
        Stopped = "stopped",
        Failed = "failed",
    }
}

closed_set! {
    /// Why a run was started.
    pub enum SyncCause {
        Schedule = "schedule",
        /// An administrator, on the syncs page.
        Admin = "admin",
        /// `dinggate sync`.
        Command = "command",
        /// An administrator has approved the leavers of a stopped run.
        Approval = "approval",
        /// Events may have been lost while Dinggate could not receive them.
        LostEvents = "lost_events",
        /// The staff table was empty when `serve` started.
        Empty = "empty",
    }
}

closed_set! {
    /// What became of the leavers of a stopped run.
    pub enum SyncDecision {
        Approved = "approved",
        Discarded = "discarded",
        /// A later, complete run made a decision unnecessary.
        Superseded = "superseded",
    }
}

closed_set! {
    /// What a run has done with one record.
    pub enum ChangeKind {
        Added = "added",
        Changed = "changed",
        Returned = "returned",
        Left = "left",
        Withheld = "withheld",
        Skipped = "skipped",
        DepartmentAdded = "department_added",
        DepartmentChanged = "department_changed",
        DepartmentRemoved = "department_removed",
    }
}

closed_set! {
    /// The step in which a person is written.
    pub enum Step {
        Leave = "leave",
        /// A change that releases a unionid.
        Move = "move",
        Return = "return",
        Add = "add",
        Change = "change",
    }
}

/// Number of records of each kind: in a plan, and once it is applied, in the result and in the run's row.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct SyncCounts {
    pub added: i32,
    pub changed: i32,
    pub returned: i32,
    pub left: i32,
    /// Leavers withheld by the leaver threshold.
    pub withheld: i32,
    pub skipped: i32,
    /// Rows that are up to date; they are not staged.
    pub unchanged: i32,
    pub departments_added: i32,
    pub departments_changed: i32,
    pub departments_removed: i32,
}

impl SyncCounts {
    /// Returns the number of records as the columns hold it.
    pub fn of(records: usize) -> i32 {
        i32::try_from(records).unwrap_or(i32::MAX)
    }
}
