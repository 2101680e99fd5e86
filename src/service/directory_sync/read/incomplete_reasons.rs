//! Why a crawl is incomplete.

use crate::domain::sync_problem::SyncProblem;

/// The first reason, which also has the number of further ones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IncompleteReasons(Option<SyncProblem>);

impl IncompleteReasons {
    pub fn add(&mut self, problem: impl Into<SyncProblem>) {
        match &mut self.0 {
            Some(first) => first.params.more += 1,
            None => self.0 = Some(problem.into()),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Returns the first reason.
    pub fn first(&self) -> Option<SyncProblem> {
        self.0.clone()
    }
}
