//! Why a run fails or ends early.

use chrono::{DateTime, Utc};

use crate::domain::sync_problem::{SyncProblem, SyncProblemCode};
use crate::service::admins::ActError;
use crate::store::StoreError;
use crate::upstream::UpstreamError;

/// Why a run produced no summary.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("a full sync is already running, started by {by} at {}", since.format("%Y-%m-%d %H:%M:%S UTC"))]
    AlreadyRunning { by: String, since: DateTime<Utc> },
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another run has taken over, because this one did not renew its lease.
    #[error("interrupted: its place has been taken")]
    Interrupted,
    #[error("interrupted: the process was told to stop")]
    Stopped,
    /// Postgres was restarted: the staging tables do not survive a crash.
    #[error("interrupted: Postgres was restarted and has forgotten what the run had read")]
    Forgotten,
    /// Somebody else decided about the leavers of the stopped run while they were being verified.
    #[error("the stopped run does not wait for a decision any more")]
    NotWaiting,
    /// The person who started the run on its page has lost the right meanwhile.
    #[error("the actor no longer has the right")]
    NoLongerAllowed,
}

impl SyncError {
    /// Returns what the run's row says of it.
    pub(super) fn problem(&self) -> SyncProblem {
        match self {
            Self::Store(error) => {
                SyncProblem::from(SyncProblemCode::Database).with_detail(with_causes(error))
            }
            Self::AlreadyRunning { .. } | Self::Interrupted => SyncProblemCode::Interrupted.into(),
            Self::Stopped => SyncProblemCode::ProcessStopped.into(),
            Self::Forgotten => SyncProblemCode::StagingLost.into(),
            Self::NotWaiting => SyncProblemCode::NotWaiting.into(),
            Self::NoLongerAllowed => SyncProblemCode::NotAllowed.into(),
        }
    }
}

/// Returns the messages of an error and its causes.
fn with_causes(error: &StoreError) -> String {
    let mut messages = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        messages = format!("{messages}: {error}");
        cause = error.source();
    }
    messages
}

impl From<ActError> for SyncError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Store(error) => Self::Store(error),
            _ => Self::NoLongerAllowed,
        }
    }
}

/// Reasons to end a run before anything is written.
pub(super) enum Abort {
    Store(StoreError),
    Problem(Box<SyncProblem>),
}

impl From<SyncProblem> for Abort {
    fn from(problem: SyncProblem) -> Self {
        Self::Problem(Box::new(problem))
    }
}

impl Abort {
    /// Returns the error if the remaining requests are still worth making; any other error aborts the run.
    pub(super) fn unless_passing(error: UpstreamError) -> Result<UpstreamError, Self> {
        match error {
            UpstreamError::Store(error) => Err(Self::Store(error)),
            UpstreamError::Paused { .. } => Err(dingtalk_problem(&error).into()),
            UpstreamError::Api(_) => Ok(error),
        }
    }
}

pub(super) fn dingtalk_problem(error: &UpstreamError) -> SyncProblem {
    SyncProblem::from(SyncProblemCode::DingTalk).with_detail(error.to_string())
}
