//! A bounded queue in front of the pool.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::StoreError;

/// Admits as many pieces of work as there are connections; the others wait in order of arrival, unless so
/// many wait already that they could not be served in time.
#[derive(Debug)]
pub struct Gate {
    places: Arc<Semaphore>,
    size: u64,
    waiting: AtomicUsize,
    /// Moving average of how long a connection is held, in microseconds.
    hold_micros: AtomicU64,
}

/// A single long piece of work, such as a step of a full sync, says little about the others.
const LONGEST_SAMPLE: Duration = Duration::from_millis(500);

impl Gate {
    pub fn new(size: u32) -> Self {
        let places = usize::try_from(size).unwrap_or(1).max(1);
        Self {
            places: Arc::new(Semaphore::new(places)),
            size: u64::from(size.max(1)),
            waiting: AtomicUsize::new(0),
            hold_micros: AtomicU64::new(0),
        }
    }

    /// Waits for a place. Fails at once where the queue is longer than can be served within the limit.
    pub async fn enter(self: &Arc<Self>, limit: Duration) -> Result<Pass, StoreError> {
        let places = Arc::clone(&self.places);
        let place = if let Ok(place) = Arc::clone(&places).try_acquire_owned() {
            place
        } else {
            let queue = Queued::join(self);
            if self.expected_wait(queue.ahead) > limit {
                return Err(StoreError::Unavailable(None));
            }
            let place = places.acquire_owned().await;
            drop(queue);
            place.map_err(|_closed| StoreError::Unavailable(None))?
        };
        Ok(Pass {
            gate: Arc::clone(self),
            since: Instant::now(),
            _place: place,
        })
    }

    fn expected_wait(&self, ahead: usize) -> Duration {
        let ahead = u64::try_from(ahead).unwrap_or(u64::MAX);
        let hold = self.hold_micros.load(Ordering::Relaxed);
        Duration::from_micros(hold.saturating_mul(ahead.saturating_add(1)) / self.size)
    }
}

/// A place in the queue; left when dropped, also by a request that was abandoned.
struct Queued<'a> {
    gate: &'a Gate,
    ahead: usize,
}

impl<'a> Queued<'a> {
    fn join(gate: &'a Gate) -> Self {
        let ahead = gate.waiting.fetch_add(1, Ordering::Relaxed);
        Self { gate, ahead }
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.gate.waiting.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The right to one connection; returned when dropped.
#[derive(Debug)]
pub struct Pass {
    gate: Arc<Gate>,
    since: Instant,
    _place: OwnedSemaphorePermit,
}

impl Drop for Pass {
    fn drop(&mut self) {
        let held = self.since.elapsed().min(LONGEST_SAMPLE);
        let held = u64::try_from(held.as_micros()).unwrap_or(u64::MAX);
        // Concurrent updates may lose a sample; an average does not mind.
        let average = self.gate.hold_micros.load(Ordering::Relaxed);
        let next = average - average / 8 + held / 8;
        self.gate.hold_micros.store(next, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn waiters_are_served_in_order_and_refused_at_once_where_the_queue_is_too_long() {
        let gate = Arc::new(Gate::new(1));
        let limit = Duration::from_millis(300);
        let first = gate.enter(limit).await.unwrap();
        // As if each piece of work took 200 ms: one may wait, a second could not be served in time.
        gate.hold_micros.store(200_000, Ordering::Relaxed);
        let waiter = tokio::spawn({
            let gate = Arc::clone(&gate);
            async move { gate.enter(limit).await.map(drop) }
        });
        while gate.waiting.load(Ordering::Relaxed) == 0 {
            tokio::task::yield_now().await;
        }
        let began = Instant::now();
        assert!(gate.enter(limit).await.is_err());
        assert!(began.elapsed() < Duration::from_millis(100));
        drop(first);
        waiter.await.unwrap().unwrap();
        assert_eq!(gate.waiting.load(Ordering::Relaxed), 0);
    }
}
