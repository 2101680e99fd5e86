//! When a worker claims further work, and how much of it: not more than is soon looked up, so that all instances share
//! the work and what is more urgent comes next wherever it is stored.

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

/// As many lookups as DingTalk takes in about a second.
const MOST_WAITING: usize = 20;
/// Where more than this wait, nothing is claimed: a claim for each free place would be made too often.
const ENOUGH_WAITING: usize = 10;

/// How often work is looked for that another instance may have stored.
const POLL: Duration = Duration::from_millis(300);
/// A burst of notifications leads to no more claims than there may be calls to DingTalk.
const PAUSE: Duration = Duration::from_millis(50);
/// The pause after a claim in multiples of its duration: a claim reads all that is due, which may be much.
const PAUSE_FACTOR: u32 = 4;

/// Returns how many more may be claimed where so many wait, or `None` where enough do.
pub(super) fn room(waiting: usize) -> Option<i64> {
    if waiting > ENOUGH_WAITING {
        return None;
    }
    i64::try_from(MOST_WAITING - waiting).ok()
}

/// When the next claim is made.
pub(super) struct Timer {
    not_before: Instant,
    at_the_latest: Instant,
}

impl Timer {
    /// Starts after a claim that began at this time.
    pub fn after(began: Instant) -> Self {
        let now = Instant::now();
        let not_before = now + PAUSE.max((now - began) * PAUSE_FACTOR);
        Self {
            not_before,
            at_the_latest: not_before.max(now + POLL),
        }
    }

    /// Waits for the time of the next claim, or until notified of new work; may be dropped and called again.
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
