//! The queue of logins that have not sent their code yet: clients in turn, and no more waiting than can be
//! served in time.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::context::clients::{Client, ClientKey, InProgressCounts};

/// How many logins of a client may be in progress while another client waits.
const MAX_IN_PROGRESS: usize = 8;
/// Nobody is told to come back later than this.
const MAX_RETRY_AFTER: Duration = Duration::from_mins(2);
/// How many clients without a waiter are remembered for what they were told.
const MAX_PROMISES: usize = 4_096;

/// Waiters by client. `W` is what a waiter is told through.
#[derive(Debug)]
pub struct FairQueue<W> {
    lines: HashMap<ClientKey, VecDeque<Waiter<W>>>,
    /// The clients with a line, the next one to be served first.
    order: VecDeque<ClientKey>,
    len: usize,
    /// Until when places have been promised to the clients that were told to come back.
    promises: HashMap<ClientKey, Instant>,
}

#[derive(Debug)]
struct Waiter<W> {
    client: Client,
    told: W,
}

/// What became of a waiter that wanted to enter the queue.
#[derive(Debug, PartialEq, Eq)]
pub enum Entered<W> {
    Queued,
    /// In the place of the last waiter of another client, which had more than its share.
    InPlaceOf(ClientKey, W),
    Full,
}

impl<W> Default for FairQueue<W> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            order: VecDeque::new(),
            len: 0,
            promises: HashMap::new(),
        }
    }
}

impl<W> FairQueue<W> {
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Enters the queue, which can serve `capacity` waiters in time.
    pub fn enter(&mut self, client: &Client, told: W, capacity: usize) -> Entered<W> {
        let mut entered = Entered::Queued;
        if self.len >= capacity {
            match self.take_from_longest(client) {
                Some((key, evicted)) => entered = Entered::InPlaceOf(key, evicted),
                None => return Entered::Full,
            }
        }
        let line = self.lines.entry(client.key).or_default();
        if line.is_empty() {
            self.order.push_back(client.key);
        }
        line.push_back(Waiter {
            client: client.clone(),
            told,
        });
        self.len += 1;
        entered
    }

    /// Whether a waiter of this client would be turned away.
    pub fn is_full_for(&self, client: &Client, capacity: usize) -> bool {
        self.len >= capacity && self.victim(client).is_none()
    }

    fn take_from_longest(&mut self, newcomer: &Client) -> Option<(ClientKey, W)> {
        let key = self.victim(newcomer)?;
        let line = self.lines.get_mut(&key)?;
        let last = line.pop_back()?;
        self.len -= 1;
        self.forget_if_empty(key);
        Some((key, last.told))
    }

    /// The client that has to give up a place: one that is slowed before any other, then the one with the
    /// longest line; none where the newcomer would then have no less than it.
    fn victim(&self, newcomer: &Client) -> Option<ClientKey> {
        let own = self.lines.get(&newcomer.key).map_or(0, VecDeque::len) + 1;
        let (slowed, length, is_address, key) = self
            .order
            .iter()
            .filter(|key| **key != newcomer.key)
            .filter_map(|key| {
                let line = self.lines.get(key)?;
                let client = &line.back()?.client;
                let is_address = !client.is_known_browser();
                Some((client.is_slowed(), line.len(), is_address, *key))
            })
            .max_by_key(|(slowed, length, is_address, _)| (*slowed, *length, *is_address))?;
        let theirs = (slowed, length, is_address);
        // Whoever takes the place has one more, and the other one less.
        let ours = (newcomer.is_slowed(), own, !newcomer.is_known_browser());
        (theirs > ours).then_some(key)
    }

    /// Takes the waiter whose turn it is out of the queue; none where all that wait have to wait on.
    pub fn next(&mut self, counts: &InProgressCounts) -> Option<(ClientKey, W)> {
        let position = self.next_position(counts)?;
        let key = self.order.remove(position)?;
        let waiter = self.lines.get_mut(&key)?.pop_front()?;
        self.len -= 1;
        self.order.push_back(key);
        self.forget_if_empty(key);
        Some((key, waiter.told))
    }

    /// Whether somebody's turn could come now.
    pub fn has_next(&self, counts: &InProgressCounts) -> bool {
        self.next_position(counts).is_some()
    }

    /// Clients below their rate come first, one after another; then the others, each with one login at a time.
    fn next_position(&self, counts: &InProgressCounts) -> Option<usize> {
        let is_alone = self.order.len() == 1;
        let first = |slowed: bool, most: usize| {
            self.order.iter().position(|key| {
                let waiter = self.lines.get(key).and_then(VecDeque::front);
                waiter.is_some_and(|waiter| {
                    waiter.client.is_slowed() == slowed && counts.of(*key) < most
                })
            })
        };
        let most = if is_alone {
            usize::MAX
        } else {
            MAX_IN_PROGRESS
        };
        first(false, most).or_else(|| first(true, 1))
    }

    /// Removes the waiters that have gone away.
    pub fn retain(&mut self, is_there: impl Fn(&W) -> bool) {
        self.lines.retain(|_, line| {
            line.retain(|waiter| is_there(&waiter.told));
            !line.is_empty()
        });
        let lines = &self.lines;
        self.order.retain(|key| lines.contains_key(key));
        self.len = self.lines.values().map(VecDeque::len).sum();
    }

    /// Takes everybody out of the queue.
    pub fn drain(&mut self) -> Vec<W> {
        self.order.clear();
        self.len = 0;
        let lines = self.lines.drain().flat_map(|(_, line)| line);
        lines.map(|waiter| waiter.told).collect()
    }

    fn forget_if_empty(&mut self, key: ClientKey) {
        if self.lines.get(&key).is_some_and(VecDeque::is_empty) {
            self.lines.remove(&key);
            self.order.retain(|other| *other != key);
        }
    }

    /// Returns when a client that is turned away should come back: after its earlier promises, at its share of
    /// the pace, so that those who come back do not all meet a full queue again.
    pub fn promise(
        &mut self,
        key: ClientKey,
        now: Instant,
        hold: Duration,
        spacing: Duration,
    ) -> Duration {
        self.promises.retain(|_, until| *until > now);
        let mut clients = self.order.len();
        clients += (self.promises.keys())
            .filter(|key| !self.lines.contains_key(key))
            .count();
        let is_counted = self.lines.contains_key(&key) || self.promises.contains_key(&key);
        let share = u32::try_from(clients + usize::from(!is_counted)).unwrap_or(u32::MAX);
        let earliest = now + hold;
        let after = self.promises.get(&key).copied().unwrap_or(earliest);
        let until =
            (after.max(earliest) + spacing.saturating_mul(share)).min(now + MAX_RETRY_AFTER);
        if self.promises.len() < MAX_PROMISES || self.promises.contains_key(&key) {
            self.promises.insert(key, until);
        }
        until - now
    }
}

#[cfg(test)]
mod tests;
