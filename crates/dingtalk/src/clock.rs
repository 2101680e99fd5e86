//! DingTalk's clock, learned from the `Date` header of its responses. Signatures that DingTalk compares with its
//! own time use it, so that an instance whose clock is off can still sign people in.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use chrono::DateTime;
use reqwest::header::{DATE, HeaderMap};
use serde_json::Value;

use crate::bounds::CLOCK_OFFSET_MS;
use crate::error::ApiError;

/// Number of responses considered: a single odd `Date` changes nothing.
const SAMPLES: usize = 5;
/// Difference, in milliseconds, that is reported to the operator.
const NOTABLE_MS: u64 = 10_000;
/// Minimum interval between reports.
const REMINDER: Duration = Duration::from_mins(10);

/// Returns this machine's current time in Unix milliseconds.
#[expect(
    clippy::disallowed_methods,
    reason = "DingTalk compares signatures with the wall clock"
)]
pub fn unix_millis() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

/// The clock differences of the last responses. Clones share them.
#[derive(Debug, Clone, Default)]
pub struct Clock(Arc<Mutex<Differences>>);

#[derive(Debug, Default)]
struct Differences {
    /// How many milliseconds DingTalk's clock was ahead of ours, oldest first.
    ahead_ms: VecDeque<i64>,
    told_at: Option<Instant>,
}

impl Differences {
    /// Returns the median; of two middle values, the larger.
    fn median(&self) -> i64 {
        let mut sorted: Vec<i64> = self.ahead_ms.iter().copied().collect();
        sorted.sort_unstable();
        sorted.get(sorted.len() / 2).copied().unwrap_or(0)
    }

    fn keep(&mut self, ahead_ms: i64) {
        self.ahead_ms.push_back(ahead_ms);
        if self.ahead_ms.len() > SAMPLES {
            self.ahead_ms.pop_front();
        }
    }

    fn is_reminder_due(&mut self, now: Instant) -> bool {
        let is_due = self
            .told_at
            .is_none_or(|told_at| now.duration_since(told_at) >= REMINDER);
        if is_due {
            self.told_at = Some(now);
        }
        is_due
    }
}

impl Clock {
    /// Returns DingTalk's current time in Unix milliseconds, or ours until a response has shown it.
    pub fn now_ms(&self) -> i64 {
        unix_millis().saturating_add(self.ahead_ms())
    }

    /// Returns how many milliseconds DingTalk's clock is ahead of ours: the median of the last five responses.
    /// Differences of more than 15 minutes are ignored.
    pub fn ahead_ms(&self) -> i64 {
        self.differences().median()
    }

    /// Records the time of a response. Only DingTalk's own responses count: a proxy's page carries the proxy's
    /// time.
    pub(super) fn learn(&self, result: &Result<Value, ApiError>, ahead_ms: Option<i64>) {
        let refusal = result.as_ref().err();
        if !refusal.is_none_or(ApiError::is_from_dingtalk) {
            return;
        }
        let mut differences = self.differences();
        if refusal.is_some_and(ApiError::is_wrong_time) {
            // The recorded differences are wrong, for example because our clock was set in the meantime.
            differences.ahead_ms.clear();
        }
        let Some(ahead_ms) = ahead_ms else { return };
        let is_believed = CLOCK_OFFSET_MS.contains(ahead_ms);
        if is_believed {
            differences.keep(ahead_ms);
        }
        if ahead_ms.unsigned_abs() >= NOTABLE_MS && differences.is_reminder_due(Instant::now()) {
            drop(differences);
            tracing::warn!(
                ahead_ms,
                is_corrected = is_believed,
                "local clock differs from DingTalk's"
            );
        }
    }

    fn differences(&self) -> std::sync::MutexGuard<'_, Differences> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Returns how many milliseconds the responder's clock is ahead of ours, or `None` if the response carries no
/// time. The header has no fraction of a second and was written at some time between request and response: the
/// middle is assumed for both.
pub(super) fn ahead_ms(headers: &HeaderMap, asked_at: i64, answered_at: i64) -> Option<i64> {
    let date = headers.get(DATE)?.to_str().ok()?;
    let date_ms = DateTime::parse_from_rfc2822(date).ok()?.timestamp_millis();
    let middle = i64::midpoint(asked_at, answered_at);
    date_ms.checked_add(500)?.checked_sub(middle)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn learned(differences: &[i64]) -> i64 {
        let clock = Clock::default();
        for ahead_ms in differences {
            clock.learn(&Ok(Value::Null), Some(*ahead_ms));
        }
        clock.ahead_ms()
    }

    #[test]
    fn the_time_of_an_answer_is_compared_with_the_middle_of_the_call() {
        let headers = |date: &str| HeaderMap::from_iter([(DATE, date.parse().unwrap())]);
        let date = headers("Sun, 06 Nov 1994 08:49:37 GMT");
        let at = 784_111_777_000;
        assert_eq!(ahead_ms(&date, at + 400, at + 600), Some(0));
        assert_eq!(ahead_ms(&date, at - 60_000, at - 59_000), Some(60_000));
        assert_eq!(ahead_ms(&date, at + 60_000, at + 61_000), Some(-60_000));
        assert_eq!(ahead_ms(&date, i64::MIN, i64::MIN), None, "no overflow");
        for odd in ["", "now", "Sun, 06 Nov 99999999999 08:49:37 GMT"] {
            assert_eq!(ahead_ms(&headers(odd), at, at), None, "{odd}");
        }
        assert_eq!(ahead_ms(&HeaderMap::new(), at, at), None);
    }

    #[test]
    fn the_median_of_the_last_five_counts() {
        assert_eq!(learned(&[]), 0);
        assert_eq!(learned(&[600_000]), 600_000);
        assert_eq!(learned(&[0, 10, 600_000, 20, 30]), 20, "one is odd");
        assert_eq!(learned(&[0, 0, 0, 0, 0, 9, 9, 9]), 9, "the last five");
    }

    #[test]
    fn what_is_absurd_is_not_believed() {
        for absurd in [900_001, -900_001, i64::MAX, i64::MIN] {
            assert_eq!(learned(&[5, absurd, absurd, absurd]), 5, "{absurd}");
            assert_eq!(learned(&[absurd]), 0, "{absurd}");
        }
        assert_eq!(learned(&[900_000]), 900_000);
    }

    #[test]
    fn only_dingtalks_own_answers_count() {
        let clock = Clock::default();
        let page = ApiError::Page { api: "api" };
        let gateway = ApiError::Http {
            api: "api",
            status: 502,
        };
        for other in [page, gateway] {
            clock.learn(&Err(other), Some(60_000));
            assert_eq!(clock.ahead_ms(), 0);
        }
        clock.learn(&Err(ApiError::Busy { api: "api" }), Some(60_000));
        assert_eq!(clock.ahead_ms(), 60_000);
    }

    #[test]
    fn a_refused_time_makes_the_earlier_answers_worthless() {
        let clock = Clock::default();
        for _ in 0..5 {
            clock.learn(&Ok(Value::Null), Some(600_000));
        }
        let refused = ApiError::Refused {
            api: "api",
            code: 853_002,
            message: String::new(),
        };
        clock.learn(&Err(refused), Some(0));
        assert_eq!(clock.ahead_ms(), 0);
    }
}
