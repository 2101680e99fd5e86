//! The list of open connections.

use std::cmp::Reverse;
use std::collections::HashMap;
use std::os::fd::OwnedFd;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::net::{Shutdown, shutdown};

use super::{MIN_IDLE, NEVER, RESERVE, millis};
use crate::upstream::clients::ClientKey;

#[derive(Debug, Default)]
pub(super) struct Open {
    next_id: u64,
    entries: HashMap<u64, Entry>,
    /// Connections that count against the cap: neither in the reserve nor being closed.
    regular: usize,
    /// The same per client.
    by_client: HashMap<ClientKey, usize>,
}

#[derive(Debug)]
pub(super) struct Entry {
    /// A second descriptor of the socket, used to close a connection that actix owns.
    pub socket: Option<OwnedFd>,
    /// The client whose share it counts against.
    pub client: Option<ClientKey>,
    pub activity: Arc<Activity>,
    pub is_reserve: bool,
    pub is_closing: bool,
}

impl Entry {
    fn is_regular(&self) -> bool {
        !self.is_reserve && !self.is_closing
    }
}

/// The activity of a connection, in milliseconds since the start.
#[derive(Debug)]
pub(super) struct Activity {
    pub idle_since: AtomicU64,
    pub expires: AtomicU64,
}

impl Open {
    pub fn regular(&self) -> usize {
        self.regular
    }

    pub fn count_of(&self, client: ClientKey) -> usize {
        self.by_client.get(&client).copied().unwrap_or(0)
    }

    /// Adds a connection and returns its id.
    pub fn insert(&mut self, entry: Entry) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        if entry.is_regular() {
            self.regular += 1;
            if let Some(client) = entry.client {
                *self.by_client.entry(client).or_default() += 1;
            }
        }
        self.entries.insert(id, entry);
        id
    }

    /// Closes the connection that has been idle longest, of this client or else of the client with most
    /// connections. Returns `false` if every connection has a request in progress or has just become idle.
    pub fn close_idle(&mut self, now: u64, only_of: Option<ClientKey>) -> bool {
        let regular = self.entries.iter().filter(|(_, entry)| {
            entry.is_regular() && (only_of.is_none() || entry.client == only_of)
        });
        let idle = regular.filter_map(|(id, entry)| {
            let since = entry.activity.idle_since.load(Ordering::Relaxed);
            let is_idle = since.saturating_add(millis(MIN_IDLE)) <= now;
            // Clients that connect for others are exempt from the share; each of their connections counts as one.
            let count = entry.client.map_or(1, |client| self.count_of(client));
            is_idle.then_some((count, Reverse((since, *id))))
        });
        let Some((_, Reverse((_, id)))) = idle.max() else {
            return false;
        };
        self.close(id);
        true
    }

    /// Closes the oldest connection of a full reserve, one with a request in progress only if all have one.
    pub fn make_room_in_reserve(&mut self) {
        let reserve = self.entries.iter();
        let reserve = reserve.filter(|(_, entry)| entry.is_reserve && !entry.is_closing);
        let reserve = reserve.map(|(id, entry)| {
            let is_busy = entry.activity.idle_since.load(Ordering::Relaxed) == NEVER;
            (is_busy, *id)
        });
        let reserve: Vec<(bool, u64)> = reserve.collect();
        if reserve.len() >= RESERVE
            && let Some((_, oldest)) = reserve.into_iter().min()
        {
            self.close(oldest);
        }
    }

    /// Closes the connections that have been without progress for too long.
    pub fn close_expired(&mut self, now: u64) {
        let expired: Vec<u64> = self
            .entries
            .iter()
            .filter(|(_, entry)| {
                !entry.is_closing && entry.activity.expires.load(Ordering::Relaxed) <= now
            })
            .map(|(id, _)| *id)
            .collect();
        for id in expired {
            self.close(id);
        }
    }

    /// Shuts down both directions; actix notices, and drops the connection and its entry.
    fn close(&mut self, id: u64) {
        let Some(entry) = self.entries.get_mut(&id).filter(|entry| !entry.is_closing) else {
            return;
        };
        // The second descriptor is released immediately: in a burst of connections, actix needs time to drop its own.
        if let Some(socket) = entry.socket.take() {
            let _gone = shutdown(&socket, Shutdown::Both);
        }
        entry.is_closing = true;
        if !entry.is_reserve {
            let client = entry.client;
            self.uncount(client);
        }
    }

    pub fn remove(&mut self, id: u64) {
        if let Some(entry) = self.entries.remove(&id)
            && entry.is_regular()
        {
            self.uncount(entry.client);
        }
    }

    fn uncount(&mut self, client: Option<ClientKey>) {
        self.regular -= 1;
        if let Some(client) = client
            && let Some(count) = self.by_client.get_mut(&client)
        {
            *count -= 1;
            if *count == 0 {
                self.by_client.remove(&client);
            }
        }
    }

    #[cfg(test)]
    pub fn is_closing(&self, id: u64) -> bool {
        self.entries.get(&id).is_none_or(|entry| entry.is_closing)
    }
}
