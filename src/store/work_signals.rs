//! Wakes the workers of the lanes.

use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

use crate::domain::queue::LaneName;

/// One signal per lane, and the lanes to be announced to the other instances.
#[derive(Debug, Default)]
pub struct WorkSignals {
    lanes: [Notify; LaneName::ALL.len()],
    /// A bit for each lane that has to be announced.
    unannounced: AtomicUsize,
    announcement: Notify,
}

impl WorkSignals {
    /// Wakes this process's worker of a lane, or the next wait of that worker.
    pub fn wake(&self, lane: LaneName) {
        if let Some(signal) = self.lanes.get(lane as usize) {
            signal.notify_one();
        }
    }

    pub fn wake_all(&self) {
        for lane in LaneName::ALL {
            self.wake(lane);
        }
    }

    /// Wakes the workers of a lane on all instances, after a commit that sends no notification of its own.
    pub fn announce(&self, lane: LaneName) {
        self.wake(lane);
        self.unannounced
            .fetch_or(1 << lane as usize, Ordering::AcqRel);
        self.announcement.notify_one();
    }

    /// Waits until a lane is woken; cancel safe.
    pub async fn woken(&self, lane: LaneName) {
        match self.lanes.get(lane as usize) {
            Some(signal) => signal.notified().await,
            None => std::future::pending().await,
        }
    }

    /// Waits until there is something to announce; cancel safe.
    pub async fn has_announcements(&self) {
        self.announcement.notified().await;
    }

    /// Returns whether there is something to announce.
    pub fn is_unannounced(&self) -> bool {
        self.unannounced.load(Ordering::Acquire) != 0
    }

    /// Takes the lanes to be announced.
    pub fn take_announcements(&self) -> Vec<LaneName> {
        let bits = self.unannounced.swap(0, Ordering::AcqRel);
        let is_set = |lane: &LaneName| bits & (1 << *lane as usize) != 0;
        LaneName::ALL.into_iter().filter(is_set).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lane_is_woken_once_and_announced_once() {
        let signals = WorkSignals::default();
        signals.announce(LaneName::Reviews);
        signals.announce(LaneName::Reviews);
        signals.announce(LaneName::Events);
        signals.woken(LaneName::Reviews).await;
        signals.woken(LaneName::Events).await;
        signals.has_announcements().await;
        assert_eq!(
            signals.take_announcements(),
            [LaneName::Events, LaneName::Reviews]
        );
        assert!(signals.take_announcements().is_empty());
        let waits = std::time::Duration::from_millis(20);
        for lane in LaneName::ALL {
            assert!(
                tokio::time::timeout(waits, signals.woken(lane))
                    .await
                    .is_err()
            );
        }
        signals.wake_all();
        for lane in LaneName::ALL {
            signals.woken(lane).await;
        }
    }
}
