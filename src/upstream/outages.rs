//! Tracks, for this process, since when each DingTalk API has been failing, and which rejections have been logged.

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// A gap longer than this starts a new outage.
const MAX_GAP: Duration = Duration::from_mins(2);

/// Minimum interval between two log lines about the same rejection, which may affect many events.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// The current outages by API, and the rejections logged recently.
#[derive(Debug, Default)]
pub struct OutageTracker {
    outages: Mutex<HashMap<&'static str, Outage>>,
    logged: Mutex<HashMap<(&'static str, String), Instant>>,
    /// When a web page was last received instead of an API response; cleared by a later API response.
    page_at: Mutex<Option<Instant>>,
}

#[derive(Debug, Clone, Copy)]
struct Outage {
    since: Instant,
    latest: Instant,
}

impl OutageTracker {
    /// Records a call without a response; returns how long the outage has lasted.
    pub fn record_failure(&self, api: &'static str) -> Duration {
        self.record_failure_at(api, Instant::now())
    }

    /// Records that a web page was received instead of an API response.
    pub fn record_html_answer(&self) {
        *lock(&self.page_at) = Some(Instant::now());
    }

    /// Clears the web page if the answered call began after it was received. Returns whether it was cleared.
    pub fn record_api_answer(&self, begun: Instant) -> bool {
        lock(&self.page_at)
            .take_if(|page_at| *page_at < begun)
            .is_some()
    }

    /// Records that the API has answered.
    pub fn record_success(&self, api: &'static str) {
        lock(&self.outages).remove(api);
    }

    /// Returns whether this rejection has not been logged for a minute, and if so counts it as logged now.
    pub fn should_log(&self, api: &'static str, code: &str) -> bool {
        self.should_log_at(api, code, Instant::now())
    }

    fn should_log_at(&self, api: &'static str, code: &str, now: Instant) -> bool {
        let mut logged = lock(&self.logged);
        logged.retain(|_, at| now.duration_since(*at) < LOG_INTERVAL);
        let rejection = (api, code.to_owned());
        let is_new = !logged.contains_key(&rejection);
        if is_new {
            logged.insert(rejection, now);
        }
        is_new
    }

    fn record_failure_at(&self, api: &'static str, now: Instant) -> Duration {
        let new = Outage {
            since: now,
            latest: now,
        };
        let mut outages = lock(&self.outages);
        let outage = outages.entry(api).or_insert(new);
        if now.duration_since(outage.latest) > MAX_GAP {
            *outage = new;
        }
        outage.latest = now;
        now.duration_since(outage.since)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outage_lasts_until_an_answer_or_a_long_silence() {
        let (tracker, start) = (OutageTracker::default(), Instant::now());
        let note = |api, seconds| {
            let at = start + Duration::from_secs(seconds);
            tracker.record_failure_at(api, at).as_secs()
        };
        assert_eq!(
            (note("a", 0), note("a", 100), note("a", 200)),
            (0, 100, 200)
        );
        assert_eq!(note("b", 200), 0);
        tracker.record_success("a");
        assert_eq!((note("a", 201), note("b", 202)), (0, 2));
        assert_eq!((note("b", 323), note("b", 330)), (0, 7));
    }

    #[test]
    fn a_refusal_is_logged_once_a_minute_and_another_at_once() {
        let (tracker, start) = (OutageTracker::default(), Instant::now());
        let is_new = |api, code, seconds| {
            tracker.should_log_at(api, code, start + Duration::from_secs(seconds))
        };
        assert!(is_new("a", "60011", 0));
        assert!(!is_new("a", "60011", 59));
        assert!(is_new("a", "60020", 59) && is_new("b", "60011", 59));
        assert!(is_new("a", "60011", 60));
    }
}
