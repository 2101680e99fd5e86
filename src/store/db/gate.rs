//! A bounded queue in front of the pool.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::StoreError;
use super::queues::Queues;
use super::share::Share;

/// Admits as many units of work as there are connections. The others wait, each share in order of arrival and all
/// shares in turn, unless the share's own queue is too long to be served in time.
#[derive(Debug)]
pub struct Gate {
    places: u64,
    queues: Mutex<Queues<oneshot::Sender<Pass>>>,
    /// Moving average of how long a connection is held, in microseconds.
    hold_micros: AtomicU64,
}

/// Caps each sample: one long unit of work, such as a step of a full sync, says little about the others.
const LONGEST_SAMPLE: Duration = Duration::from_millis(500);

impl Gate {
    pub fn new(size: u32) -> Self {
        let size = size.max(1);
        Self {
            places: u64::from(size),
            queues: Mutex::new(Queues::new(usize::try_from(size).unwrap_or(1))),
            hold_micros: AtomicU64::new(0),
        }
    }

    /// Waits for a slot. Fails at once if the share's queue cannot be served within the limit.
    pub async fn enter(
        self: &Arc<Self>,
        share: Share,
        limit: Duration,
    ) -> Result<Pass, StoreError> {
        let (granted, _waiting) = {
            let mut queues = self.lock();
            if queues.try_take(share) {
                return Ok(self.pass(share));
            }
            if self.expected_wait(queues.turns_until(share)) > limit {
                return Err(StoreError::Unavailable(None));
            }
            let (grant, granted) = oneshot::channel();
            let id = queues.join(share, grant);
            (
                granted,
                Waiting {
                    gate: self,
                    share,
                    id,
                },
            )
        };
        // If dropped here with a pass in it, the receiver drops the pass too, and the next waiter is served.
        granted.await.map_err(|_| StoreError::Unavailable(None))
    }

    fn expected_wait(&self, turns: usize) -> Duration {
        let turns = u64::try_from(turns).unwrap_or(u64::MAX);
        let hold = self.hold_micros.load(Ordering::Relaxed);
        Duration::from_micros(hold.saturating_mul(turns) / self.places)
    }

    fn note_hold(&self, time: Duration) {
        let time = u64::try_from(time.min(LONGEST_SAMPLE).as_micros()).unwrap_or(u64::MAX);
        // Concurrent updates may lose a sample, which an average tolerates.
        let average = self.hold_micros.load(Ordering::Relaxed);
        let next = average - average / 8 + time / 8;
        self.hold_micros.store(next, Ordering::Relaxed);
    }

    fn pass(self: &Arc<Self>, share: Share) -> Pass {
        Pass {
            gate: Arc::clone(self),
            share,
            since: Instant::now(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, Queues<oneshot::Sender<Pass>>> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A waiter; leaves the queue when dropped, including when its request is cancelled.
struct Waiting<'a> {
    gate: &'a Gate,
    share: Share,
    id: u64,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.gate.lock().leave(self.share, self.id);
    }
}

/// Permit for one connection; returned when dropped.
#[derive(Debug)]
pub struct Pass {
    gate: Arc<Gate>,
    share: Share,
    since: Instant,
}

impl Drop for Pass {
    fn drop(&mut self) {
        self.gate.note_hold(self.since.elapsed());
        // Unlocked before sending: a waiter that has just gone returns its pass within `send`.
        let served = self.gate.lock().release(self.share);
        for (share, waiter) in served {
            let _returned = waiter.send(self.gate.pass(share));
        }
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt as _;

    use super::*;

    const LIMIT: Duration = Duration::from_millis(300);

    fn client(n: u8) -> Share {
        Share::of_client(Some([192, 0, 2, n].into()))
    }

    /// Returns a full gate with one slot, as if each unit of work took 200 ms: one waiter is served in time, a
    /// second is not.
    async fn busy_gate() -> (Arc<Gate>, Pass) {
        let gate = Arc::new(Gate::new(1));
        let first = gate.enter(client(1), LIMIT).await.unwrap();
        gate.hold_micros.store(200_000, Ordering::Relaxed);
        (gate, first)
    }

    #[tokio::test]
    async fn a_waiter_is_refused_at_once_where_its_own_queue_is_too_long() {
        let (gate, first) = busy_gate().await;
        let mut waiter = Box::pin(gate.enter(client(1), LIMIT));
        assert!(waiter.as_mut().now_or_never().is_none(), "it waits");
        let refused = gate.enter(client(1), LIMIT).now_or_never();
        assert!(refused.expect("an answer at once").is_err());
        drop(first);
        waiter.await.unwrap();
    }

    #[tokio::test]
    async fn the_queue_of_one_client_is_no_reason_to_refuse_another() {
        let (gate, first) = busy_gate().await;
        gate.hold_micros.store(100_000, Ordering::Relaxed);
        let mut queue: Vec<_> = (0..3)
            .map(|_| Box::pin(gate.enter(client(1), LIMIT)))
            .collect();
        for waiter in &mut queue {
            assert!(waiter.as_mut().now_or_never().is_none(), "it waits");
        }
        assert!(gate.enter(client(1), LIMIT).await.is_err());
        let mut other = Box::pin(gate.enter(client(2), LIMIT));
        assert!(other.as_mut().now_or_never().is_none(), "it waits");
        drop(first);
        let own = queue.remove(0).now_or_never();
        drop(own.expect("the first of the longer queue").unwrap());
        let served = other.now_or_never();
        served.expect("then the other client").unwrap();
    }

    #[tokio::test]
    async fn an_abandoned_waiter_leaves_the_queue_even_when_it_was_just_served() {
        let (gate, first) = busy_gate().await;
        let limit = Duration::from_secs(10);
        let mut waiters: Vec<_> = (0..4)
            .map(|_| Box::pin(gate.enter(client(1), limit)))
            .collect();
        for waiter in &mut waiters {
            assert!(waiter.as_mut().now_or_never().is_none(), "it waits");
        }
        let last = waiters.pop().unwrap();
        drop(waiters.remove(0));
        // Grants the slot to the next waiter, which is dropped without having seen it.
        drop(first);
        drop(waiters);
        last.now_or_never().expect("it is served").unwrap();
        let next = gate.enter(client(1), limit).now_or_never();
        next.expect("the place is free again").unwrap();
    }

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn no_place_is_lost_among_waiters_that_give_up_at_any_moment() {
        let gate = Arc::new(Gate::new(3));
        let limit = Duration::from_secs(10);
        let work = (0..2_000_u32).map(|n| {
            let gate = Arc::clone(&gate);
            let share = client(u8::try_from(n % 7).unwrap());
            tokio::spawn(async move {
                let enter = gate.enter(share, limit);
                let patience = Duration::from_micros(u64::from(n % 40) * 100);
                if let Ok(Ok(pass)) = tokio::time::timeout(patience, enter).await {
                    tokio::task::yield_now().await;
                    drop(pass);
                }
            })
        });
        futures_util::future::join_all(work).await;
        let mut passes = Vec::new();
        for n in 0..2 {
            let pass = gate.enter(client(n), limit).now_or_never();
            passes.push(pass.expect("a free place").unwrap());
        }
        let health = gate.enter(Share::Health, limit).now_or_never();
        passes.push(health.expect("the reserved place").unwrap());
    }
}
