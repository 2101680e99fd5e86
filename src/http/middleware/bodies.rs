//! Request bodies: read within a deadline and a size, with a cap on how many are in progress and how many bytes
//! they hold. At the cap the oldest body of the client that has most of them is aborted, so that nobody keeps
//! others out by sending slowly.

use std::collections::{BTreeMap, HashMap};
use std::net::IpAddr;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use actix_web::HttpRequest;
use actix_web::http::header::CONTENT_LENGTH;
use actix_web::web::Payload;
use futures_util::StreamExt as _;
use tokio_util::sync::CancellationToken;

use crate::upstream::clients::ClientKey;

/// The reason why a body could not be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    TooLarge,
    /// Not sent in time, or aborted to make room for others.
    TimedOut,
    /// The connection or its encoding was broken.
    Broken,
    /// The process is about to stop.
    Stopping,
}

/// The bodies of one kind that are being read.
#[derive(Debug)]
pub struct Bodies {
    limits: Limits,
    stopping: CancellationToken,
    open: Mutex<Open>,
}

/// Limits of the bodies of one kind.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    pub deadline: Duration,
    pub max_bodies: usize,
    /// Of all bodies in progress together.
    pub max_bytes: usize,
}

#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    entries: BTreeMap<u64, Entry>,
    bytes: usize,
}

#[derive(Debug)]
struct Entry {
    client: ClientKey,
    bytes: usize,
    given_up: CancellationToken,
}

impl Bodies {
    pub fn new(limits: Limits, stopping: CancellationToken) -> Self {
        Self {
            limits,
            stopping,
            open: Mutex::default(),
        }
    }

    /// Reads a body of at most `max` bytes, whatever its content type.
    pub async fn read(
        &self,
        request: &HttpRequest,
        client: Option<IpAddr>,
        payload: Payload,
        max: usize,
    ) -> Result<Vec<u8>, BodyError> {
        if declared_length(request).is_some_and(|length| length > max) {
            return Err(BodyError::TooLarge);
        }
        let place = self.enter(ClientKey::of_address(client));
        let whole = tokio::time::timeout(self.limits.deadline, self.collect(&place, payload, max));
        whole.await.unwrap_or(Err(BodyError::TimedOut))
    }

    async fn collect(
        &self,
        place: &Place<'_>,
        mut payload: Payload,
        max: usize,
    ) -> Result<Vec<u8>, BodyError> {
        let mut body = Vec::new();
        loop {
            let chunk = tokio::select! {
                biased;
                () = place.given_up.cancelled() => return Err(BodyError::TimedOut),
                chunk = payload.next() => chunk,
                () = self.stopping.cancelled() => return Err(BodyError::Stopping),
            };
            let Some(chunk) = chunk else {
                return Ok(body);
            };
            let chunk = chunk.map_err(|_| BodyError::Broken)?;
            if body.len() + chunk.len() > max {
                return Err(BodyError::TooLarge);
            }
            self.grow(place, chunk.len());
            body.extend_from_slice(&chunk);
        }
    }

    fn enter(&self, client: ClientKey) -> Place<'_> {
        let given_up = CancellationToken::new();
        let mut open = self.lock();
        if open.entries.len() >= self.limits.max_bodies {
            open.give_up_one(|_| 1);
        }
        let id = open.next_id;
        open.next_id += 1;
        let entry = Entry {
            client,
            bytes: 0,
            given_up: given_up.clone(),
        };
        open.entries.insert(id, entry);
        Place {
            bodies: self,
            id,
            given_up,
        }
    }

    fn grow(&self, place: &Place<'_>, bytes: usize) {
        let mut open = self.lock();
        let Some(entry) = open.entries.get_mut(&place.id) else {
            return;
        };
        entry.bytes += bytes;
        open.bytes += bytes;
        while open.bytes > self.limits.max_bytes && open.give_up_one(|entry| entry.bytes) {}
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Aborts the oldest body of the client with the largest share; returns `false` if there is none.
    fn give_up_one(&mut self, share: impl Fn(&Entry) -> usize) -> bool {
        let mut shares: HashMap<ClientKey, usize> = HashMap::new();
        for entry in self.entries.values() {
            *shares.entry(entry.client).or_default() += share(entry);
        }
        let greatest = shares.into_iter().max_by_key(|(_, share)| *share);
        let Some((client, _)) = greatest else {
            return false;
        };
        let oldest = self.entries.iter().find(|(_, e)| e.client == client);
        if let Some(id) = oldest.map(|(id, _)| *id)
            && let Some(entry) = self.remove(id)
        {
            entry.given_up.cancel();
            return true;
        }
        false
    }

    fn remove(&mut self, id: u64) -> Option<Entry> {
        let entry = self.entries.remove(&id)?;
        self.bytes -= entry.bytes;
        Some(entry)
    }
}

/// A body in progress; ends when dropped.
struct Place<'a> {
    bodies: &'a Bodies,
    id: u64,
    given_up: CancellationToken,
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.bodies.lock().remove(self.id);
    }
}

fn declared_length(request: &HttpRequest) -> Option<usize> {
    let value = request.headers().get(CONTENT_LENGTH)?.to_str().ok()?;
    value.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bodies(max_bodies: usize, max_bytes: usize) -> Bodies {
        let limits = Limits {
            deadline: Duration::from_secs(3),
            max_bodies,
            max_bytes,
        };
        Bodies::new(limits, CancellationToken::new())
    }

    fn client(last: u8) -> ClientKey {
        ClientKey::V4([192, 0, 2, last].into())
    }

    #[test]
    fn at_the_cap_the_oldest_body_of_the_greediest_client_makes_room() {
        let bodies = bodies(3, 1000);
        let (other, first, second) = (
            bodies.enter(client(1)),
            bodies.enter(client(2)),
            bodies.enter(client(2)),
        );
        let newest = bodies.enter(client(3));
        assert!(first.given_up.is_cancelled());
        for kept in [&other, &second, &newest] {
            assert!(!kept.given_up.is_cancelled());
        }
        drop(second);
        let _more = bodies.enter(client(1));
        assert!(!other.given_up.is_cancelled(), "there is room again");
    }

    #[test]
    fn the_addresses_of_an_ipv6_subnet_share_one_share() {
        let bodies = bodies(5, 1000);
        let subnet = |n: u64| ClientKey::of_address(format!("2001:db8:1:2::{n}").parse().ok());
        let others = [bodies.enter(client(1)), bodies.enter(client(1))];
        let subnets = [1, 2, 3].map(|n| bodies.enter(subnet(n)));
        let _newest = bodies.enter(client(2));
        assert!(subnets[0].given_up.is_cancelled());
        for kept in others.iter().chain(&subnets[1..]) {
            assert!(!kept.given_up.is_cancelled());
        }
    }

    #[test]
    fn all_bodies_together_hold_no_more_than_the_cap() {
        let bodies = bodies(9, 1000);
        let (small, large) = (bodies.enter(client(1)), bodies.enter(client(2)));
        bodies.grow(&small, 100);
        bodies.grow(&large, 900);
        assert!(!large.given_up.is_cancelled());
        bodies.grow(&small, 1);
        assert!(large.given_up.is_cancelled() && !small.given_up.is_cancelled());
        assert_eq!(bodies.lock().bytes, 101);
    }
}
