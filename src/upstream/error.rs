//! Why a call to DingTalk failed.

use std::time::Duration;

use dingtalk::ApiError;

use crate::store::StoreError;

/// Why DingTalk could not be asked, or did not answer the question.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Our IP address is banned; all calls wait.
    #[error("calls to DingTalk are paused for {} s, since it has banned our address", retry_after.as_secs())]
    Paused { retry_after: Duration },
}

impl UpstreamError {
    /// Whether a later attempt may succeed without a change of settings.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Store(_) | Self::Paused { .. } => true,
            Self::Api(error) => error.is_unavailable(),
        }
    }

    /// Whether DingTalk says that it does not know the person.
    pub fn is_unknown_person(&self) -> bool {
        matches!(self, Self::Api(error) if error.is_unknown_person())
    }

    /// Whether DingTalk says that the department does not exist.
    pub fn is_unknown_department(&self) -> bool {
        matches!(self, Self::Api(error) if error.is_unknown_department())
    }

    /// Returns the missing field if DingTalk has returned the requested record but it cannot be read.
    pub fn bad_record(&self) -> Option<&'static str> {
        match self {
            Self::Api(ApiError::BadRecord { field, .. }) => Some(field),
            _ => None,
        }
    }

    /// Returns DingTalk's error code, if there was one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Api(error) => error.code(),
            _ => None,
        }
    }

    /// Returns when a login is worth another attempt, in whole seconds.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Paused { retry_after } => (*retry_after).max(Duration::from_secs(1)),
            _ => Duration::from_secs(5),
        }
    }
}
