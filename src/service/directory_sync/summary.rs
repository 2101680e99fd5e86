//! The result of a run, in numbers.

use crate::domain::sync::SyncState;
use std::sync::atomic::Ordering;

use super::build_plan::BuiltPlan;
use super::lease::Calls;
use super::plan_writer::PlanCounts;
use super::read::IncompleteReasons;
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
    pub added: usize,
    pub changed: usize,
    pub returned: usize,
    pub left: usize,
    pub unchanged: usize,
    /// Skipped records.
    pub skipped: usize,
    /// Leavers withheld by the leaver threshold.
    pub withheld: usize,
    /// Number of calls to DingTalk.
    pub calls: i32,
    /// Why the run is not done, without personal data.
    pub problem: Option<String>,
}

impl Summary {
    pub(super) fn failed(calls: &Calls, problem: String) -> Self {
        Self {
            problem: Some(problem),
            ..Self::of_tally(State::Failed, PlanCounts::default(), calls)
        }
    }

    pub(super) fn of_plan(
        survey: &BuiltPlan<'_>,
        problems: &IncompleteReasons,
        limit: Percentage,
        calls: &Calls,
    ) -> Self {
        let tally = survey.book.tally;
        let (withheld, employed) = (tally.withheld, survey.employed);
        let (state, problem) = if !problems.is_empty() {
            (State::Partial, Some(problems.to_string()))
        } else if withheld > 0 {
            let problem = format!(
                "{withheld} of {employed} employed people would be marked as left, more than {limit}"
            );
            (State::Stopped, Some(problem))
        } else {
            (State::Done, None)
        };
        Self {
            problem,
            ..Self::of_tally(state, tally, calls)
        }
    }

    pub(super) fn of_tally(state: State, tally: PlanCounts, calls: &Calls) -> Self {
        Self {
            state,
            added: tally.added,
            changed: tally.changed,
            returned: tally.returned,
            left: tally.left,
            unchanged: tally.unchanged,
            skipped: tally.skipped,
            withheld: tally.withheld,
            calls: calls.load(Ordering::Relaxed),
            problem: None,
        }
    }

    /// Replaces the planned counts by the applied ones.
    pub(super) fn once_applied(self, tally: PlanCounts, calls: &Calls) -> Outcome {
        let summary = Self {
            problem: self.problem,
            ..Self::of_tally(self.state, tally, calls)
        };
        Outcome {
            summary,
            has_ended: true,
        }
    }

    pub(super) fn log(&self, run: i64) {
        tracing::info!(
            run,
            state = self.state.as_str(),
            problem = self.problem.as_deref(),
            added = self.added,
            changed = self.changed,
            returned = self.returned,
            left = self.left,
            unchanged = self.unchanged,
            skipped = self.skipped,
            withheld = self.withheld,
            calls = self.calls,
            "full sync ended"
        );
    }
}
