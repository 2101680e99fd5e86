//! Why a login fails.

use std::time::Duration;

use super::state::InvalidState;
use crate::domain::case::Refusal;
use crate::store::StoreError;
use crate::upstream::{LoginSlotError, UpstreamError};

/// Retry time after a timeout.
pub(super) const AFTER_TIMEOUT: Duration = Duration::from_secs(5);

/// Why nobody was signed in.
#[derive(Debug, thiserror::Error)]
pub enum LoginError {
    #[error("the state is {0}")]
    InvalidState(InvalidState),
    #[error("there is no code, or DingTalk refuses it")]
    InvalidCode,
    #[error("the person, or DingTalk, has broken the login off")]
    Cancelled,
    #[error("refused: {}", refusal.as_str())]
    Refused {
        refusal: Refusal,
        nick: String,
        /// The token by which the browser of somebody who waits can ask for the review's result.
        waiting_token: Option<String>,
    },
    #[error("DingTalk is not available")]
    DingTalkUnavailable {
        retry_after: Duration,
        /// Neither the code nor the state has been used, so the same request may be repeated.
        is_unspent: bool,
    },
    #[error("the turn for DingTalk did not come in time")]
    QueueTimeout { retry_after: Duration },
    #[error("DingTalk refuses us")]
    Misconfigured(#[source] UpstreamError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<UpstreamError> for LoginError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Store(error) => Self::Store(error),
            error if error.is_unavailable() => Self::DingTalkUnavailable {
                retry_after: error.retry_after(),
                is_unspent: false,
            },
            error => Self::Misconfigured(error),
        }
    }
}

impl From<LoginSlotError> for LoginError {
    fn from(error: LoginSlotError) -> Self {
        let retry_after = match error {
            LoginSlotError::Full { retry_after } => retry_after,
            LoginSlotError::TimedOut => {
                return Self::QueueTimeout {
                    retry_after: AFTER_TIMEOUT,
                };
            }
            LoginSlotError::Upstream(error) => match Self::from(error) {
                Self::DingTalkUnavailable { retry_after, .. } => retry_after,
                error => return error,
            },
        };
        Self::DingTalkUnavailable {
            retry_after,
            is_unspent: true,
        }
    }
}
