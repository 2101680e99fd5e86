//! A limit on the total database time of a request.

use std::cell::Cell;
use std::time::{Duration, Instant};

tokio::task_local! {
    static LEFT: Cell<Duration>;
}

/// Runs the work with a limit on the total time of all its database work. Other waits, such as for DingTalk, do not
/// count. Inside another limit the smaller one applies.
pub async fn with_deadline<T>(limit: Duration, work: impl Future<Output = T>) -> T {
    let outer = remaining();
    let limit = outer.map_or(limit, |left| left.min(limit));
    let counted = async {
        let result = work.await;
        (result, LEFT.with(Cell::get))
    };
    let (result, left) = LEFT.scope(Cell::new(limit), counted).await;
    spend(limit.saturating_sub(left));
    result
}

/// Returns the remaining database time of the current task, or `None` if it has no limit.
pub(super) fn remaining() -> Option<Duration> {
    LEFT.try_with(Cell::get).ok()
}

fn spend(time: Duration) {
    let _without_limit = LEFT.try_with(|left| left.set(left.get().saturating_sub(time)));
}

/// Counts the time until it is dropped, even by a cancelled future.
pub(super) struct Stopwatch(Instant);

impl Stopwatch {
    pub(super) fn start() -> Self {
        Self(Instant::now())
    }
}

impl Drop for Stopwatch {
    fn drop(&mut self) {
        spend(self.0.elapsed());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn pieces_of_work_share_one_limit_and_other_waits_do_not_count() {
        assert_eq!(remaining(), None);
        let outer = Duration::from_secs(1);
        with_deadline(outer, async {
            drop(Stopwatch(Instant::now()));
            tokio::time::sleep(Duration::from_millis(5)).await;
            assert!(remaining().unwrap() > Duration::from_millis(990));
            with_deadline(Duration::from_millis(300), async {
                assert!(remaining().unwrap() <= Duration::from_millis(300));
                let began = Instant::now().checked_sub(Duration::from_millis(200));
                drop(Stopwatch(began.unwrap()));
                assert!(remaining().unwrap() <= Duration::from_millis(100));
            })
            .await;
            let left = remaining().unwrap();
            assert!(left <= Duration::from_millis(800), "{left:?}");
            assert!(left > Duration::from_millis(600), "{left:?}");
        })
        .await;
    }
}
