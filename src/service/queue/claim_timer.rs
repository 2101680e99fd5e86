//! When a busy worker makes its next claim.

use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// How often a busy worker claims further work without having been woken.
const POLL: Duration = Duration::from_millis(300);
/// Limits the claims during a burst of notifications to the rate at which DingTalk can be called.
const MIN_INTERVAL: Duration = Duration::from_millis(50);
/// The interval after a claim, as a multiple of its duration: a claim reads all due events, which may be many.
const INTERVAL_FACTOR: u32 = 4;
/// The longest such interval: a claim may have waited for a lock.
const MAX_INTERVAL: Duration = Duration::from_secs(1);

/// Schedules the next claim.
pub(super) struct ClaimTimer {
    not_before: Instant,
    at_the_latest: Instant,
}

impl ClaimTimer {
    /// Creates the timer after a claim that began at this time.
    pub fn after(began: Instant) -> Self {
        let now = Instant::now();
        let interval = (now - began).saturating_mul(INTERVAL_FACTOR);
        let not_before = now + interval.clamp(MIN_INTERVAL, MAX_INTERVAL);
        Self {
            not_before,
            at_the_latest: not_before.max(now + POLL),
        }
    }

    /// Creates a timer for a claim at once.
    pub fn at_once() -> Self {
        let now = Instant::now();
        Self {
            not_before: now,
            at_the_latest: now,
        }
    }

    /// Waits for the next claim, which comes earlier if there is new work; cancel safe.
    pub async fn wait(&self, woken: impl Future<Output = ()>) {
        sleep_until(self.not_before).await;
        tokio::select! {
            () = woken => {}
            () = sleep_until(self.at_the_latest) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use tokio::sync::Notify;

    use super::*;

    #[tokio::test]
    async fn a_notification_cuts_the_wait_short_but_not_the_minimum() {
        let work = Notify::new();
        work.notify_one();
        let begun = Instant::now();
        ClaimTimer::after(begun).wait(work.notified()).await;
        let cut_short = begun.elapsed();
        assert!(cut_short >= MIN_INTERVAL, "{cut_short:?}");
        let begun = Instant::now();
        ClaimTimer::after(begun).wait(work.notified()).await;
        assert!(begun.elapsed() >= POLL);
        assert!(cut_short < begun.elapsed());
        work.notify_one();
        let long_ago = Instant::now() - Duration::from_millis(100);
        let begun = Instant::now();
        ClaimTimer::after(long_ago).wait(work.notified()).await;
        assert!(begun.elapsed() >= Duration::from_millis(400));
    }
}
