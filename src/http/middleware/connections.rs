//! A cap on open client connections. At the cap the connection that has been idle longest makes room; if all are
//! busy, a few more are accepted that may ask only for the health endpoints.

use std::any::Any;
use std::collections::HashMap;
use std::os::fd::{AsFd as _, OwnedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use rustix::net::{Shutdown, shutdown};

use super::throttle::Throttle;

/// How long the server keeps an idle connection; longer than nginx keeps one to its upstream (60 s), so that
/// nginx closes it first and never sends a request on a closed one.
pub const KEEP_ALIVE: Duration = Duration::from_secs(75);
/// How long a client may take for the head of its first request.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(5);
/// actix has no limit for the head of a later request, nor for discarding a body that nobody reads.
const IDLE_TIMEOUT: Duration = Duration::from_secs(80);
/// After a request with a chunked body, of which actix reads and drops the rest for ever.
const CHUNKED_IDLE_TIMEOUT: Duration = Duration::from_secs(1);
/// A new connection gets so long to send a request, and a response so long to reach the socket.
const MIN_IDLE: Duration = Duration::from_millis(100);
/// A response without progress for so long is given up; long responses get as long as this speed allows.
const SEND_TIMEOUT: Duration = Duration::from_secs(30);
const SLOWEST_BYTES_PER_MILLI: u64 = 16;
/// Connections beyond the cap, for the health endpoints. The oldest makes room for a new one.
pub const RESERVE: usize = 64;

/// All open client connections of this process.
#[derive(Debug)]
pub struct Connections {
    cap: usize,
    started: Instant,
    open: Mutex<Open>,
    warning: Throttle,
}

#[derive(Debug, Default)]
struct Open {
    next_id: u64,
    entries: HashMap<u64, Entry>,
    /// Connections that count against the cap: neither of the reserve nor being closed.
    regular: usize,
}

#[derive(Debug)]
struct Entry {
    /// A second descriptor of the socket: through it a connection is ended that actix owns.
    socket: Option<OwnedFd>,
    activity: Arc<Activity>,
    is_reserve: bool,
    is_closing: bool,
}

/// What a connection is doing, in milliseconds since the start.
#[derive(Debug)]
struct Activity {
    idle_since: AtomicU64,
    expires: AtomicU64,
}

/// Stands for "not idle" and "does not expire".
const NEVER: u64 = u64::MAX;

impl Connections {
    pub fn new(cap: usize) -> Arc<Self> {
        Arc::new(Self {
            cap,
            started: Instant::now(),
            open: Mutex::default(),
            warning: Throttle::default(),
        })
    }

    /// Registers a new connection; actix calls this with its socket.
    pub fn on_connect(self: &Arc<Self>, socket: &dyn Any, extensions: &mut Extensions) {
        if let Some(stream) = socket.downcast_ref::<TcpStream>() {
            extensions.insert(self.admit(stream));
        }
    }

    fn admit(self: &Arc<Self>, stream: &TcpStream) -> Connection {
        let now = self.now();
        let activity = Arc::new(Activity {
            idle_since: AtomicU64::new(now),
            expires: AtomicU64::new(now + millis(IDLE_TIMEOUT)),
        });
        let mut open = self.lock();
        let is_full = open.regular >= self.cap;
        let is_reserve = is_full && !open.close_longest_idle(now);
        if is_reserve {
            open.make_room_in_reserve();
        } else {
            open.regular += 1;
        }
        let socket = stream.as_fd().try_clone_to_owned().ok();
        let is_closing = socket.is_none();
        if is_closing {
            // Out of descriptors: what cannot be ended later is not begun.
            let _gone = shutdown(stream, Shutdown::Both);
            open.regular -= usize::from(!is_reserve);
        }
        let id = open.next_id;
        open.next_id += 1;
        open.entries.insert(
            id,
            Entry {
                socket,
                activity: Arc::clone(&activity),
                is_reserve,
                is_closing,
            },
        );
        drop(open);
        if is_full && self.warning.allows() {
            tracing::warn!(
                limit = self.cap,
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
        let mut open = self.lock();
        let expired: Vec<u64> = open
            .entries
            .iter()
            .filter(|(_, entry)| {
                !entry.is_closing && entry.activity.expires.load(Ordering::Relaxed) <= now
            })
            .map(|(id, _)| *id)
            .collect();
        for id in expired {
            open.close(id);
        }
    }

    fn now(&self) -> u64 {
        millis(self.started.elapsed())
    }

    fn lock(&self) -> MutexGuard<'_, Open> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Open {
    /// Returns `false` where every connection has a request in progress or has just become idle.
    fn close_longest_idle(&mut self, now: u64) -> bool {
        let open = self.entries.iter();
        let longest = open
            .filter(|(_, entry)| !entry.is_closing && !entry.is_reserve)
            .map(|(id, entry)| (entry.activity.idle_since.load(Ordering::Relaxed), *id))
            .min()
            .filter(|(since, _)| since.saturating_add(millis(MIN_IDLE)) <= now);
        if let Some((_, id)) = longest {
            self.close(id);
        }
        longest.is_some()
    }

    fn make_room_in_reserve(&mut self) {
        let reserve = self.entries.iter();
        let reserve = reserve.filter(|(_, entry)| entry.is_reserve && !entry.is_closing);
        let (count, oldest) = reserve.fold((0, None::<u64>), |(count, oldest), (id, _)| {
            (
                count + 1,
                Some(oldest.map_or(*id, |oldest| oldest.min(*id))),
            )
        });
        if let Some(oldest) = oldest.filter(|_| count >= RESERVE) {
            self.close(oldest);
        }
    }

    /// Ends both directions; actix notices, and drops the connection and its entry.
    fn close(&mut self, id: u64) {
        if let Some(entry) = self.entries.get_mut(&id).filter(|entry| !entry.is_closing) {
            entry.is_closing = true;
            self.regular -= usize::from(!entry.is_reserve);
            if let Some(socket) = &entry.socket {
                let _gone = shutdown(socket, Shutdown::Both);
            }
        }
    }

    fn remove(&mut self, id: u64) {
        if let Some(entry) = self.entries.remove(&id) {
            self.regular -= usize::from(!entry.is_reserve && !entry.is_closing);
        }
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
    /// The response begins, with so many bytes.
    pub fn begin_response(&self, bytes: u64) {
        let allowed = millis(SEND_TIMEOUT).saturating_add(bytes / SLOWEST_BYTES_PER_MILLI);
        let expires = millis(self.started.elapsed()).saturating_add(allowed);
        self.activity.expires.store(expires, Ordering::Relaxed);
    }

    /// The client has taken so much of the response that more of it is wanted.
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
