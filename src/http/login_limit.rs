//! How often one client may try to log in, on this instance.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::config::Rate;

/// Counts attempts per client in windows that begin with the first one. Written by hand because the
/// usual limiters cannot be asked without being counted, and only failures count here.
#[derive(Debug)]
pub struct Counter {
    limit: u32,
    window: Duration,
    /// How long an attempt waits for others to end.
    turn: Duration,
    clients: Mutex<HashMap<IpAddr, Client>>,
    /// Told whenever an attempt has ended.
    ended: Notify,
}

/// What is known of one client.
#[derive(Debug)]
struct Client {
    since: Instant,
    kept: u32,
    under_way: u32,
}

impl Client {
    fn new() -> Self {
        Self {
            since: Instant::now(),
            kept: 0,
            under_way: 0,
        }
    }
}

/// The table of clients is tidied up when it has grown by so many.
const TIDY_AT: usize = 10_000;
/// Longer than most logins take, and short beside the time that one may take.
const TURN: Duration = Duration::from_secs(2);

impl Counter {
    pub fn new(limit: u32, window: Duration) -> Self {
        Self {
            limit,
            window,
            turn: TURN,
            clients: Mutex::default(),
            ended: Notify::new(),
        }
    }

    /// Begins an attempt, which counts only if it is kept. Attempts that come together and might all fail
    /// go one after another where their failures would be too many. Gives how long to wait where all
    /// attempts are used up.
    pub async fn reserve(&self, client: IpAddr) -> Result<Reservation<'_>, Duration> {
        let client = key(client);
        let turn = async {
            loop {
                let ended = self.ended.notified();
                tokio::pin!(ended);
                // Listens before it looks, so that nothing ends unheard in between.
                ended.as_mut().enable();
                match self.try_reserve(client) {
                    Attempt::Begun(reservation) => return Ok(reservation),
                    Attempt::Refused(wait) => return Err(wait),
                    Attempt::Crowded => ended.await,
                }
            }
        };
        let begun = tokio::time::timeout(self.turn, turn).await;
        begun.unwrap_or(Err(Duration::from_secs(1)))
    }

    fn try_reserve(&self, client: IpAddr) -> Attempt<'_> {
        let mut clients = self.clients();
        if clients.len() >= TIDY_AT && clients.len().is_multiple_of(TIDY_AT) {
            clients.retain(|_, known| known.under_way > 0 || known.since.elapsed() < self.window);
        }
        let known = clients.entry(client).or_insert_with(Client::new);
        let age = known.since.elapsed();
        if age >= self.window {
            *known = Client {
                under_way: known.under_way,
                ..Client::new()
            };
        }
        if known.kept >= self.limit {
            return Attempt::Refused(self.window.saturating_sub(age));
        }
        if known.kept.saturating_add(known.under_way) >= self.limit {
            return Attempt::Crowded;
        }
        known.under_way += 1;
        Attempt::Begun(Reservation {
            counter: self,
            client,
            is_kept: false,
        })
    }

    fn clients(&self) -> MutexGuard<'_, HashMap<IpAddr, Client>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

enum Attempt<'a> {
    Begun(Reservation<'a>),
    Refused(Duration),
    /// Those under way may use up what is left.
    Crowded,
}

/// An attempt that is under way for as long as this lives.
#[must_use]
#[derive(Debug)]
pub struct Reservation<'a> {
    counter: &'a Counter,
    client: IpAddr,
    is_kept: bool,
}

impl Reservation<'_> {
    /// Ends the attempt and counts it.
    pub fn keep(mut self) {
        self.is_kept = true;
    }
}

impl Drop for Reservation<'_> {
    fn drop(&mut self) {
        if let Some(known) = self.counter.clients().get_mut(&self.client) {
            known.under_way = known.under_way.saturating_sub(1);
            known.kept = known.kept.saturating_add(u32::from(self.is_kept));
        }
        self.counter.ended.notify_waiters();
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

    async fn is_free(counter: &Counter, client: &str) -> bool {
        counter.reserve(client.parse().unwrap()).await.is_ok()
    }

    async fn fail(counter: &Counter, client: &str) {
        let attempt = counter.reserve(client.parse().unwrap()).await;
        attempt.unwrap().keep();
    }

    #[tokio::test]
    async fn only_what_is_kept_uses_up_attempts() {
        let counter = Counter::new(2, Duration::from_mins(1));
        for _ in 0..5 {
            assert!(is_free(&counter, "192.0.2.1").await);
        }
        fail(&counter, "192.0.2.1").await;
        fail(&counter, "192.0.2.1").await;
        let refused = counter.reserve("192.0.2.1".parse().unwrap()).await;
        assert!(refused.unwrap_err() <= Duration::from_mins(1));
        assert!(is_free(&counter, "192.0.2.2").await);
    }

    #[tokio::test]
    async fn attempts_that_come_together_are_neither_too_many_nor_refused() {
        let counter = Counter::new(2, Duration::from_mins(1));
        let client = "192.0.2.1".parse().unwrap();
        let begun = [
            counter.reserve(client).await.unwrap(),
            counter.reserve(client).await.unwrap(),
        ];
        let [fails, succeeds] = begun;
        let (third, ()) = tokio::join!(counter.reserve(client), async {
            tokio::time::sleep(Duration::from_millis(5)).await;
            fails.keep();
            tokio::time::sleep(Duration::from_millis(5)).await;
            drop(succeeds);
        });
        third.unwrap().keep();
        assert!(!is_free(&counter, "192.0.2.1").await, "two have failed");
    }

    #[tokio::test]
    async fn nobody_waits_for_others_without_end() {
        let mut counter = Counter::new(1, Duration::from_mins(1));
        counter.turn = Duration::from_millis(5);
        let client = "192.0.2.1".parse().unwrap();
        let endless = counter.reserve(client).await;
        assert_eq!(
            counter.reserve(client).await.unwrap_err(),
            Duration::from_secs(1)
        );
        drop(endless);
        assert!(is_free(&counter, "192.0.2.1").await);
    }

    #[tokio::test]
    async fn a_new_window_begins_anew() {
        let counter = Counter::new(1, Duration::from_millis(20));
        fail(&counter, "192.0.2.1").await;
        assert!(!is_free(&counter, "192.0.2.1").await);
        std::thread::sleep(Duration::from_millis(25));
        assert!(is_free(&counter, "192.0.2.1").await);
    }

    #[tokio::test]
    async fn a_whole_ipv6_network_is_one_client() {
        let counter = Counter::new(1, Duration::from_mins(1));
        fail(&counter, "2001:db8:1:2::1").await;
        assert!(!is_free(&counter, "2001:db8:1:2:ffff::9").await);
        assert!(is_free(&counter, "2001:db8:1:3::1").await);
    }
}
