//! The result of a run, in numbers.

use crate::domain::sync::{SyncCounts, SyncState};
use crate::domain::sync_problem::{SyncProblem, SyncProblemCode, SyncProblemParams};
use std::sync::atomic::Ordering;

use super::build_plan::BuiltPlan;
use super::lease::Calls;
use crate::config::Percentage;

/// The final state of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Everything was read and applied.
    Done,
    /// Something could not be read: the rest is written, nobody is marked as left.
    Partial,
    /// The leaver threshold was exceeded: nobody is marked as left, the rest is applied.
    Stopped,
    /// Nothing was read, or DingTalk has banned us: nothing is applied.
    Failed,
}

impl State {
    pub fn as_str(self) -> &'static str {
        SyncState::from(self).as_str()
    }
}

impl From<State> for SyncState {
    fn from(state: State) -> Self {
        match state {
            State::Done => Self::Done,
            State::Partial => Self::Partial,
            State::Stopped => Self::Stopped,
            State::Failed => Self::Failed,
        }
    }
}

/// A summary, and whether the run was finished in the transaction that applied the plan.
pub(super) struct Outcome {
    pub summary: Summary,
    pub has_ended: bool,
}

impl Outcome {
    /// Returns the outcome of a run that has changed nothing.
    pub fn idle(summary: Summary) -> Self {
        Self {
            summary,
            has_ended: false,
        }
    }
}

/// What a run has done, or what a dry run would do.
#[derive(Debug, Clone)]
pub struct Summary {
    pub state: State,
    pub counts: SyncCounts,
    /// Number of calls to DingTalk.
    pub calls: i32,
    /// Why the run is not done.
    pub problem: Option<SyncProblem>,
}

impl Summary {
    pub(super) fn failed(calls: &Calls, problem: SyncProblem) -> Self {
        Self {
            problem: Some(problem),
            ..Self::new(State::Failed, SyncCounts::default(), calls)
        }
    }

    pub(super) fn of_plan(
        plan: &BuiltPlan<'_>,
        problem: Option<SyncProblem>,
        limit: Percentage,
        calls: &Calls,
    ) -> Self {
        let counts = plan.writer.counts;
        let (state, problem) = if problem.is_some() {
            (State::Partial, problem)
        } else if counts.withheld > 0 {
            let params = SyncProblemParams {
                count: Some(counts.withheld.into()),
                employed: Some(plan.employed),
                limit: Some(limit.to_string()),
                ..SyncProblemParams::default()
            };
            let problem = SyncProblem {
                params,
                ..SyncProblemCode::LeaverThreshold.into()
            };
            (State::Stopped, Some(problem))
        } else {
            (State::Done, None)
        };
        Self {
            problem,
            ..Self::new(state, counts, calls)
        }
    }

    pub(super) fn new(state: State, counts: SyncCounts, calls: &Calls) -> Self {
        Self {
            state,
            counts,
            calls: calls.load(Ordering::Relaxed),
            problem: None,
        }
    }

    /// Replaces the planned counts by the applied ones.
    pub(super) fn once_applied(self, counts: SyncCounts, calls: &Calls) -> Outcome {
        let summary = Self {
            problem: self.problem,
            ..Self::new(self.state, counts, calls)
        };
        Outcome {
            summary,
            has_ended: true,
        }
    }

    pub(super) fn log(&self, run: i64) {
        let problem = self.problem.as_ref();
        let counts = &self.counts;
        tracing::info!(
            run,
            state = self.state.as_str(),
            problem = problem
                .and_then(|problem| problem.code)
                .map(SyncProblemCode::as_str),
            detail = problem.and_then(|problem| problem.detail.as_deref()),
            added = counts.added,
            changed = counts.changed,
            returned = counts.returned,
            left = counts.left,
            unchanged = counts.unchanged,
            skipped = counts.skipped,
            withheld = counts.withheld,
            calls = self.calls,
            "full sync ended"
        );
    }
}
