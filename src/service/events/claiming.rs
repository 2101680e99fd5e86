//! Decides when a worker claims further work, and how much: no more than can be looked up soon, so that all
//! instances share the work and more urgent work comes next on whichever instance it is stored.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// About as many lookups as DingTalk accepts in a second.
const MOST_WAITING: usize = 20;
/// If more than this many wait, nothing is claimed: claiming for each free place would cause too many claims.
const ENOUGH_WAITING: usize = 10;

/// Poll interval for work that another instance may have stored.
const POLL: Duration = Duration::from_millis(300);
/// Limits the claims during a burst of notifications to the rate at which DingTalk can be called.
const PAUSE: Duration = Duration::from_millis(50);
/// The pause after a claim, as a multiple of its duration: a claim reads all due events, which may be many.
const PAUSE_FACTOR: u32 = 4;

/// Returns how many more may be claimed while this many wait, or `None` if enough wait.
pub(super) fn room(waiting: usize) -> Option<i64> {
    if waiting > ENOUGH_WAITING {
        return None;
    }
    i64::try_from(MOST_WAITING - waiting).ok()
}

/// Schedules the next claim.
pub(super) struct Timer {
    not_before: Instant,
    at_the_latest: Instant,
}

impl Timer {
    /// Creates the timer after a claim that began at this time.
    pub fn after(began: Instant) -> Self {
        let now = Instant::now();
        let not_before = now + PAUSE.max((now - began) * PAUSE_FACTOR);
        Self {
            not_before,
            at_the_latest: not_before.max(now + POLL),
        }
    }

    /// Waits for the next claim, or until notified of new work; cancel safe.
    pub async fn wait(&self, work: Option<&Notify>) {
        sleep_until(self.not_before).await;
        let notified = async {
            match work {
                Some(work) => work.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = notified => {}
            () = sleep_until(self.at_the_latest) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_are_made_several_at_a_time() {
        assert_eq!(room(0), Some(20));
        assert_eq!(room(10), Some(10));
        assert_eq!(room(11), None);
        assert_eq!(room(1000), None);
    }

    #[tokio::test]
    async fn a_notification_cuts_the_wait_short_but_not_the_pause() {
        let work = Notify::new();
        work.notify_one();
        let begun = Instant::now();
        Timer::after(begun).wait(Some(&work)).await;
        let cut_short = begun.elapsed();
        assert!(cut_short >= PAUSE, "{cut_short:?}");
        let begun = Instant::now();
        Timer::after(begun).wait(Some(&work)).await;
        assert!(begun.elapsed() >= POLL);
        assert!(cut_short < begun.elapsed());
        work.notify_one();
        let long_ago = Instant::now() - Duration::from_millis(100);
        let begun = Instant::now();
        Timer::after(long_ago).wait(Some(&work)).await;
        assert!(begun.elapsed() >= Duration::from_millis(400));
    }
}
