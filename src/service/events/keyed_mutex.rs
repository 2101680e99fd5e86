//! A mutex per person, within this process.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::OwnedMutexGuard;

use crate::domain::ids::UserId;

type Lock = Arc<tokio::sync::Mutex<()>>;

/// Keeps two workers of one process from looking up the same person at once. A released person wakes one worker that
/// waits for that person, and no other.
#[derive(Debug, Default)]
pub struct KeyedMutex {
    people: Mutex<HashMap<UserId, Lock>>,
}

/// The exclusive right to look up one person; released when dropped.
pub(super) struct Guard {
    // Dropped first, so that the next worker is awake before the lock can be removed.
    _guard: OwnedMutexGuard<()>,
    _reference: KeyReference,
}

/// One worker's reference to the lock of a person, which is removed with the last reference.
struct KeyReference {
    locks: Arc<KeyedMutex>,
    userid: UserId,
    lock: Option<Lock>,
}

impl KeyedMutex {
    /// Waits until no other worker is looking up this person.
    pub(super) async fn lock(self: &Arc<Self>, userid: &UserId) -> Guard {
        let lock = Lock::clone(self.people().entry(userid.clone()).or_default());
        let reference = KeyReference {
            locks: Arc::clone(self),
            userid: userid.clone(),
            lock: Some(Lock::clone(&lock)),
        };
        Guard {
            _guard: lock.lock_owned().await,
            _reference: reference,
        }
    }

    fn people(&self) -> MutexGuard<'_, HashMap<UserId, Lock>> {
        self.people.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for KeyReference {
    fn drop(&mut self) {
        let mut people = self.locks.people();
        // While the map is locked no reference is taken or released, so the last one can tell that it is the last.
        self.lock = None;
        if people
            .get(&self.userid)
            .is_some_and(|lock| Arc::strong_count(lock) == 1)
        {
            people.remove(&self.userid);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::pin::Pin;
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::task::{Context, Poll, Wake, Waker};
    use std::time::Duration;

    use futures_util::FutureExt as _;
    use tokio::time::timeout;

    use super::*;

    fn userid(name: &str) -> UserId {
        UserId::parse(name).unwrap()
    }

    #[tokio::test]
    async fn a_person_is_looked_at_by_one_worker_at_a_time() {
        let busy = Arc::new(KeyedMutex::default());
        let (one, other) = (userid("one"), userid("other"));
        let first = busy.lock(&one).await;
        let _elsewhere = busy.lock(&other).await;
        assert!(
            timeout(Duration::from_millis(20), busy.lock(&one))
                .await
                .is_err()
        );
        let waiting = tokio::spawn({
            let (busy, one) = (Arc::clone(&busy), one.clone());
            async move { drop(busy.lock(&one).await) }
        });
        tokio::task::yield_now().await;
        drop(first);
        timeout(Duration::from_secs(5), waiting)
            .await
            .unwrap()
            .unwrap();
    }

    #[derive(Default)]
    struct Wakes(AtomicUsize);

    impl Wake for Wakes {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::Relaxed);
        }
    }

    type Waiting = Pin<Box<dyn Future<Output = Guard>>>;

    fn poll(waiting: &mut Waiting, wakes: &Arc<Wakes>) -> Poll<Guard> {
        let task = Waker::from(Arc::clone(wakes));
        waiting.as_mut().poll(&mut Context::from_waker(&task))
    }

    // Outside a runtime, because a runtime makes a busy task yield and wakes it again.
    #[test]
    fn a_person_who_becomes_free_wakes_one_worker_and_only_one_that_waits_for_that_person() {
        let (busy, wakes) = (Arc::new(KeyedMutex::default()), Arc::new(Wakes::default()));
        let people: Vec<UserId> = (0..50).map(|n| userid(&format!("person-{n}"))).collect();
        let mut guards = Vec::new();
        let mut waiting: Vec<Waiting> = Vec::new();
        for person in &people {
            guards.push(busy.lock(person).now_or_never().unwrap());
            for _ in 0..3 {
                let (busy, person) = (Arc::clone(&busy), person.clone());
                let mut enter: Waiting = Box::pin(async move { busy.lock(&person).await });
                assert!(poll(&mut enter, &wakes).is_pending());
                waiting.push(enter);
            }
        }
        for n in 0..100 {
            let another = userid(&format!("another-{n}"));
            drop(busy.lock(&another).now_or_never().unwrap());
        }
        assert_eq!(
            wakes.0.load(Ordering::Relaxed),
            0,
            "nobody waited for these"
        );
        guards.clear();
        assert_eq!(wakes.0.load(Ordering::Relaxed), 50, "one for each person");
        // Each passes the person on to the next, whether it got the lock or was cancelled.
        let mut turns = 0;
        while !waiting.is_empty() {
            let mut later = Vec::new();
            for (n, mut enter) in waiting.into_iter().enumerate() {
                match poll(&mut enter, &wakes) {
                    Poll::Ready(alone) => drop(alone),
                    Poll::Pending if n % 7 == 0 => drop(enter),
                    Poll::Pending => later.push(enter),
                }
            }
            waiting = later;
            turns += 1;
            assert!(turns <= 3, "one after the other");
        }
        assert!(wakes.0.load(Ordering::Relaxed) <= 150);
        assert!(busy.people().is_empty(), "nothing is remembered of anybody");
    }
}
