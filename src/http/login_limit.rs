//! How often one client may try to log in, on this instance.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use crate::config::Rate;

/// Counts attempts per client in windows that begin with the first one. Written by hand because the
/// usual limiters cannot be asked without being counted, and only failures count here.
#[derive(Debug)]
pub struct Counter {
    limit: u32,
    window: Duration,
    clients: Mutex<HashMap<IpAddr, (Instant, u32)>>,
}

/// The table of clients is tidied up when it has grown by so many.
const TIDY_AT: usize = 10_000;

impl Counter {
    pub fn new(limit: u32, window: Duration) -> Self {
        Self { limit, window, clients: Mutex::default() }
    }

    /// How long a client has to wait that has used up its attempts.
    pub fn must_wait(&self, client: IpAddr) -> Option<Duration> {
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        let (since, count) = clients.get(&key(client))?;
        let left = self.window.checked_sub(since.elapsed())?;
        (*count >= self.limit).then_some(left)
    }

    /// Counts one attempt.
    pub fn count(&self, client: IpAddr) {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= TIDY_AT && clients.len().is_multiple_of(TIDY_AT) {
            clients.retain(|_, (since, _)| since.elapsed() < self.window);
        }
        let entry = clients.entry(key(client)).or_insert((Instant::now(), 0));
        if entry.0.elapsed() >= self.window {
            *entry = (Instant::now(), 0);
        }
        entry.1 = entry.1.saturating_add(1);
    }
}

/// An IPv6 client usually has a whole /64 to itself.
fn key(client: IpAddr) -> IpAddr {
    match client {
        IpAddr::V4(_) => client,
        IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() >> 64 << 64)),
    }
}

/// Both limits: failed logins, and logins that have begun, of which there may be ten times as many.
#[derive(Debug)]
pub struct LoginLimit {
    pub failed: Counter,
    pub begun: Counter,
}

impl LoginLimit {
    pub fn new(rate: Rate) -> Self {
        Self { failed: Counter::new(rate.count, rate.per), begun: Counter::new(rate.count.saturating_mul(10), rate.per) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_counted_uses_up_attempts() {
        let counter = Counter::new(2, Duration::from_mins(1));
        let client = "192.0.2.1".parse().unwrap();
        for _ in 0..2 {
            assert_eq!(counter.must_wait(client), None);
            counter.count(client);
        }
        assert!(counter.must_wait(client).unwrap() <= Duration::from_mins(1));
        assert_eq!(counter.must_wait("192.0.2.2".parse().unwrap()), None);
    }

    #[test]
    fn a_new_window_begins_anew() {
        let counter = Counter::new(1, Duration::from_millis(20));
        let client = "192.0.2.1".parse().unwrap();
        counter.count(client);
        assert!(counter.must_wait(client).is_some());
        std::thread::sleep(Duration::from_millis(25));
        assert_eq!(counter.must_wait(client), None);
    }

    #[test]
    fn a_whole_ipv6_network_is_one_client() {
        let counter = Counter::new(1, Duration::from_mins(1));
        counter.count("2001:db8:1:2::1".parse().unwrap());
        assert!(counter.must_wait("2001:db8:1:2:ffff::9".parse().unwrap()).is_some());
        assert!(counter.must_wait("2001:db8:1:3::1".parse().unwrap()).is_none());
    }
}
