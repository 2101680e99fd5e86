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
        Self {
            limit,
            window,
            clients: Mutex::default(),
        }
    }

    /// Counts an attempt beforehand, so that those that come together are counted, too. It is taken back
    /// unless it is kept. Gives how long to wait where all attempts are used up.
    pub fn reserve(&self, client: IpAddr) -> Result<Reservation<'_>, Duration> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        if clients.len() >= TIDY_AT && clients.len().is_multiple_of(TIDY_AT) {
            clients.retain(|_, (since, _)| since.elapsed() < self.window);
        }
        let entry = clients.entry(key(client)).or_insert((Instant::now(), 0));
        if entry.0.elapsed() >= self.window {
            *entry = (Instant::now(), 0);
        }
        if entry.1 >= self.limit {
            return Err(self.window.saturating_sub(entry.0.elapsed()));
        }
        entry.1 += 1;
        Ok(Reservation {
            counter: self,
            client,
            since: entry.0,
        })
    }
}

/// An attempt that is counted for as long as this lives, and for the window if it is kept.
#[must_use]
#[derive(Debug)]
pub struct Reservation<'a> {
    counter: &'a Counter,
    client: IpAddr,
    since: Instant,
}

impl Reservation<'_> {
    /// Leaves the attempt counted.
    pub fn keep(self) {
        std::mem::forget(self);
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        let mut clients = self
            .counter
            .clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((since, count)) = clients.get_mut(&key(self.client))
            && *since == self.since
        {
            *count = count.saturating_sub(1);
        }
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
        Self {
            failed: Counter::new(rate.count, rate.per),
            begun: Counter::new(rate.count.saturating_mul(10), rate.per),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_free(counter: &Counter, client: &str) -> bool {
        counter.reserve(client.parse().unwrap()).is_ok()
    }

    fn fail(counter: &Counter, client: &str) {
        counter.reserve(client.parse().unwrap()).unwrap().keep();
    }

    #[test]
    fn only_what_is_kept_uses_up_attempts() {
        let counter = Counter::new(2, Duration::from_mins(1));
        for _ in 0..5 {
            assert!(is_free(&counter, "192.0.2.1"));
        }
        fail(&counter, "192.0.2.1");
        fail(&counter, "192.0.2.1");
        assert!(
            counter.reserve("192.0.2.1".parse().unwrap()).unwrap_err() <= Duration::from_mins(1)
        );
        assert!(is_free(&counter, "192.0.2.2"));
    }

    #[test]
    fn attempts_that_are_under_way_together_count_together() {
        let counter = Counter::new(2, Duration::from_mins(1));
        let client = "192.0.2.1".parse().unwrap();
        let under_way = [counter.reserve(client), counter.reserve(client)];
        assert!(under_way.iter().all(Result::is_ok));
        assert!(!is_free(&counter, "192.0.2.1"));
        drop(under_way);
        assert!(is_free(&counter, "192.0.2.1"));
    }

    #[test]
    fn a_new_window_begins_anew() {
        let counter = Counter::new(1, Duration::from_millis(20));
        fail(&counter, "192.0.2.1");
        assert!(!is_free(&counter, "192.0.2.1"));
        std::thread::sleep(Duration::from_millis(25));
        assert!(is_free(&counter, "192.0.2.1"));
    }

    #[test]
    fn a_whole_ipv6_network_is_one_client() {
        let counter = Counter::new(1, Duration::from_mins(1));
        fail(&counter, "2001:db8:1:2::1");
        assert!(!is_free(&counter, "2001:db8:1:2:ffff::9"));
        assert!(is_free(&counter, "2001:db8:1:3::1"));
    }
}
