//! Runs of the full sync.

use std::time::Duration;

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
    /// Why a full sync is due. The first of several is the cause of the run.
    pub enum SyncReason {
        /// The staff table was empty when `serve` started.
        Empty = "empty",
        /// Events may have been lost.
        LostEvents = "lost_events",
        /// A scheduled time has come.
        Schedule = "schedule",
    }
}

impl SyncReason {
    pub fn cause(self) -> SyncCause {
        match self {
            Self::Empty => SyncCause::Empty,
            Self::LostEvents => SyncCause::LostEvents,
            Self::Schedule => SyncCause::Schedule,
        }
    }

    /// Returns the delays after unsuccessful attempts. After the last one, a scheduled sync waits for the next scheduled
    /// time; the others repeat it.
    pub fn waits(self) -> &'static [Duration] {
        match self {
            Self::Empty => &EMPTY_WAITS,
            Self::LostEvents => &LOST_EVENTS_WAITS,
            Self::Schedule => &SCHEDULE_WAITS,
        }
    }

    /// Returns the delay after this many unsuccessful attempts, or `None` if there is no further one.
    fn wait_after(self, attempts: usize) -> Option<Duration> {
        let waits = self.waits();
        let wait = waits.get(attempts.checked_sub(1)?);
        let last = || (self != Self::Schedule).then(|| waits.last()).flatten();
        wait.or_else(last).copied()
    }
}

const EMPTY_WAITS: [Duration; 4] = [
    Duration::from_secs(10),
    Duration::from_secs(30),
    Duration::from_mins(1),
    Duration::from_mins(5),
];
const LOST_EVENTS_WAITS: [Duration; 7] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_mins(30),
    Duration::from_hours(1),
    Duration::from_hours(3),
];
const SCHEDULE_WAITS: [Duration; 3] = [
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(1),
];

/// Returns the shortest delay of the reasons after this many unsuccessful attempts, or `None` if there is no further
/// attempt.
pub fn wait_after(reasons: &[SyncReason], attempts: i32) -> Option<Duration> {
    let attempts = usize::try_from(attempts).ok()?;
    let waits = reasons
        .iter()
        .filter_map(|reason| reason.wait_after(attempts));
    waits.min()
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

#[cfg(test)]
mod tests {
    use super::SyncReason::{Empty, LostEvents, Schedule};
    use super::*;

    fn minutes(reasons: &[SyncReason]) -> Vec<Option<u64>> {
        let waits = (1..=8).map(|attempts| wait_after(reasons, attempts));
        waits
            .map(|wait| wait.map(|wait| wait.as_secs() / 60))
            .collect()
    }

    #[test]
    fn a_scheduled_sync_is_retried_three_times() {
        let waits = minutes(&[Schedule]);
        assert_eq!(waits[..4], [Some(10), Some(30), Some(60), None]);
        assert_eq!(waits[7], None);
    }

    #[test]
    fn a_sync_for_lost_events_is_retried_for_ever() {
        let waits = [1, 5, 10, 30, 30, 60, 180, 180].map(Some);
        assert_eq!(minutes(&[LostEvents]), waits);
    }

    #[test]
    fn the_shortest_delay_of_several_reasons_applies() {
        assert_eq!(minutes(&[Schedule, LostEvents]), minutes(&[LostEvents]));
        assert_eq!(
            wait_after(&[LostEvents, Empty], 1),
            Some(Duration::from_secs(10))
        );
        assert_eq!(
            wait_after(&[Schedule, Empty], 8),
            Some(Duration::from_mins(5))
        );
        assert_eq!(wait_after(&[], 1), None);
    }
}
