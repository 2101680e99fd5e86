//! The outcome of a lookup at DingTalk, and when to retry it.

use std::time::Duration;

use crate::domain::ids::UserId;
use crate::service::employment::Outcome;
use crate::service::queue;
use crate::store::StoreError;
use crate::upstream::{ApiError, UpstreamError};

/// The outcome of one lookup.
pub type LookupOutcome = queue::Outcome<LookupError>;

/// Why a lookup failed, the most severe last.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ErrorClass {
    /// The record cannot be read, or there is a bug in Dinggate: a retry changes nothing.
    Permanent,
    /// DingTalk or a table constraint rejects the subject, which somebody may fix.
    Rejected,
    /// The subject is outside the app's scope, which somebody may extend.
    OutOfScope,
    /// Another employed row has the unionid: it is free as soon as that person leaves or gets another one.
    UnionidTaken,
    /// DingTalk rejects the app: once somebody has fixed that, the same lookup succeeds.
    Misconfigured,
    /// No answer: resolves with time.
    Unavailable,
}

/// A failed lookup. The reason is shown to administrators and contains no personal data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LookupError {
    pub class: ErrorClass,
    pub reason: String,
}

impl LookupError {
    /// Whether the failure does not concern the subject: DingTalk is unreachable or rejects the app.
    pub fn is_outage(&self) -> bool {
        matches!(
            self.class,
            ErrorClass::Misconfigured | ErrorClass::Unavailable
        )
    }

    /// Returns the delay before the next attempt, given the number of attempts so far.
    pub fn back_off(&self, attempts: i32) -> Duration {
        match self.class {
            ErrorClass::OutOfScope => in_steps(attempts, &OUT_OF_SCOPE_WAITS),
            ErrorClass::UnionidTaken => in_steps(attempts, &UNIONID_TAKEN_WAITS),
            _ => in_steps(attempts, &WAITS),
        }
    }

    /// Returns the error of a person whose unionid belongs to the given employed row.
    fn unionid_taken(holder: Option<&UserId>) -> Self {
        let reason = match holder {
            Some(holder) => format!(
                "the employed {} has the same unionid; the rest of the record is up to date",
                holder.as_str()
            ),
            None => "somebody else who is employed has the same unionid".to_owned(),
        };
        Self {
            class: ErrorClass::UnionidTaken,
            reason,
        }
    }
}

impl queue::TaskError for LookupError {
    fn panicked() -> Self {
        Self {
            class: ErrorClass::Permanent,
            reason: "a fault in Dinggate: see the log".to_owned(),
        }
    }

    fn is_unanswered(&self) -> bool {
        self.class == ErrorClass::Unavailable
    }

    fn reason(&self) -> &str {
        &self.reason
    }
}

impl From<UpstreamError> for LookupError {
    fn from(error: UpstreamError) -> Self {
        let (class, reason) = match &error {
            // A truncated response, or one from a gateway: the next one may be complete.
            UpstreamError::Api(ApiError::Malformed {
                what: "JSON" | "an end",
                ..
            }) => (ErrorClass::Unavailable, error.to_string()),
            UpstreamError::Api(ApiError::Malformed { .. } | ApiError::BadRecord { .. }) => {
                (ErrorClass::Permanent, error.to_string())
            }
            UpstreamError::Store(StoreError::Statement(cause)) => {
                tracing::error!(%cause, "database statement failed while applying an event");
                (ErrorClass::Rejected, error.to_string())
            }
            UpstreamError::Store(
                StoreError::UnknownValue(_)
                | StoreError::RowMissing { .. }
                | StoreError::NotLocked(_),
            ) => {
                tracing::error!(%error, "database row or write inconsistent while applying an event");
                (ErrorClass::Rejected, error.to_string())
            }
            UpstreamError::Api(refusal) if refusal.is_out_of_scope() => {
                (ErrorClass::OutOfScope, error.to_string())
            }
            UpstreamError::Api(refusal) if refusal.is_misconfiguration() => {
                (ErrorClass::Misconfigured, error.to_string())
            }
            error if error.is_unavailable() => (ErrorClass::Unavailable, error.to_string()),
            error => (ErrorClass::Rejected, error.to_string()),
        };
        Self { class, reason }
    }
}

impl From<Result<(), UpstreamError>> for LookupOutcome {
    fn from(result: Result<(), UpstreamError>) -> Self {
        match result {
            Ok(()) => Self::Done,
            Err(error) => Self::Failed(error.into()),
        }
    }
}

impl From<Result<Outcome, UpstreamError>> for LookupOutcome {
    fn from(result: Result<Outcome, UpstreamError>) -> Self {
        match result {
            Ok(Outcome::UnionidTaken(holder)) => {
                Self::Failed(LookupError::unionid_taken(holder.as_ref()))
            }
            Ok(_) => Self::Done,
            Err(error) => Self::Failed(error.into()),
        }
    }
}

/// The delay after each attempt, in seconds; the last one is used for all further attempts.
const WAITS: [f64; 5] = [1.0, 2.0, 4.0, 8.0, 15.0];
/// The same for subjects outside the scope: only a change in DingTalk's console helps, and many may be rejected at
/// once.
const OUT_OF_SCOPE_WAITS: [f64; 4] = [15.0, 60.0, 120.0, 300.0];
/// The same while another employed row has the unionid: two people may share one permanently, and a change of the
/// other row triggers an immediate retry. Such an event counts at most six attempts.
const UNIONID_TAKEN_WAITS: [f64; 6] = [1.0, 2.0, 4.0, 15.0, 60.0, 300.0];

/// Adds a jitter of 20 %, so that instances and events do not all retry at once.
fn in_steps(attempts: i32, waits: &[f64]) -> Duration {
    let step = usize::try_from(attempts.saturating_sub(1)).unwrap_or_default();
    let seconds = waits
        .get(step)
        .or(waits.last())
        .copied()
        .unwrap_or_default();
    Duration::from_secs_f64(seconds * rand::random_range(0.8..=1.2))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check_waits(class: ErrorClass, expected: &[(i32, f64)]) {
        let fault = LookupError {
            class,
            reason: String::new(),
        };
        for (attempts, seconds) in expected {
            for _ in 0..50 {
                let wait = fault.back_off(*attempts).as_secs_f64();
                assert!(
                    (seconds * 0.799..=seconds * 1.201).contains(&wait),
                    "{class:?}, {attempts}: {wait}"
                );
            }
        }
    }

    #[test]
    fn waits_double_up_to_fifteen_seconds() {
        let expected = [
            (0, 1.0),
            (1, 1.0),
            (2, 2.0),
            (3, 4.0),
            (4, 8.0),
            (5, 15.0),
            (5000, 15.0),
        ];
        for class in [
            ErrorClass::Permanent,
            ErrorClass::Rejected,
            ErrorClass::Misconfigured,
            ErrorClass::Unavailable,
        ] {
            check_waits(class, &expected);
        }
    }

    #[test]
    fn a_refusal_of_scope_is_retried_less_often() {
        let expected = [(1, 15.0), (2, 60.0), (3, 120.0), (4, 300.0), (5000, 300.0)];
        check_waits(ErrorClass::OutOfScope, &expected);
    }

    #[test]
    fn a_shared_unionid_is_retried_soon_and_then_less_and_less_often() {
        let expected = [
            (1, 1.0),
            (2, 2.0),
            (3, 4.0),
            (4, 15.0),
            (5, 60.0),
            (6, 300.0),
        ];
        check_waits(ErrorClass::UnionidTaken, &expected);
    }

    #[test]
    fn failures_are_told_apart_by_what_mends_them() {
        let class = |error: UpstreamError| LookupError::from(error).class;
        let api = "topapi/v2/user/get";
        assert_eq!(
            class(
                ApiError::Malformed {
                    api,
                    what: "userid"
                }
                .into()
            ),
            ErrorClass::Permanent
        );
        assert_eq!(
            class(ApiError::Timeout { api }.into()),
            ErrorClass::Unavailable
        );
        assert_eq!(
            class(UpstreamError::Paused {
                retry_after: Duration::from_secs(9)
            }),
            ErrorClass::Unavailable
        );
        assert_eq!(
            class(StoreError::Unavailable(None).into()),
            ErrorClass::Unavailable
        );
        let refused = |api, code| {
            let message = "no".into();
            class(ApiError::Refused { api, code, message }.into())
        };
        for code in [40079, 43007, 60011, 60020, 90020] {
            assert_eq!(refused(api, code), ErrorClass::Misconfigured, "{code}");
        }
        for code in [50002, 50004] {
            assert_eq!(refused(api, code), ErrorClass::OutOfScope, "{code}");
        }
        assert_eq!(refused("gettoken", 40035), ErrorClass::Misconfigured);
        assert_eq!(
            class(ApiError::TokenRejected { api, code: 40014 }.into()),
            ErrorClass::Misconfigured
        );
        for code in [40035, 60003, 88] {
            assert_eq!(refused(api, code), ErrorClass::Rejected, "{code}");
        }
        assert_eq!(
            class(StoreError::Statement(sqlx::Error::RowNotFound).into()),
            ErrorClass::Rejected
        );
        let missing = StoreError::RowMissing {
            table: "staff",
            id: "u1".to_owned(),
        };
        assert_eq!(class(missing.into()), ErrorClass::Rejected);
    }
}
