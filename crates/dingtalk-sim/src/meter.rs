//! Counts calls by path and refuses more than the allowed number in any second.

use std::{
    collections::{BTreeMap, VecDeque},
    time::{Duration, Instant},
};

const SECOND: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
struct PathMeter {
    calls: u64,
    /// All calls of the last second.
    recent: VecDeque<Instant>,
    /// Those of them that were admitted.
    admitted: VecDeque<Instant>,
    /// Calls refused because there were too many in a second.
    throttled: u64,
    most_in_a_second: usize,
    /// Calls by the userid they ask about.
    by_userid: BTreeMap<String, u64>,
}

/// The counters of all paths.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    paths: BTreeMap<String, PathMeter>,
    in_flight: usize,
    most_in_flight: usize,
}

impl Meter {
    /// Counts the start of a call.
    pub(crate) fn begin(&mut self, path: &str, now: Instant) {
        let meter = self.paths.entry(path.to_owned()).or_default();
        meter.calls += 1;
        drop_old(&mut meter.recent, now);
        meter.recent.push_back(now);
        meter.most_in_a_second = meter.most_in_a_second.max(meter.recent.len());
        self.in_flight += 1;
        self.most_in_flight = self.most_in_flight.max(self.in_flight);
    }

    /// Counts a call about a person.
    pub(crate) fn asks_about(&mut self, path: &str, userid: &str) {
        let meter = self.paths.entry(path.to_owned()).or_default();
        *meter.by_userid.entry(userid.to_owned()).or_default() += 1;
    }

    /// Counts the end of a call.
    pub(crate) fn end(&mut self) {
        self.in_flight = self.in_flight.saturating_sub(1);
    }

    /// Admits one more call of the path if it fits into the second that ends now; otherwise returns the time from
    /// which one fits.
    pub(crate) fn admit(&mut self, path: &str, now: Instant, limit: usize) -> Result<(), Instant> {
        let meter = self.paths.entry(path.to_owned()).or_default();
        drop_old(&mut meter.admitted, now);
        if meter.admitted.len() < limit {
            meter.admitted.push_back(now);
            return Ok(());
        }
        meter.throttled += 1;
        let oldest = meter.admitted.front().copied().unwrap_or(now);
        Err(oldest + SECOND)
    }

    /// Resets the counts, but not the state of the rate limit.
    pub(crate) fn reset(&mut self) {
        for meter in self.paths.values_mut() {
            meter.calls = 0;
            meter.throttled = 0;
            meter.most_in_a_second = 0;
            meter.recent.clear();
            meter.by_userid.clear();
        }
        self.most_in_flight = self.in_flight;
    }

    pub(crate) fn calls(&self, path: &str) -> u64 {
        self.paths.get(path).map_or(0, |meter| meter.calls)
    }

    pub(crate) fn throttled(&self, path: &str) -> u64 {
        self.paths.get(path).map_or(0, |meter| meter.throttled)
    }

    pub(crate) fn calls_about(&self, path: &str, userid: &str) -> u64 {
        let meter = self.paths.get(path);
        meter
            .and_then(|meter| meter.by_userid.get(userid))
            .copied()
            .unwrap_or_default()
    }

    pub(crate) fn most_in_a_second(&self, path: &str) -> usize {
        self.paths
            .get(path)
            .map_or(0, |meter| meter.most_in_a_second)
    }

    pub(crate) fn most_in_flight(&self) -> usize {
        self.most_in_flight
    }

    /// Returns path, calls, most calls in any second.
    pub(crate) fn all(&self) -> impl Iterator<Item = (&str, u64, usize)> {
        self.paths
            .iter()
            .filter(|(_, meter)| meter.calls > 0)
            .map(|(path, meter)| (path.as_str(), meter.calls, meter.most_in_a_second))
    }
}

fn drop_old(times: &mut VecDeque<Instant>, now: Instant) {
    while times
        .front()
        .is_some_and(|time| now.duration_since(*time) >= SECOND)
    {
        times.pop_front();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twenty_calls_in_any_second_pass_and_the_next_does_not() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        for call in 0..20 {
            assert_eq!(meter.admit("/a", at(call * 10), 20), Ok(()));
        }
        assert_eq!(meter.admit("/a", at(999), 20), Err(at(1000)));
        assert!(
            meter.admit("/b", at(999), 20).is_ok(),
            "each path has its own window"
        );
        assert!(
            meter.admit("/a", at(1000), 20).is_ok(),
            "the first call is a second old"
        );
        assert_eq!(
            meter.admit("/a", at(1005), 20),
            Err(at(1010)),
            "the second is not"
        );
    }

    #[test]
    fn counts_and_peaks_are_kept_by_path_and_reset() {
        let (mut meter, start) = (Meter::default(), Instant::now());
        meter.begin("/a", start);
        meter.begin("/a", start + Duration::from_millis(500));
        meter.end();
        meter.begin("/a", start + Duration::from_millis(1200));
        assert_eq!((meter.calls("/a"), meter.most_in_a_second("/a")), (3, 2));
        assert_eq!(meter.most_in_flight(), 2);
        assert_eq!(meter.calls("/b"), 0);
        meter.asks_about("/a", "zhangsan01");
        assert_eq!(meter.calls_about("/a", "zhangsan01"), 1);
        assert_eq!(meter.calls_about("/a", "lisi02"), 0);
        meter.reset();
        assert_eq!((meter.calls("/a"), meter.most_in_a_second("/a")), (0, 0));
        assert_eq!(meter.calls_about("/a", "zhangsan01"), 0);
        assert_eq!(meter.most_in_flight(), 2, "two calls are still under way");
    }
}
