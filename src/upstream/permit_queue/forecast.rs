//! Forecasts how fast the queue of an API moves, and how many waiters it can serve in time.

use std::time::{Duration, Instant};

/// The shortest spacing that the rate limit allows.
const FASTEST: Duration = Duration::from_millis(57);
const SLOWEST: Duration = Duration::from_secs(5);

/// Estimates the spacing of the next permits from the latest ones.
#[derive(Debug)]
pub struct Forecast {
    /// Moving average of the time between two permits, weighted towards the latest.
    spacing: Duration,
    /// When the last permit was granted, if there have been waiters since.
    last_grant: Option<Instant>,
    /// Until when DingTalk's throttling blocks the API.
    blocked_until: Option<Instant>,
}

impl Default for Forecast {
    fn default() -> Self {
        Self {
            spacing: FASTEST,
            last_grant: None,
            blocked_until: None,
        }
    }
}

impl Forecast {
    /// Records that a permit was granted. `has_more` says whether there are still waiters.
    pub fn record_grant(&mut self, now: Instant, has_more: bool) {
        if let Some(last) = self.last_grant {
            let began = self.blocked_until.map_or(last, |until| until.max(last));
            let sample = now.saturating_duration_since(began);
            let sample = sample.clamp(FASTEST, SLOWEST);
            self.spacing = (self.spacing * 4 + sample) / 5;
        }
        self.last_grant = has_more.then_some(now);
        self.blocked_until = None;
    }

    /// Records that there are no waiters: what made the queue slow may be over when there are some again.
    pub fn record_idle(&mut self) {
        *self = Self::default();
    }

    /// Records how long the next permit has to wait.
    pub fn record_wait(&mut self, now: Instant, wait: Duration) {
        self.blocked_until = Some(now + wait);
    }

    /// Returns how long the API is still blocked.
    pub fn hold(&self, now: Instant) -> Duration {
        self.blocked_until
            .map_or(Duration::ZERO, |until| until.saturating_duration_since(now))
    }

    /// Returns the expected time between two permits.
    pub fn spacing(&self, now: Instant) -> Duration {
        let began = self.last_grant.map(|last| match self.blocked_until {
            Some(until) => until.max(last),
            None => last,
        });
        let without_permit =
            began.map_or(Duration::ZERO, |began| now.saturating_duration_since(began));
        // When calls hang, the time since the last permit shows it before the average does.
        self.spacing.max(without_permit / 2)
    }

    /// Returns how many waiters can be served within this time.
    pub fn capacity(&self, now: Instant, within: Duration) -> usize {
        let left = within.saturating_sub(self.hold(now)).as_micros();
        let spacing = self.spacing(now).as_micros().max(1);
        usize::try_from(left / spacing).unwrap_or(usize::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WITHIN: Duration = Duration::from_secs(5);

    #[test]
    fn the_capacity_follows_the_spacing_of_the_permits() {
        let (mut forecast, start) = (Forecast::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        assert_eq!(forecast.capacity(start, WITHIN), 87);
        for n in 0..40 {
            forecast.record_grant(at(n * 500), true);
        }
        assert_eq!(forecast.capacity(at(39 * 500), WITHIN), 10);
        for n in 0..40 {
            forecast.record_grant(at(19_557 + n * 57), true);
        }
        assert!(forecast.capacity(at(19_557 + 39 * 57), WITHIN) > 85);
    }

    #[test]
    fn calls_that_hang_and_throttling_leave_less_room() {
        let (mut forecast, start) = (Forecast::default(), Instant::now());
        let at = |ms| start + Duration::from_millis(ms);
        forecast.record_grant(start, true);
        assert_eq!(forecast.capacity(at(4_000), WITHIN), 2, "no permit for 4 s");
        forecast.record_idle();
        forecast.record_wait(start, Duration::from_secs(4));
        assert_eq!(forecast.capacity(start, WITHIN), 17, "one second is left");
        assert_eq!(forecast.hold(at(3_000)), Duration::from_secs(1));
        forecast.record_wait(start, Duration::from_secs(9));
        assert_eq!(forecast.capacity(start, WITHIN), 0);
    }
}
