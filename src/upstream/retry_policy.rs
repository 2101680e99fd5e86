//! Decides how often a failed call is retried.

use std::time::Duration;

use dingtalk::ApiError;

use super::{Idempotency, Priority};

/// DingTalk asks for at most three retries when it says that it is busy.
const MAX_BUSY: u32 = 3;
/// One for each step of the penalty: 1, 2 and 4 s.
const MAX_THROTTLED: u32 = 3;
/// Maximum number of retries of a sync's query that got no answer.
const MAX_UNANSWERED: u32 = 2;
/// How long the outage of an API may last before a sync no longer waits for it: a waiting sync delays nobody, and
/// one unanswered query makes the whole run partial.
const MAX_SYNC_WAIT: Duration = Duration::from_mins(2);

/// The remaining retries of one call.
pub(super) struct RetryPolicy {
    priority: Priority,
    idempotency: Idempotency,
    busy: u32,
    throttled: u32,
    unanswered: u32,
    has_met_page: bool,
}

impl RetryPolicy {
    pub fn new(priority: Priority, idempotency: Idempotency) -> Self {
        Self {
            priority,
            idempotency,
            busy: 0,
            throttled: 0,
            unanswered: 0,
            has_met_page: false,
        }
    }

    /// Returns the delay before the call is repeated, or `None` if it is not. `outage` is how long its API has not
    /// answered a sync.
    pub fn next_delay(&mut self, error: &ApiError, outage: Duration) -> Option<Duration> {
        let is_sync = self.priority == Priority::Sync && outage < MAX_SYNC_WAIT;
        // After that time a sync does not wait again for each of its queries.
        let most_throttled = if self.priority == Priority::Sync {
            0
        } else {
            MAX_THROTTLED
        };
        let is_query = self.idempotency == Idempotency::Idempotent;
        match error {
            ApiError::Busy { .. } if is_query && self.busy < MAX_BUSY => {
                self.busy += 1;
                Some(Duration::from_millis(200 << self.busy))
            }
            // The rate limiter delays the API for all callers.
            ApiError::Throttled { .. } if is_sync || self.throttled < most_throttled => {
                self.throttled += 1;
                Some(Duration::ZERO)
            }
            // All calls are paused for a moment; another page then indicates a ban.
            ApiError::Page { .. } if is_query && !self.has_met_page => {
                self.has_met_page = true;
                Some(Duration::ZERO)
            }
            error
                if error.has_no_answer()
                    && is_query
                    && is_sync
                    && self.unanswered < MAX_UNANSWERED =>
            {
                self.unanswered += 1;
                Some(Duration::from_millis(500 << self.unanswered))
            }
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const API: &str = "topapi/v2/user/list";
    const THROTTLED: ApiError = ApiError::Throttled {
        api: API,
        code: 90002,
        wait: None,
    };

    /// Returns how often a call is repeated in all, at most a hundred times.
    fn repeats(
        priority: Priority,
        idempotency: Idempotency,
        error: &ApiError,
        outage: Duration,
    ) -> usize {
        let mut policy = RetryPolicy::new(priority, idempotency);
        std::iter::repeat_with(|| policy.next_delay(error, outage))
            .take(100)
            .flatten()
            .count()
    }

    #[test]
    fn throttling_is_waited_for_by_all_its_steps_and_by_a_sync_much_longer() {
        let now = Duration::ZERO;
        for priority in [Priority::Login, Priority::Join, Priority::Recheck] {
            assert_eq!(
                repeats(priority, Idempotency::ConsumesCode, &THROTTLED, now),
                3
            );
        }
        let sync = |outage| repeats(Priority::Sync, Idempotency::Idempotent, &THROTTLED, outage);
        assert_eq!(sync(now), 100);
        assert_eq!(sync(Duration::from_secs(119)), 100);
        assert_eq!(sync(MAX_SYNC_WAIT), 0);
    }

    #[test]
    fn only_a_sync_asks_again_where_there_was_no_answer() {
        let unanswered = [
            ApiError::Connect { api: API },
            ApiError::Broken { api: API },
            ApiError::Timeout { api: API },
            ApiError::Http {
                api: API,
                status: 502,
            },
            ApiError::Malformed {
                api: API,
                what: "JSON",
            },
        ];
        for error in &unanswered {
            let (sync, now) = (Priority::Sync, Duration::ZERO);
            assert_eq!(
                repeats(sync, Idempotency::Idempotent, error, now),
                2,
                "{error}"
            );
            assert_eq!(
                repeats(sync, Idempotency::NotIdempotent, error, now),
                0,
                "{error}"
            );
            assert_eq!(
                repeats(sync, Idempotency::Idempotent, error, MAX_SYNC_WAIT),
                0,
                "{error}"
            );
            assert_eq!(
                repeats(Priority::Login, Idempotency::Idempotent, error, now),
                0,
                "{error}"
            );
        }
        let page = ApiError::Page { api: API };
        for priority in [Priority::Login, Priority::Recheck, Priority::Sync] {
            let now = Duration::ZERO;
            assert_eq!(repeats(priority, Idempotency::Idempotent, &page, now), 1);
            for once in [Idempotency::ConsumesCode, Idempotency::NotIdempotent] {
                assert_eq!(repeats(priority, once, &page, now), 0);
            }
        }
        let answered = ApiError::Malformed {
            api: API,
            what: "result",
        };
        assert_eq!(
            repeats(
                Priority::Sync,
                Idempotency::Idempotent,
                &answered,
                Duration::ZERO
            ),
            0
        );
    }
}
