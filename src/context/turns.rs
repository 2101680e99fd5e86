//! Who waits in this process for a call to DingTalk, most urgent first.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::oneshot;

/// Waiters of one API, ordered by priority (lower first), then by arrival.
type Queue<G> = BTreeMap<(i16, u64), oneshot::Sender<G>>;

/// The queues of all APIs. `G` is what a waiter is handed when its turn has come.
#[derive(Debug)]
pub struct Turns<G> {
    queues: Mutex<(u64, HashMap<&'static str, Queue<G>>)>,
}

impl<G> Default for Turns<G> {
    fn default() -> Self {
        Self {
            queues: Mutex::new((0, HashMap::new())),
        }
    }
}

impl<G> Turns<G> {
    fn lock(&self) -> MutexGuard<'_, (u64, HashMap<&'static str, Queue<G>>)> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lines up; true when the queue was idle, so that the caller has to set it going.
    pub fn line_up(&self, api: &'static str, priority: i16) -> (oneshot::Receiver<G>, bool) {
        let (sender, receiver) = oneshot::channel();
        let mut guard = self.lock();
        guard.0 += 1;
        let arrival = guard.0;
        let was_idle = !guard.1.contains_key(api);
        guard
            .1
            .entry(api)
            .or_default()
            .insert((priority, arrival), sender);
        (receiver, was_idle)
    }

    /// The priority of the most urgent waiter; with nobody left, the queue is idle from now on.
    pub fn most_urgent(&self, api: &'static str) -> Option<i16> {
        let mut guard = self.lock();
        let queue = guard.1.get_mut(api)?;
        queue.retain(|_, waiter| !waiter.is_closed());
        let first = queue.keys().next().map(|(priority, _)| *priority);
        if first.is_none() {
            guard.1.remove(api);
        }
        first
    }

    /// Hands something to the most urgent waiter; gives it back when nobody wants it.
    pub fn serve(&self, api: &'static str, mut what: G) -> Option<G> {
        loop {
            let first = self.lock().1.get_mut(api).and_then(BTreeMap::pop_first);
            let Some((_, waiter)) = first else {
                return Some(what);
            };
            match waiter.send(what) {
                Ok(()) => return None,
                Err(returned) => what = returned,
            }
        }
    }

    /// Ends a queue that nobody serves any more; who waits in it is told by the end of the channel.
    pub fn abandon(&self, api: &'static str) {
        self.lock().1.remove(api);
    }

    /// Takes everybody out of the queue, the least urgent first.
    pub fn dismiss(&self, api: &'static str) -> Vec<oneshot::Sender<G>> {
        let queue = self
            .lock()
            .1
            .get_mut(api)
            .map(std::mem::take)
            .unwrap_or_default();
        let mut waiters: Vec<_> = queue.into_iter().collect();
        waiters.sort_by_key(|(key, _)| Reverse(*key));
        waiters.into_iter().map(|(_, waiter)| waiter).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_most_urgent_is_served_first_and_then_in_order_of_arrival() {
        let turns = Turns::default();
        let (sync, idle) = turns.line_up("api", 3);
        assert!(idle);
        let (login, idle) = turns.line_up("api", 0);
        assert!(!idle);
        let (later_login, _) = turns.line_up("api", 0);
        assert_eq!(turns.most_urgent("api"), Some(0));
        for n in 1..=3 {
            assert_eq!(turns.serve("api", n), None);
        }
        assert_eq!(
            (login.await, later_login.await, sync.await),
            (Ok(1), Ok(2), Ok(3))
        );
        assert_eq!(turns.most_urgent("api"), None);
        assert!(turns.line_up("api", 1).1, "idle again");
    }

    #[test]
    fn who_has_gone_away_is_passed_over() {
        let turns = Turns::default();
        drop(turns.line_up("api", 0));
        assert_eq!(turns.serve("api", 7), Some(7));
        drop(turns.line_up("api", 0));
        assert_eq!(turns.most_urgent("api"), None);
    }
}
