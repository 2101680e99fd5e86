//! The known clients, each with its counts and attempts.

use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use tokio::sync::oneshot;

use super::Attempt;
use super::window::{Outcome, SLOWED_SPACING, Window};
use crate::config::Rate;
use crate::upstream::clients::{CLIENTS_PER_SITE, Client, ClientKey};

/// Maximum number of waiting attempts of a client above its rate.
const MAX_WAITING: usize = 8;
/// Maximum number of known clients.
const MAX_CLIENTS: usize = 20_000;

/// The state of all clients.
#[derive(Debug)]
pub struct Clients {
    rate: Rate,
    known: Mutex<HashMap<ClientKey, ClientState>>,
}

/// The state of one client, or of one site.
#[derive(Debug)]
struct ClientState {
    window: Window,
    in_progress: usize,
    last_began: Option<Instant>,
    /// Each waiter is woken alone, when its turn comes.
    waiting: VecDeque<oneshot::Sender<Attempt>>,
    slowed: Arc<AtomicBool>,
}

impl ClientState {
    fn new(now: Instant) -> Self {
        Self {
            window: Window::new(now),
            in_progress: 0,
            last_began: None,
            waiting: VecDeque::new(),
            slowed: Arc::default(),
        }
    }

    fn is_in_use(&self) -> bool {
        self.in_progress > 0 || !self.waiting.is_empty()
    }
}

/// The result of starting an attempt.
pub(super) enum Admission {
    Begun(Attempt),
    Wait(oneshot::Receiver<Attempt>),
    TooMany,
}

impl Clients {
    pub(super) fn new(rate: Rate) -> Self {
        Self {
            rate,
            known: Mutex::default(),
        }
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<ClientKey, ClientState>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the client as the queues see it, or `None` if no more attempts of it may wait.
    pub(super) fn check(&self, key: ClientKey) -> Option<Client> {
        let now = Instant::now();
        let mut known = self.lock();
        let is_slowed = self.note_rate(&mut known, key, now);
        let Some(client) = known.get_mut(&key) else {
            return Some(Client::new(key, Arc::new(AtomicBool::new(is_slowed))));
        };
        client.waiting.retain(|waiter| !waiter.is_closed());
        let is_full = is_slowed && client.waiting.len() >= MAX_WAITING;
        (!is_full).then(|| Client::new(key, Arc::clone(&client.slowed)))
    }

    /// Lets an attempt begin or makes it wait.
    pub(super) fn enter(this: &Arc<Self>, key: ClientKey) -> Admission {
        let now = Instant::now();
        let mut known = this.lock();
        this.make_room(&mut known, now);
        // The client is inserted first, so that the rate of its site is recorded for it, too.
        known.entry(key).or_insert_with(|| ClientState::new(now));
        let is_slowed = this.note_rate(&mut known, key, now);
        let client = known.entry(key).or_insert_with(|| ClientState::new(now));
        client.waiting.retain(|waiter| !waiter.is_closed());
        if is_slowed && (client.in_progress > 0 || !client.waiting.is_empty()) {
            return wait(client);
        }
        let attempt = begin(this, client, key, now, is_slowed);
        if attempt.spacing.is_none() {
            return Admission::Begun(attempt);
        }
        // It may begin next, but its spacing has not yet passed.
        let (sender, turn) = oneshot::channel();
        if let Err(mut attempt) = sender.send(attempt) {
            attempt.is_noted = false;
        }
        Admission::Wait(turn)
    }

    /// Ends an attempt and passes its place to the one that has waited longest, and to no other.
    pub(super) fn end(this: &Arc<Self>, key: ClientKey) {
        let now = Instant::now();
        let mut known = this.lock();
        let is_slowed = this.note_rate(&mut known, key, now);
        let Some(client) = known.get_mut(&key) else {
            return;
        };
        client.in_progress = client.in_progress.saturating_sub(1);
        while let Some(waiter) = client.waiting.pop_front() {
            if is_slowed && client.in_progress > 0 {
                client.waiting.push_front(waiter);
                break;
            }
            let attempt = begin(this, client, key, now, is_slowed);
            let Err(mut attempt) = waiter.send(attempt) else {
                break;
            };
            // The waiter has gone away. Recording the end here would lock again.
            attempt.is_noted = false;
            client.in_progress = client.in_progress.saturating_sub(1);
        }
    }

    /// Counts an outcome for a client, and for the site that it belongs to.
    pub(super) fn count(&self, key: ClientKey, outcome: Outcome) {
        let now = Instant::now();
        let mut known = self.lock();
        for key in [Some(key), key.site()].into_iter().flatten() {
            let client = known.entry(key).or_insert_with(|| ClientState::new(now));
            client.window.count(outcome, now, self.rate);
        }
        self.note_rate(&mut known, key, now);
    }

    /// Records and returns whether a client is above its rate, so that the queue of calls sees it, too.
    fn note_rate(
        &self,
        known: &mut HashMap<ClientKey, ClientState>,
        key: ClientKey,
        now: Instant,
    ) -> bool {
        let is_above = |key: ClientKey, times| {
            (known.get(&key)).is_some_and(|known| known.window.is_above(now, self.rate, times))
        };
        let site_is_above = (key.site()).is_some_and(|site| is_above(site, CLIENTS_PER_SITE));
        let is_slowed = is_above(key, 1) || site_is_above;
        if let Some(client) = known.get(&key) {
            client.slowed.store(is_slowed, Ordering::Relaxed);
        }
        is_slowed
    }

    /// Evicts clients that have not been counted lately and, if that is not enough, half of the others: first those
    /// without failures, then the older ones, and last those above their rate, so that an attacker with many IP
    /// addresses cannot erase its failures.
    fn make_room(&self, known: &mut HashMap<ClientKey, ClientState>, now: Instant) {
        if known.len() < MAX_CLIENTS {
            return;
        }
        known.retain(|_, client| client.is_in_use() || !client.window.is_over(now, self.rate));
        if known.len() < MAX_CLIENTS / 2 {
            return;
        }
        let rank = |key: &ClientKey, client: &ClientState| {
            let times = match key {
                ClientKey::Site(_) => CLIENTS_PER_SITE,
                _ => 1,
            };
            client.window.rank(now, self.rate, times)
        };
        let mut ranks: Vec<_> = known.iter().map(|(key, known)| rank(key, known)).collect();
        ranks.sort_unstable();
        let middle = ranks.get(ranks.len() / 2).copied();
        known.retain(|key, client| client.is_in_use() || Some(rank(key, client)) > middle);
    }
}

fn wait(client: &mut ClientState) -> Admission {
    if client.waiting.len() >= MAX_WAITING {
        return Admission::TooMany;
    }
    let (sender, turn) = oneshot::channel();
    client.waiting.push_back(sender);
    Admission::Wait(turn)
}

fn begin(
    clients: &Arc<Clients>,
    client: &mut ClientState,
    key: ClientKey,
    now: Instant,
    is_slowed: bool,
) -> Attempt {
    let earliest = (client.last_began).map_or(now, |began| (began + SLOWED_SPACING).max(now));
    let spacing = Some(earliest - now).filter(|left| is_slowed && !left.is_zero());
    client.in_progress += 1;
    client.last_began = Some(spacing.map_or(now, |left| now + left));
    Attempt {
        clients: Arc::clone(clients),
        client: Client::new(key, Arc::clone(&client.slowed)),
        spacing,
        if_abandoned: Outcome::Uncounted,
        is_noted: true,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn the_memory_for_clients_is_bounded_and_those_in_use_stay() {
        let rate = Rate {
            count: 1,
            per: Duration::from_mins(1),
        };
        let clients = Arc::new(Clients::new(rate));
        let first = ClientKey::Subnet(u64::MAX);
        let Admission::Begun(_attempt) = Clients::enter(&clients, first) else {
            panic!("nothing to wait for");
        };
        for n in 0..60_000 {
            clients.count(ClientKey::Subnet(n << 16), Outcome::Failed);
            drop(Clients::enter(&clients, ClientKey::Subnet(n << 16)));
        }
        let known = clients.lock();
        // A client and its site are inserted together.
        assert!(known.len() <= MAX_CLIENTS + 2, "{}", known.len());
        assert_eq!(known.get(&first).unwrap().in_progress, 1);
    }

    #[test]
    fn clients_without_failures_are_forgotten_before_those_with_failures_and_those_above_their_rate()
     {
        let rate = Rate {
            count: 2,
            per: Duration::from_mins(1),
        };
        let clients = Arc::new(Clients::new(rate));
        let above = ClientKey::Device([1; 16]);
        clients.count(above, Outcome::Failed);
        clients.count(above, Outcome::Failed);
        let failed = ClientKey::Device([2; 16]);
        clients.count(failed, Outcome::Failed);
        let is_known = |key| clients.lock().contains_key(&key);
        for n in 0..60_000 {
            drop(Clients::enter(&clients, ClientKey::V4(n.into())));
        }
        assert!(is_known(above) && is_known(failed));
        for n in 0..60_000 {
            let key = ClientKey::V4(n.into());
            clients.count(key, Outcome::Failed);
            drop(Clients::enter(&clients, key));
        }
        assert!(is_known(above) && !is_known(failed));
        assert!(clients.lock().len() <= MAX_CLIENTS);
    }
}
