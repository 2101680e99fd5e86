//! What came of a question to DingTalk, and when to ask it again.

use std::time::Duration;

use crate::dingtalk::ApiError;
use crate::service::upstream::UpstreamError;
use crate::store::{StoreError, staff};

/// What came of one question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Answer {
    Done,
    Failed(Fault),
    /// The question was put back: this process stops, or DingTalk leaves others unanswered.
    NotAsked,
}

/// How a question failed, the gravest last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Gravity {
    /// The record cannot be read, or there is a fault of ours: asking again changes nothing.
    Bad,
    /// DingTalk or a rule of the table refuses what is asked about, which somebody may mend.
    Refused,
    /// DingTalk refuses us: once somebody has mended that, the same question is answered.
    AgainstUs,
    /// Nobody answers: time mends it.
    Unavailable,
}

/// A failed question. The reason is shown to administrators; it holds nothing personal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    pub gravity: Gravity,
    pub reason: String,
}

impl Fault {
    /// The fault of a worker that has panicked.
    pub fn panicked() -> Self {
        Self {
            gravity: Gravity::Bad,
            reason: "a fault in Dinggate: see the log".to_owned(),
        }
    }
}

impl From<UpstreamError> for Fault {
    fn from(error: UpstreamError) -> Self {
        let (gravity, reason) = match &error {
            // Half an answer, or a gateway's: the next one may be whole.
            UpstreamError::Api(ApiError::Malformed {
                what: "JSON" | "an end",
                ..
            }) => (Gravity::Unavailable, error.to_string()),
            UpstreamError::Api(ApiError::Malformed { .. } | ApiError::BadRecord { .. }) => {
                (Gravity::Bad, error.to_string())
            }
            UpstreamError::Store(store) if store.violates(staff::EMPLOYED_UNIONID) => (
                Gravity::Refused,
                "somebody else who is employed has the same unionid".to_owned(),
            ),
            UpstreamError::Store(StoreError::Statement(cause)) => {
                tracing::error!(%cause, "a statement failed while an event was applied");
                (Gravity::Refused, error.to_string())
            }
            UpstreamError::Api(refusal) if refusal.speaks_of_us() => {
                (Gravity::AgainstUs, error.to_string())
            }
            error if error.is_unavailable() => (Gravity::Unavailable, error.to_string()),
            error => (Gravity::Refused, error.to_string()),
        };
        Self { gravity, reason }
    }
}

impl From<Result<(), UpstreamError>> for Answer {
    fn from(result: Result<(), UpstreamError>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(error) => Self::Failed(error.into()),
        }
    }
}

/// How long to wait after this many attempts: 1, 2, 4, 8, then always 15 seconds, give or take a
/// fifth, so that instances and events do not come back all at once.
pub(super) fn back_off(attempts: i32) -> Duration {
    let seconds = match attempts {
        ..=1 => 1.0,
        2 => 2.0,
        3 => 4.0,
        4 => 8.0,
        _ => 15.0,
    };
    Duration::from_secs_f64(seconds * rand::random_range(0.8..=1.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_fifteen_seconds() {
        for (attempts, seconds) in [
            (0, 1.0),
            (1, 1.0),
            (2, 2.0),
            (3, 4.0),
            (4, 8.0),
            (5, 15.0),
            (5000, 15.0),
        ] {
            for _ in 0..50 {
                let wait = back_off(attempts).as_secs_f64();
                assert!(
                    (seconds * 0.799..=seconds * 1.201).contains(&wait),
                    "{attempts}: {wait}"
                );
            }
        }
    }

    #[test]
    fn failures_are_told_apart_by_what_mends_them() {
        let gravity = |error: UpstreamError| Fault::from(error).gravity;
        let api = "topapi/v2/user/get";
        assert_eq!(
            gravity(
                ApiError::Malformed {
                    api,
                    what: "userid"
                }
                .into()
            ),
            Gravity::Bad
        );
        assert_eq!(
            gravity(ApiError::Timeout { api }.into()),
            Gravity::Unavailable
        );
        assert_eq!(
            gravity(UpstreamError::Paused {
                retry_after: Duration::from_secs(9)
            }),
            Gravity::Unavailable
        );
        assert_eq!(
            gravity(StoreError::Unavailable(None).into()),
            Gravity::Unavailable
        );
        let refused = |api, code| {
            let message = "no".into();
            gravity(ApiError::Refused { api, code, message }.into())
        };
        for code in [40079, 43007, 50002, 50004, 60011, 60020, 90020] {
            assert_eq!(refused(api, code), Gravity::AgainstUs, "{code}");
        }
        assert_eq!(refused("gettoken", 40035), Gravity::AgainstUs);
        assert_eq!(
            gravity(ApiError::TokenRejected { api, code: 40014 }.into()),
            Gravity::AgainstUs
        );
        for code in [40035, 60003, 88] {
            assert_eq!(refused(api, code), Gravity::Refused, "{code}");
        }
        assert_eq!(
            gravity(StoreError::Statement(sqlx::Error::RowNotFound).into()),
            Gravity::Refused
        );
    }
}
