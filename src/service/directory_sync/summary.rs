//! What a run has done, in numbers.

use super::apply::Applied;
use super::plan::Plan;
use super::read::Problems;
use super::skip::Skip;
use crate::config::Share;
use crate::store::sync_run::Ending;

/// How a run ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Everything was read, and everything done.
    Done,
    /// Something could not be read: what was is written, nobody is marked as left.
    Partial,
    /// More leavers than may be marked without being asked: nobody is, the rest is done.
    Stopped,
    /// Nothing was read, or DingTalk has banned us: nothing is done.
    Failed,
}

impl State {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Partial => "partial",
            Self::Stopped => "stopped",
            Self::Failed => "failed",
        }
    }
}

/// What a run has done, or would do.
#[derive(Debug, Clone)]
pub struct Summary {
    pub state: State,
    pub added: usize,
    pub changed: usize,
    pub returned: usize,
    pub left: usize,
    pub unchanged: usize,
    /// The records that were passed over, each with its reason.
    pub skips: Vec<Skip>,
    /// Leavers that the brake has held back.
    pub held_back: usize,
    /// Questions put to DingTalk.
    pub calls: i32,
    /// Why the run is not done, without anything personal.
    pub problem: Option<String>,
    /// The plan of a dry run.
    pub plan: Option<Plan>,
}

impl Summary {
    pub(super) fn failed(problem: String) -> Self {
        Self {
            state: State::Failed,
            added: 0,
            changed: 0,
            returned: 0,
            left: 0,
            unchanged: 0,
            skips: Vec::new(),
            held_back: 0,
            calls: 0,
            problem: Some(problem),
            plan: None,
        }
    }

    pub(super) fn of_plan(plan: &Plan, problems: &Problems, employed: usize, limit: Share) -> Self {
        let held_back = plan.held_back.len();
        let (state, problem) = if !problems.is_empty() {
            (State::Partial, Some(problems.to_string()))
        } else if held_back > 0 {
            let problem = format!(
                "{held_back} of {employed} employed people would be marked as left, more than {limit}"
            );
            (State::Stopped, Some(problem))
        } else {
            (State::Done, None)
        };
        Self {
            state,
            added: plan.added.len(),
            changed: plan.changed.len(),
            returned: plan.returned.len(),
            left: plan.leavers.len(),
            unchanged: plan.unchanged,
            skips: plan.skipped.clone(),
            held_back,
            calls: 0,
            problem,
            plan: None,
        }
    }

    /// Replaces what was planned by what was done.
    pub(super) fn correct_by(&mut self, applied: Applied) {
        self.added = applied.added;
        self.changed = applied.changed;
        self.returned = applied.returned;
        self.left = applied.left;
        self.unchanged += applied.overtaken;
        self.skips.extend(applied.skips);
    }

    /// How many records were passed over.
    pub fn skipped(&self) -> usize {
        self.skips.len()
    }

    pub(super) fn ending(&self) -> Ending<'_> {
        let count = |number: usize| i32::try_from(number).unwrap_or(i32::MAX);
        Ending {
            state: self.state.as_str(),
            calls: self.calls,
            added: count(self.added),
            changed: count(self.changed),
            returned: count(self.returned),
            left: count(self.left),
            unchanged: count(self.unchanged),
            skipped: count(self.skipped()),
            held_back: count(self.held_back),
            error: self.problem.as_deref(),
        }
    }

    pub(super) fn log(&self, run: i64) {
        let (state, problem) = (self.state.as_str(), self.problem.as_deref());
        let (added, changed, returned, left) = (self.added, self.changed, self.returned, self.left);
        let (unchanged, skipped, held_back, calls) =
            (self.unchanged, self.skipped(), self.held_back, self.calls);
        tracing::info!(
            run,
            state,
            problem,
            added,
            changed,
            returned,
            left,
            unchanged,
            skipped,
            held_back,
            calls,
            "full sync ended"
        );
    }
}
