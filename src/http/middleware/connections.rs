//! A cap on open client connections, and a share of it for each client. At the cap an idle connection of the client
//! with most of them makes room; beyond a client's share, one of its own does. If all are busy, a few more are
//! accepted, which may request only the health endpoints.

mod open;

use std::any::Any;
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use ipnet::IpNet;
use rustix::net::{Shutdown, shutdown};

use super::throttle::Throttle;
use crate::domain::net::canonical;
use crate::upstream::clients::ClientKey;
use open::{Activity, Entry, Open};

/// How long the server keeps an idle connection; longer than nginx keeps one to its upstream (60 s), so that nginx
/// closes it first and never sends a request on a closed one.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take to send the head of its first request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// actix has no limit for the head of a later request, nor for discarding a body that no handler reads.
const IDLE_TIMEOUT: Duration = Duration::from_secs(80);
/// After a request with a chunked body, the rest of which actix reads and drops forever.
const CHUNKED_IDLE_TIMEOUT: Duration = Duration::from_secs(1);
/// Grace period for a new connection to send a request, and for a response to reach the socket.
const MIN_IDLE: Duration = Duration::from_millis(100);
/// A response without progress for this long is aborted; long responses get as long as this speed allows.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
const SLOWEST_BYTES_PER_MILLI: u64 = 16;
/// One client may have the cap divided by this.
const SHARES: usize = 4;
/// Connections beyond the cap, for the health endpoints. The oldest makes room for a new one.
pub const RESERVE: usize = 64;

/// All open client connections of this process.
#[derive(Debug)]
pub struct Connections {
    cap: usize,
    /// How many of them one client may have.
    share: usize,
    /// Proxies that connect for others, and may use all connections.
    trusted_proxies: Vec<IpNet>,
    started: Instant,
    open: Mutex<Open>,
    warning: Throttle,
}

/// Stands for "not idle" and "does not expire".
const NEVER: u64 = u64::MAX;

impl Connections {
    /// Returns an empty set with a cap, of which one client may have a quarter. Trusted proxies and this machine
    /// connect for others and may have all of it.
    pub fn new(cap: usize, trusted_proxies: Vec<IpNet>) -> Arc<Self> {
        Self::with(cap, (cap / SHARES).max(1), trusted_proxies)
    }

    fn with(cap: usize, share: usize, trusted_proxies: Vec<IpNet>) -> Arc<Self> {
        Arc::new(Self {
            cap,
            share,
            trusted_proxies,
            started: Instant::now(),
            open: Mutex::default(),
            warning: Throttle::default(),
        })
    }

    /// Registers a new connection; actix calls this with its socket.
    pub fn on_connect(self: &Arc<Self>, socket: &dyn Any, extensions: &mut Extensions) {
        if let Some(stream) = socket.downcast_ref::<TcpStream>() {
            let peer = stream.peer_addr().ok().map(|peer| canonical(peer.ip()));
            let client = peer.and_then(|address| self.client_of(address));
            extensions.insert(self.admit(stream, client));
        }
    }

    /// Returns the client that an IP address belongs to, or `None` if it is exempt from the share.
    fn client_of(&self, address: IpAddr) -> Option<ClientKey> {
        let mut trusted = self.trusted_proxies.iter();
        let is_exempt = address.is_loopback() || trusted.any(|net| net.contains(&address));
        (!is_exempt).then(|| ClientKey::of_address(Some(address)))
    }

    fn admit(self: &Arc<Self>, stream: &TcpStream, client: Option<ClientKey>) -> Connection {
        let now = self.now();
        let activity = Arc::new(Activity {
            idle_since: AtomicU64::new(now),
            expires: AtomicU64::new(now + millis(IDLE_TIMEOUT)),
        });
        let mut open = self.lock();
        let above_share = client.filter(|client| open.count_of(*client) >= self.share);
        let is_full = open.regular() >= self.cap || above_share.is_some();
        let is_reserve = is_full && !open.close_idle(now, above_share);
        if is_reserve {
            open.make_room_in_reserve();
        }
        let socket = stream.as_fd().try_clone_to_owned().ok();
        let is_closing = socket.is_none();
        if is_closing {
            // Out of file descriptors: a connection that could not be closed later is not accepted.
            let _gone = shutdown(stream, Shutdown::Both);
        }
        let id = open.insert(Entry {
            socket,
            client,
            activity: Arc::clone(&activity),
            is_reserve,
            is_closing,
        });
        drop(open);
        if is_full && self.warning.allows() {
            tracing::warn!(
                limit = if above_share.is_some() {
                    self.share
                } else {
                    self.cap
                },
                of_one_client = above_share.is_some(),
                all_busy = is_reserve,
                "connection limit reached"
            );
        }
        Connection {
            connections: Arc::clone(self),
            id,
            activity,
            is_reserve,
        }
    }

    /// Closes connections that have been without progress for too long; to be called every second.
    pub fn close_expired(&self) {
        let now = self.now();
        self.lock().close_expired(now);
    }

    fn now(&self) -> u64 {
        millis(self.started.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One open connection, kept by actix as long as it lasts.
pub struct Connection {
    connections: Arc<Connections>,
    id: u64,
    activity: Arc<Activity>,
    /// Whether it was accepted beyond the cap: only the health endpoints answer on it.
    pub is_reserve: bool,
}

impl Connection {
    /// Marks the connection as busy until the returned value is dropped.
    pub fn begin_request(&self, is_chunked: bool) -> RequestInProgress {
        self.activity.idle_since.store(NEVER, Ordering::Relaxed);
        self.activity.expires.store(NEVER, Ordering::Relaxed);
        RequestInProgress {
            started: self.connections.started,
            activity: Arc::clone(&self.activity),
            idle_timeout: if is_chunked {
                CHUNKED_IDLE_TIMEOUT
            } else {
                IDLE_TIMEOUT
            },
        }
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.connections.lock().remove(self.id);
    }
}

/// A request whose response is not yet sent.
#[derive(Debug)]
pub struct RequestInProgress {
    started: Instant,
    activity: Arc<Activity>,
    idle_timeout: Duration,
}

impl RequestInProgress {
    /// Records that a response of this many bytes begins.
    pub fn begin_response(&self, bytes: u64) {
        let allowed = millis(SEND_TIMEOUT).saturating_add(bytes / SLOWEST_BYTES_PER_MILLI);
        let expires = millis(self.started.elapsed()).saturating_add(allowed);
        self.activity.expires.store(expires, Ordering::Relaxed);
    }

    /// Records that the client has received enough of the response for more of it to be requested.
    pub fn note_progress(&self) {
        let expires = millis(self.started.elapsed() + SEND_TIMEOUT);
        self.activity.expires.fetch_max(expires, Ordering::Relaxed);
    }
}

impl Drop for RequestInProgress {
    fn drop(&mut self) {
        let now = millis(self.started.elapsed());
        let expires = now + millis(self.idle_timeout);
        self.activity.idle_since.store(now, Ordering::Relaxed);
        self.activity.expires.store(expires, Ordering::Relaxed);
    }
}

fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(NEVER)
}

#[cfg(test)]
mod tests;
