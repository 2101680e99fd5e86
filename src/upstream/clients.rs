//! Identifies the client of a login, for rate limits and for fairness between clients.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A site (/48) has the share of this many clients, however many of its subnets are in use.
pub const CLIENTS_PER_SITE: u32 = 10;

/// The key by which clients are distinguished.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ClientKey {
    /// A browser that has signed in here before, by the id in its device cookie.
    Device([u8; 16]),
    V4(Ipv4Addr),
    /// An IPv6 /64, by its upper 64 bits: one client usually has all of it.
    Subnet(u64),
    /// An IPv6 /48, by its upper 48 bits: one site may have all of it.
    Site(u64),
    /// A peer whose IP address is unknown.
    Unknown,
}

impl ClientKey {
    pub fn of_address(address: Option<IpAddr>) -> Self {
        match address {
            Some(IpAddr::V4(v4)) => Self::V4(v4),
            Some(IpAddr::V6(v6)) => Self::Subnet((v6.to_bits() >> 64) as u64),
            None => Self::Unknown,
        }
    }

    /// Returns the /48 that contains an IPv6 /64.
    pub fn site(self) -> Option<Self> {
        match self {
            Self::Subnet(upper) => Some(Self::Site(upper >> 16)),
            _ => None,
        }
    }
}

/// A client, as the queues see it.
#[derive(Debug, Clone)]
pub struct Client {
    pub key: ClientKey,
    /// Whether the client exceeds its rate; set by the limiter that counts its failures.
    slowed: Arc<AtomicBool>,
}

impl Client {
    pub fn new(key: ClientKey, slowed: Arc<AtomicBool>) -> Self {
        Self { key, slowed }
    }

    /// Returns whether the client exceeds its rate, so that clients below theirs are served first.
    pub fn is_slowed(&self) -> bool {
        self.slowed.load(Ordering::Relaxed)
    }

    /// Returns whether somebody has signed in from this browser before.
    pub fn is_known_browser(&self) -> bool {
        matches!(self.key, ClientKey::Device(_))
    }
}

/// Number of logins in progress per client: those that have started their calls and not ended.
#[derive(Debug, Clone, Default)]
pub struct InProgressCounts(Arc<Mutex<HashMap<ClientKey, usize>>>);

impl InProgressCounts {
    fn lock(&self) -> MutexGuard<'_, HashMap<ClientKey, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub fn of(&self, key: ClientKey) -> usize {
        self.lock().get(&key).copied().unwrap_or(0)
    }

    pub fn begin(&self, key: ClientKey) -> InProgress {
        *self.lock().entry(key).or_default() += 1;
        InProgress {
            counts: self.clone(),
            key,
        }
    }
}

/// A login in progress; dropping it ends it.
#[must_use]
#[derive(Debug)]
pub struct InProgress {
    counts: InProgressCounts,
    key: ClientKey,
}

impl Drop for InProgress {
    fn drop(&mut self) {
        let mut counts = self.counts.lock();
        if let Some(count) = counts.get_mut(&self.key) {
            *count -= 1;
            if *count == 0 {
                counts.remove(&self.key);
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns a client with the IPv4 address that ends in this number, below its rate.
    pub fn address(n: u8) -> Client {
        let key = ClientKey::V4(Ipv4Addr::new(192, 0, 2, n));
        Client::new(key, Arc::default())
    }

    pub fn device(n: u8) -> Client {
        Client::new(ClientKey::Device([n; 16]), Arc::default())
    }

    pub fn slowed(n: u8) -> Client {
        let client = address(n);
        client.slowed.store(true, Ordering::Relaxed);
        client
    }

    fn key(address: &str) -> ClientKey {
        ClientKey::of_address(Some(address.parse().unwrap()))
    }

    #[test]
    fn an_ipv6_subnet_is_one_client_and_belongs_to_a_site() {
        assert_eq!(key("2001:db8:1:2::1"), key("2001:db8:1:2:ffff::9"));
        assert_ne!(key("2001:db8:1:2::1"), key("2001:db8:1:3::1"));
        assert_eq!(key("2001:db8:1:2::1").site(), key("2001:db8:1:3::1").site());
        assert_ne!(key("2001:db8:1:2::1").site(), key("2001:db8:2:2::1").site());
        assert_ne!(key("192.0.2.1"), key("192.0.2.2"));
        assert_eq!(key("192.0.2.1").site(), None);
    }

    #[test]
    fn what_has_ended_is_not_counted() {
        let counts = InProgressCounts::default();
        let key = address(1).key;
        let (one, two) = (counts.begin(key), counts.begin(key));
        assert_eq!(counts.of(key), 2);
        drop(one);
        assert_eq!(counts.of(key), 1);
        drop(two);
        assert!(counts.lock().is_empty(), "nothing is kept of who has gone");
    }
}
