//! The queue of logins that have not sent their code yet: round-robin between clients, with at most ten clients'
//! share for a site (IPv6 /48), and no more waiters than can be served in time.

use std::collections::{HashMap, VecDeque};
use std::time::{Duration, Instant};

use crate::upstream::clients::{CLIENTS_PER_SITE, Client, ClientKey, InProgressCounts};

/// Maximum number of a client's logins in progress while another client waits.
const MAX_IN_PROGRESS: usize = 8;
/// Upper bound of the retry time that a client is told, beyond the time for which the API is held back. A longer one
/// would rest on clients that may be gone by then, and leave permits unused.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(20);
/// Maximum number of remembered retry times of clients without a waiter.
const MAX_RESERVATIONS: usize = 4_096;
/// Maximum number of shares of a site.
const MAX_SHARES: usize = CLIENTS_PER_SITE as usize;

/// Waiters by client. `W` is the channel through which a waiter is notified.
#[derive(Debug)]
pub struct FairQueue<W> {
    lines: HashMap<ClientKey, VecDeque<Waiter<W>>>,
    /// The sites with waiters, in serving order.
    sites: VecDeque<Site>,
    len: usize,
    /// Until when places are reserved for the clients that were told to retry.
    retry_reservations: HashMap<ClientKey, Instant>,
}

/// The waiting clients of one site. A client without a site is a site of its own.
#[derive(Debug)]
struct Site {
    key: ClientKey,
    /// The clients in serving order.
    order: VecDeque<ClientKey>,
    /// Number of permits since the site came first.
    turns: usize,
}

fn site_of(key: ClientKey) -> ClientKey {
    key.site().unwrap_or(key)
}

#[derive(Debug)]
struct Waiter<W> {
    client: Client,
    sender: W,
}

/// The result of entering the queue.
#[derive(Debug, PartialEq, Eq)]
pub enum EnqueueResult<W> {
    Queued,
    /// Queued in place of the last waiter of another client, which had more than its share.
    Evicted(ClientKey, W),
    Full,
}

impl<W> Default for FairQueue<W> {
    fn default() -> Self {
        Self {
            lines: HashMap::new(),
            sites: VecDeque::new(),
            len: 0,
            retry_reservations: HashMap::new(),
        }
    }
}

impl<W> FairQueue<W> {
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Enters the queue, which can serve `capacity` waiters in time.
    pub fn enqueue(&mut self, client: &Client, told: W, capacity: usize) -> EnqueueResult<W> {
        let mut entered = EnqueueResult::Queued;
        if self.len >= capacity {
            match self.evict_from_longest(client) {
                Some((key, evicted)) => entered = EnqueueResult::Evicted(key, evicted),
                None => return EnqueueResult::Full,
            }
        }
        if !self.lines.contains_key(&client.key) {
            self.append(client.key);
        }
        let line = self.lines.entry(client.key).or_default();
        line.push_back(Waiter {
            client: client.clone(),
            sender: told,
        });
        self.len += 1;
        entered
    }

    /// Puts a client with its first waiter last among those of its site.
    fn append(&mut self, client: ClientKey) {
        let key = site_of(client);
        if let Some(site) = self.sites.iter_mut().find(|site| site.key == key) {
            site.order.push_back(client);
            return;
        }
        self.sites.push_back(Site {
            key,
            order: VecDeque::from([client]),
            turns: 0,
        });
    }

    /// Returns whether a waiter of this client would be rejected.
    pub fn is_full_for(&self, client: &Client, capacity: usize) -> bool {
        self.len >= capacity && self.eviction_candidate(client).is_none()
    }

    fn evict_from_longest(&mut self, newcomer: &Client) -> Option<(ClientKey, W)> {
        let key = self.eviction_candidate(newcomer)?;
        let line = self.lines.get_mut(&key)?;
        let last = line.pop_back()?;
        self.len -= 1;
        self.forget_if_empty(key);
        Some((key, last.sender))
    }

    /// Returns the client that must give up a place: a slowed one before any other, then the one with the most
    /// waiters, its own or its part of the site's. `None` if the newcomer would then have no less than that client.
    fn eviction_candidate(&self, newcomer: &Client) -> Option<ClientKey> {
        let own_site = site_of(newcomer.key);
        // Taking over the place gives the newcomer one more waiter, and the evicted client one less.
        let own = self.waiters_of([&newcomer.key]) + 1;
        let in_own_site = self.sites.iter().find(|site| site.key == own_site);
        let in_own_site = in_own_site.map_or(0, |site| self.waiters_of(&site.order)) + 1;
        let own_part = own.max(in_own_site.div_ceil(MAX_SHARES));
        let victims = self.sites.iter().flat_map(|site| {
            let part_of_site = self.waiters_of(&site.order).div_ceil(MAX_SHARES);
            let others = site.order.iter().filter(|key| **key != newcomer.key);
            others.filter_map(move |key| {
                let line = self.lines.get(key)?;
                let client = &line.back()?.client;
                let (is_slowed, is_address) = (client.is_slowed(), !client.is_known_browser());
                let part = line.len().max(part_of_site);
                // Within a site, its clients compete like any other clients.
                let (theirs, ours) = if site.key == own_site {
                    (line.len(), own)
                } else {
                    (part, own_part)
                };
                let ours = (newcomer.is_slowed(), ours, !newcomer.is_known_browser());
                let has_more = (is_slowed, theirs, is_address) > ours;
                has_more.then_some(((is_slowed, part, is_address, line.len()), *key))
            })
        });
        let (_, key) = victims.max_by_key(|(rank, _)| *rank)?;
        Some(key)
    }

    fn waiters_of<'a>(&self, clients: impl IntoIterator<Item = &'a ClientKey>) -> usize {
        let lines = clients.into_iter().filter_map(|key| self.lines.get(key));
        lines.map(VecDeque::len).sum()
    }

    /// Removes and returns the next waiter; `None` if all waiters must keep waiting.
    pub fn next(&mut self, counts: &InProgressCounts) -> Option<(ClientKey, W)> {
        let (at, position) = self.next_position(counts)?;
        let site = self.sites.get_mut(at)?;
        let key = site.order.remove(position)?;
        site.order.push_back(key);
        site.turns += 1;
        if site.turns >= site.order.len().min(MAX_SHARES) {
            let mut site = self.sites.remove(at)?;
            site.turns = 0;
            self.sites.push_back(site);
        }
        let waiter = self.lines.get_mut(&key)?.pop_front()?;
        self.len -= 1;
        self.forget_if_empty(key);
        Some((key, waiter.sender))
    }

    /// Returns whether a waiter could be served now.
    pub fn has_next(&self, counts: &InProgressCounts) -> bool {
        self.next_position(counts).is_some()
    }

    /// Returns the index of the next site, and that of the client within it. Clients below their rate come first,
    /// round-robin; then the others, each with one login at a time.
    fn next_position(&self, counts: &InProgressCounts) -> Option<(usize, usize)> {
        let is_alone = self.lines.len() == 1;
        let first = |slowed: bool, most: usize| {
            let is_next = |key: &ClientKey| {
                let waiter = self.lines.get(key).and_then(VecDeque::front);
                waiter.is_some_and(|waiter| {
                    waiter.client.is_slowed() == slowed && counts.of(*key) < most
                })
            };
            let mut sites = self.sites.iter().enumerate();
            sites.find_map(|(at, site)| Some((at, site.order.iter().position(is_next)?)))
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
            line.retain(|waiter| is_there(&waiter.sender));
            !line.is_empty()
        });
        for site in &mut self.sites {
            site.order.retain(|key| self.lines.contains_key(key));
        }
        self.sites.retain(|site| !site.order.is_empty());
        self.len = self.lines.values().map(VecDeque::len).sum();
    }

    /// Removes and returns all waiters.
    pub fn drain(&mut self) -> Vec<W> {
        self.sites.clear();
        self.len = 0;
        let lines = self.lines.drain().flat_map(|(_, line)| line);
        lines.map(|waiter| waiter.sender).collect()
    }

    fn forget_if_empty(&mut self, key: ClientKey) {
        if self.lines.get(&key).is_some_and(VecDeque::is_empty) {
            self.lines.remove(&key);
            for site in &mut self.sites {
                site.order.retain(|other| *other != key);
            }
            self.sites.retain(|site| !site.order.is_empty());
        }
    }

    /// Returns after how long a rejected client should retry: after its earlier reservations, at its share of the
    /// rate, so that those who return do not all meet a full queue again.
    pub fn reserve_retry(
        &mut self,
        key: ClientKey,
        now: Instant,
        hold: Duration,
        spacing: Duration,
    ) -> Duration {
        self.retry_reservations.retain(|_, until| *until > now);
        let rounds = self.rounds_per_turn(key);
        let earliest = now + hold;
        let after = self
            .retry_reservations
            .get(&key)
            .copied()
            .unwrap_or(earliest);
        let until = after.max(earliest) + spacing.saturating_mul(rounds);
        if until > earliest + MAX_RETRY_AFTER {
            // Nothing is reserved so far ahead. At random, so that they do not all return at the same moment.
            return hold + MAX_RETRY_AFTER.mul_f64(rand::random_range(0.5..1.0));
        }
        if self.retry_reservations.len() < MAX_RESERVATIONS
            || self.retry_reservations.contains_key(&key)
        {
            self.retry_reservations.insert(key, until);
        }
        until - now
    }

    /// Returns after how many permits of the queue this client receives one, counting all clients that wait or were
    /// told to retry. A site has no more than its shares, and its clients divide these among them.
    fn rounds_per_turn(&self, key: ClientKey) -> u32 {
        let is_counted =
            self.lines.contains_key(&key) || self.retry_reservations.contains_key(&key);
        let absent =
            (self.retry_reservations.keys()).filter(|other| !self.lines.contains_key(other));
        let newcomer = (!is_counted).then_some(&key);
        let mut shares = 0;
        let mut sites: HashMap<ClientKey, usize> = HashMap::new();
        for client in self.lines.keys().chain(absent).chain(newcomer) {
            match client.site() {
                Some(site) => *sites.entry(site).or_default() += 1,
                None => shares += 1,
            }
        }
        shares += (sites.values())
            .map(|count| count.min(&MAX_SHARES))
            .sum::<usize>();
        let own_site = key.site().and_then(|site| sites.get(&site));
        let part = own_site.map_or(1, |count| count.div_ceil(MAX_SHARES));
        u32::try_from(shares * part).unwrap_or(u32::MAX)
    }
}

#[cfg(test)]
mod tests;
