//! Queues for a fixed number of slots, one per share, served in turn.

use std::collections::{HashMap, VecDeque};

use super::share::Share;

/// Who holds the slots and who waits for one. After each change every waiter that may have a free slot has it: those
/// still waiting are above their limit, or no slot is free.
#[derive(Debug)]
pub struct Queues<W> {
    free: usize,
    /// Slots reserved for the health check.
    reserved: usize,
    shares: HashMap<Share, Queue<W>>,
    /// The shares with waiters, in the order in which they are served.
    turns: VecDeque<Share>,
    waiting: usize,
    next_id: u64,
}

#[derive(Debug)]
struct Queue<W> {
    in_use: usize,
    /// Waiters by ascending id.
    waiters: VecDeque<(u64, W)>,
}

impl<W> Default for Queue<W> {
    fn default() -> Self {
        Self {
            in_use: 0,
            waiters: VecDeque::new(),
        }
    }
}

/// A share may take another slot only if it holds at most this many times the slots that it leaves free. A single
/// client thus gets two thirds of the slots, the next one two thirds of the rest, and the last slot goes to a share
/// that has none: slots held for seconds do not make other shares wait.
const CLIENT_FACTOR: usize = 2;
const OWN_FACTOR: usize = 4;
/// Work of this instance, callbacks and logins with a permit are served after at most this many others, however many
/// clients wait.
const OWN_TURN: usize = 2;

impl<W> Queues<W> {
    pub fn new(places: usize) -> Self {
        Self {
            free: places,
            reserved: usize::from(places > 1),
            shares: HashMap::new(),
            turns: VecDeque::new(),
            waiting: 0,
            next_id: 0,
        }
    }

    /// Takes a slot if one is free for this share.
    pub fn try_take(&mut self, share: Share) -> bool {
        let may_take = self.may_take(share);
        if may_take {
            self.take(share);
        }
        may_take
    }

    /// Adds a waiter; returns its id.
    pub fn join(&mut self, share: Share, waiter: W) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.waiting += 1;
        let queue = self.shares.entry(share).or_default();
        queue.waiters.push_back((id, waiter));
        if queue.waiters.len() == 1 {
            self.give_turn(share);
        }
        id
    }

    /// Removes a waiter that has not been served, and returns it.
    pub fn leave(&mut self, share: Share, id: u64) -> Option<W> {
        let queue = self.shares.get_mut(&share)?;
        let place = queue
            .waiters
            .binary_search_by_key(&id, |(id, _)| *id)
            .ok()?;
        let (_, waiter) = queue.waiters.remove(place)?;
        self.waiting -= 1;
        if queue.waiters.is_empty() {
            self.turns.retain(|other| *other != share);
            self.forget_if_empty(share);
        }
        Some(waiter)
    }

    /// Returns a slot to the queue; returns the waiters that now hold one.
    pub fn release(&mut self, share: Share) -> Vec<(Share, W)> {
        self.free += 1;
        if let Some(queue) = self.shares.get_mut(&share) {
            queue.in_use -= 1;
        }
        self.forget_if_empty(share);
        std::iter::from_fn(|| self.serve_next()).collect()
    }

    /// Returns how many waiters would be served up to and including a new one of this share.
    pub fn turns_until(&self, share: Share) -> usize {
        let own = self
            .shares
            .get(&share)
            .map_or(0, |queue| queue.waiters.len());
        let shares = self.turns.len() + usize::from(own == 0);
        let others = match share {
            Share::Client(_) => shares,
            _ => shares.min(OWN_TURN + 1),
        };
        ((own + 1) * others).min(self.waiting + 1)
    }

    fn serve_next(&mut self) -> Option<(Share, W)> {
        let turn = self.turns.iter().position(|share| self.may_take(*share))?;
        let share = self.turns.remove(turn)?;
        let queue = self.shares.get_mut(&share)?;
        let (_, waiter) = queue.waiters.pop_front()?;
        self.waiting -= 1;
        let is_last = queue.waiters.is_empty();
        if !is_last {
            self.give_turn(share);
        }
        self.take(share);
        Some((share, waiter))
    }

    fn may_take(&self, share: Share) -> bool {
        let in_use = self.shares.get(&share).map_or(0, |queue| queue.in_use);
        let factor = match share {
            Share::Health => return self.free > 0,
            Share::Background | Share::Callbacks | Share::Logins => OWN_FACTOR,
            Share::Client(_) => CLIENT_FACTOR,
        };
        let left = self.free.checked_sub(self.reserved + 1);
        left.is_some_and(|left| in_use <= factor * left)
    }

    fn take(&mut self, share: Share) {
        self.free -= 1;
        self.shares.entry(share).or_default().in_use += 1;
    }

    fn give_turn(&mut self, share: Share) {
        let last = self.turns.len();
        let turn = match share {
            Share::Health => 0,
            Share::Background | Share::Callbacks | Share::Logins => last.min(OWN_TURN),
            Share::Client(_) => last,
        };
        self.turns.insert(turn, share);
    }

    fn forget_if_empty(&mut self, share: Share) {
        let queue = self.shares.get(&share);
        if queue.is_some_and(|queue| queue.in_use == 0 && queue.waiters.is_empty()) {
            self.shares.remove(&share);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn client(n: u8) -> Share {
        Share::of_client(Some([192, 0, 2, n].into()))
    }

    /// Returns how many slots a share gets at once.
    fn take_all<W>(queues: &mut Queues<W>, share: Share) -> usize {
        std::iter::from_fn(|| queues.try_take(share).then_some(())).count()
    }

    /// Returns queues with one slot, held by this share.
    fn taken_by(share: Share) -> Queues<&'static str> {
        let mut queues = Queues::new(1);
        assert!(queues.try_take(share));
        queues
    }

    /// Returns the waiters in the order in which they are served.
    fn served(queues: &mut Queues<&'static str>, mut holder: Share) -> Vec<&'static str> {
        let mut order = Vec::new();
        while let Some((share, waiter)) = queues.release(holder).pop() {
            order.push(waiter);
            holder = share;
        }
        assert!(
            queues.shares.is_empty() && queues.turns.is_empty(),
            "nothing is kept"
        );
        assert_eq!((queues.free, queues.waiting), (1, 0));
        order
    }

    #[test]
    fn clients_are_served_in_turn() {
        let mut queues = taken_by(client(1));
        for (n, waiter) in [
            (1, "a1"),
            (1, "a2"),
            (1, "a3"),
            (2, "b1"),
            (3, "c1"),
            (2, "b2"),
        ] {
            queues.join(client(n), waiter);
        }
        let order = served(&mut queues, client(1));
        assert_eq!(order, ["a1", "b1", "c1", "a2", "b2", "a3"]);
    }

    #[test]
    fn callbacks_and_background_work_do_not_wait_for_every_client() {
        let mut queues = taken_by(client(0));
        for (n, waiter) in (1..).zip(["a", "b", "c", "d", "e", "f"]) {
            queues.join(client(n), waiter);
        }
        for waiter in ["K", "L"] {
            queues.join(Share::Callbacks, waiter);
        }
        queues.join(Share::Background, "B");
        let order = served(&mut queues, client(0));
        assert_eq!(order.concat(), "abBKcdLef");
    }

    #[test]
    fn who_has_left_is_not_served() {
        let mut queues = taken_by(client(1));
        let first = queues.join(client(1), "a1");
        queues.join(client(1), "a2");
        let only = queues.join(client(2), "b1");
        queues.join(client(3), "c1");
        assert_eq!(queues.leave(client(1), first), Some("a1"));
        assert_eq!(queues.leave(client(2), only), Some("b1"));
        assert_eq!(queues.leave(client(2), only), None);
        assert_eq!(served(&mut queues, client(1)), ["a2", "c1"]);
    }

    #[test]
    fn nobody_takes_all_places() {
        let mut queues = Queues::<()>::new(20);
        assert_eq!(take_all(&mut queues, client(1)), 13);
        assert_eq!(take_all(&mut queues, client(2)), 4);
        for n in 3..5 {
            assert_eq!(take_all(&mut queues, client(n)), 1, "a client's first one");
        }
        assert_eq!(take_all(&mut queues, Share::Background), 0);
        assert_eq!(take_all(&mut queues, Share::Health), 1, "reserved");
        let mut queues = Queues::<()>::new(20);
        assert_eq!(take_all(&mut queues, Share::Background), 15);
        assert_eq!(take_all(&mut queues, Share::Callbacks), 3);
        assert_eq!(take_all(&mut Queues::<()>::new(1), client(1)), 1);
    }

    #[test]
    fn a_place_goes_to_a_client_below_its_limit_even_where_another_waits_longer() {
        let mut queues = Queues::new(20);
        let in_use = take_all(&mut queues, client(1));
        queues.join(client(1), "above its limit");
        for n in 2..30 {
            take_all(&mut queues, client(n));
        }
        queues.join(client(99), "new");
        let served = queues.release(client(2));
        assert_eq!(served, [(client(99), "new")]);
        for n in 0..in_use {
            let served = queues.release(client(1));
            assert!(n < in_use - 1 || served.is_empty() || queues.waiting == 0);
        }
        assert_eq!(queues.waiting, 0, "it is served once it holds less");
    }

    #[test]
    fn the_wait_depends_on_the_own_waiters_and_the_number_of_others() {
        let mut queues = taken_by(client(1));
        for _ in 0..50 {
            queues.join(client(1), "a");
        }
        assert_eq!(queues.turns_until(client(1)), 51);
        assert_eq!(queues.turns_until(client(2)), 2);
        queues.join(client(3), "c");
        assert_eq!(queues.turns_until(client(3)), 4);
        for n in 10..20 {
            queues.join(client(n), "other");
        }
        assert_eq!(queues.turns_until(client(2)), 13);
        assert_eq!(queues.turns_until(Share::Callbacks), 3);
    }
}
