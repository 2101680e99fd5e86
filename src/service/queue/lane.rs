//! What the worker needs to know of a lane.

use std::time::Duration;

use super::pool::{Outcome, Pool, Process, Task, TaskError};
use crate::domain::queue::LaneName;
use crate::store::StoreError;

/// A lane of the queue: one kind of items, claimed from one table. A worker creates one for each run, which lasts
/// until nothing is due.
pub trait Lane: Send {
    type Task: Task;
    /// Which items a claim takes, and how many.
    type Claim: Send;

    const NAME: LaneName;
    /// Maximum number of tasks in flight.
    const CONCURRENCY: usize;
    /// How long tasks in flight may continue once the process is to stop.
    const SHUTDOWN_GRACE: Duration = Duration::from_secs(4);

    /// Returns how the tasks are carried out.
    fn process(&self) -> Process<Self::Task>;

    /// Returns the next claim to make, or `None` if enough items are claimed.
    fn next_claim(&self, pool: &Pool<Self::Task>) -> Option<Self::Claim>;

    /// Claims items.
    fn claim(
        &mut self,
        claim: Self::Claim,
    ) -> impl Future<Output = Result<ClaimBatch<Self::Task>, StoreError>> + Send;

    /// Claims further items that the tasks to be started next can settle as well.
    fn claim_related(
        &mut self,
        _next: &[Self::Task],
    ) -> impl Future<Output = ClaimBatch<Self::Task>> + Send {
        std::future::ready(ClaimBatch::default())
    }

    /// Records how a task ended, or that it was not started.
    fn finish(
        &mut self,
        task: Self::Task,
        outcome: Outcome<<Self::Task as Task>::Error>,
    ) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// Records the items that need no further task; called after each claim and at the end.
    fn flush(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send {
        std::future::ready(Ok(()))
    }

    /// Renews the leases of the claimed items.
    fn renew(&mut self) -> impl Future<Output = Result<(), StoreError>> + Send;
}

/// The result of a claim.
pub struct ClaimBatch<T> {
    pub tasks: Vec<T>,
    /// The number of claimed items; several may share a task.
    pub count: usize,
    /// Whether the next claim may be made at once: there may be more, and a slot is free.
    pub may_be_more: bool,
}

impl<T> Default for ClaimBatch<T> {
    fn default() -> Self {
        Self {
            tasks: Vec::new(),
            count: 0,
            may_be_more: false,
        }
    }
}

impl<T> ClaimBatch<T> {
    /// Returns items that are a task each, claimed for the free slots alone.
    pub fn for_slots(tasks: Vec<T>, limit: i64) -> Self {
        Self {
            count: tasks.len(),
            may_be_more: i64::try_from(tasks.len()) == Ok(limit),
            tasks,
        }
    }
}

/// About as many tasks as DingTalk accepts calls in a second.
const MAX_WAITING: usize = 20;
/// If more than this many wait, nothing is claimed: claiming for each free slot would cause too many claims.
const ENOUGH_WAITING: usize = 10;

/// Returns how many more items may be claimed while this many tasks wait, or `None` if enough wait. No more is claimed
/// than can be looked up soon, so that all instances share the work and more urgent work comes next on whichever
/// instance it is stored.
pub fn room(waiting: usize) -> Option<i64> {
    if waiting > ENOUGH_WAITING {
        return None;
    }
    i64::try_from(MAX_WAITING - waiting).ok()
}

/// Why a task failed whose lane stores nothing else about a failure.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PlainError {
    Panicked,
    /// The reason, which the task has stored.
    Recorded(String),
}

impl TaskError for PlainError {
    fn panicked() -> Self {
        Self::Panicked
    }

    fn is_unanswered(&self) -> bool {
        false
    }

    fn reason(&self) -> &str {
        match self {
            Self::Panicked => "a fault in Dinggate: see the log",
            Self::Recorded(reason) => reason,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_made_several_at_a_time() {
        assert_eq!(room(0), Some(20));
        assert_eq!(room(10), Some(10));
        assert_eq!(room(11), None);
        assert_eq!(room(1000), None);
    }
}
