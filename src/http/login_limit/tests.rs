use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use super::*;
use crate::upstream::clients::ClientKey;

fn limit(count: u32) -> LoginLimit {
    LoginLimit::new(Rate {
        count,
        per: Duration::from_mins(1),
    })
}

fn client(address: &str) -> ClientKey {
    ClientKey::of_address(Some(address.parse().unwrap()))
}

async fn fail(limit: &LoginLimit, key: ClientKey) {
    limit.begin(key).await.unwrap().end(Outcome::Failed);
}

async fn is_slowed(limit: &LoginLimit, key: ClientKey) -> bool {
    limit.begin(key).await.unwrap().client().is_slowed()
}

#[tokio::test]
async fn only_failures_use_up_the_rate() {
    let (limit, key) = (limit(2), client("192.0.2.1"));
    for _ in 0..5 {
        let attempt = limit.begin(key).await.unwrap();
        assert!(!attempt.client().is_slowed());
        attempt.end(Outcome::SignedIn);
    }
    fail(&limit, key).await;
    assert!(!is_slowed(&limit, key).await);
    fail(&limit, key).await;
    assert!(is_slowed(&limit, key).await);
    assert!(!is_slowed(&limit, client("192.0.2.2")).await);
}

#[tokio::test]
async fn started_logins_count_against_ten_times_the_rate_until_they_succeed() {
    let (limit, key) = (limit(1), client("192.0.2.1"));
    let count = |outcome| limit.0.count(key, outcome);
    for _ in 0..9 {
        count(Outcome::Started);
        count(Outcome::SignedIn);
    }
    for _ in 0..9 {
        count(Outcome::Started);
    }
    assert!(!is_slowed(&limit, key).await);
    count(Outcome::Started);
    assert!(is_slowed(&limit, key).await);
    count(Outcome::SignedIn);
    assert!(!is_slowed(&limit, key).await);
}

#[tokio::test]
async fn a_site_has_ten_times_the_rate_of_a_subnet() {
    let limit = limit(1);
    for n in 0..9 {
        fail(&limit, client(&format!("2001:db8:1:{n}::1"))).await;
    }
    assert!(is_slowed(&limit, client("2001:db8:1:0:ffff::9")).await);
    assert!(!is_slowed(&limit, client("2001:db8:1:99::1")).await);
    fail(&limit, client("2001:db8:1:9::1")).await;
    assert!(is_slowed(&limit, client("2001:db8:1:99::1")).await);
    assert!(!is_slowed(&limit, client("2001:db8:2:99::1")).await);
}

#[tokio::test]
async fn above_the_rate_one_attempt_goes_on_and_eight_wait() {
    let (limit, key) = (limit(1), client("192.0.2.1"));
    fail(&limit, key).await;
    let first = limit.begin(key).await.unwrap();
    let mut waiting: Vec<_> = (0..8).map(|_| Box::pin(limit.begin(key))).collect();
    for attempt in &mut waiting {
        assert!(futures_util::poll!(attempt).is_pending());
    }
    let refused = limit.begin(key).await.unwrap_err();
    assert!(matches!(refused, AttemptError::TooMany { .. }));
    assert_eq!(limit.check(key).unwrap_err(), refused);
    drop(first);
    let second = waiting.remove(0).await.unwrap();
    assert!(limit.check(key).unwrap().is_slowed(), "seven wait");
    assert!(futures_util::poll!(&mut waiting[0]).is_pending());
    drop(second);
    waiting.remove(0).await.unwrap().end(Outcome::Uncounted);
}

#[tokio::test]
async fn nobody_waits_for_others_without_end() {
    let (limit, key) = (limit(1), client("192.0.2.1"));
    fail(&limit, key).await;
    let endless = limit.begin(key).await.unwrap();
    let refused = limit.begin(key).await.unwrap_err();
    assert!(matches!(refused, AttemptError::TimedOut { .. }));
    drop(endless);
    assert!(limit.begin(key).await.is_ok());
}

#[tokio::test]
async fn an_abandoned_attempt_counts_and_one_that_ended_counts_once() {
    let (limit, key) = (limit(2), client("192.0.2.1"));
    let mut attempt = limit.begin(key).await.unwrap();
    attempt.fail_if_abandoned();
    attempt.end(Outcome::Failed);
    assert!(!is_slowed(&limit, key).await);
    let mut attempt = limit.begin(key).await.unwrap();
    attempt.fail_if_abandoned();
    drop(attempt);
    assert!(is_slowed(&limit, key).await);
}

#[tokio::test]
async fn a_new_window_starts_with_nothing() {
    let limit = LoginLimit::new(Rate {
        count: 1,
        per: Duration::from_millis(20),
    });
    let key = client("192.0.2.1");
    fail(&limit, key).await;
    assert!(is_slowed(&limit, key).await);
    std::thread::sleep(Duration::from_millis(25));
    assert!(!is_slowed(&limit, key).await);
}

/// Counts its wake-ups.
#[derive(Default)]
struct Wakes(AtomicUsize);

impl Wake for Wakes {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn an_attempt_that_ends_wakes_one_waiter_of_its_own_client() {
    let limit = limit(1);
    let count = Arc::new(Wakes::default());
    let waker = Waker::from(Arc::clone(&count));
    let mut task = Context::from_waker(&waker);
    let mut running = Vec::new();
    let mut waiting = Vec::new();
    for n in 0..50 {
        let key = client(&format!("192.0.2.{n}"));
        limit.0.count(key, Outcome::Failed);
        running.push(limit.begin(key).await.unwrap());
        for _ in 0..8 {
            let mut attempt = Box::pin(limit.begin(key));
            assert!(attempt.as_mut().poll(&mut task).is_pending());
            waiting.push(attempt);
        }
    }
    assert_eq!(count.0.load(Ordering::Relaxed), 0);
    drop(running.pop());
    assert_eq!(count.0.load(Ordering::Relaxed), 1, "of 400 waiters");
    drop(running);
    assert_eq!(count.0.load(Ordering::Relaxed), 50);
}

#[tokio::test]
async fn a_client_that_goes_away_while_waiting_leaves_its_place_to_the_next() {
    let (limit, key) = (limit(1), client("192.0.2.1"));
    fail(&limit, key).await;
    let first = limit.begin(key).await.unwrap();
    let waker = Waker::noop();
    let mut task = Context::from_waker(waker);
    let mut gone = Box::pin(limit.begin(key));
    let mut stays = Box::pin(limit.begin(key));
    assert!(gone.as_mut().poll(&mut task).is_pending());
    assert!(stays.as_mut().poll(&mut task).is_pending());
    drop(first);
    // Given its turn, and never polled again.
    drop(gone);
    let begun = tokio::time::timeout(Duration::from_secs(2), stays).await;
    assert!(matches!(begun, Ok(Ok(_))), "{begun:?}");
}
