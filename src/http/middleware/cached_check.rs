//! A check whose result is reused for a moment, however many ask.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

/// How long a result is reused: anybody may ask, as often as they like.
const MAX_AGE: Duration = Duration::from_millis(500);

/// The last result of a check. One check runs at a time; requests that arrive meanwhile get its result.
#[derive(Debug, Clone, Default)]
pub struct CachedCheck(Arc<Mutex<Option<CheckResult>>>);

#[derive(Debug)]
struct CheckResult {
    at: Instant,
    is_writable: Option<bool>,
}

impl CachedCheck {
    pub async fn run(
        &self,
        check: impl Future<Output = Option<bool>> + Send + 'static,
    ) -> Option<bool> {
        let mut last = Arc::clone(&self.0).lock_owned().await;
        if let Some(last) = &*last
            && last.at.elapsed() < MAX_AGE
        {
            return last.is_writable;
        }
        // Runs as a task of its own: clients that disconnect would otherwise abort one check after the other, and
        // close a connection each time.
        let check = tokio::spawn(async move {
            let is_writable = check.await;
            let at = Instant::now();
            *last = Some(CheckResult { at, is_writable });
            is_writable
        });
        check.await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn one_check_answers_all_who_ask_meanwhile_also_when_the_first_goes_away() {
        let (cached, checks) = (CachedCheck::default(), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            let checks = Arc::clone(&checks);
            cached.run(async move {
                checks.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Some(true)
            })
        };
        assert!(ask().now_or_never().is_none(), "it is abandoned");
        let answers = join_all((0..20).map(|_| ask())).await;
        assert_eq!(answers, [Some(true); 20]);
        assert_eq!(checks.load(Ordering::Relaxed), 1);
        let outdated = Instant::now().checked_sub(MAX_AGE).unwrap();
        *cached.0.lock().await = Some(CheckResult {
            at: outdated,
            is_writable: None,
        });
        assert_eq!(ask().await, Some(true));
        assert_eq!(checks.load(Ordering::Relaxed), 2);
    }
}
