//! What every use-case is handed: settings, the database, the clock, the calls to DingTalk.

pub mod clients;
pub mod outages;
pub mod permit_queue;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use secrecy::SecretString;

use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::config::Config;
use crate::dingtalk::Client;
use crate::store::{Db, rate_limiter};

use outages::OutageTracker;
use permit_queue::PermitQueues;

/// How long a program that ends waits for its last rights to a call to be given back.
const PERMIT_RETURN_TIMEOUT: Duration = Duration::from_secs(1);

/// The one value that pages, workers and commands share. Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

/// The fields behind a [`Context`].
pub struct Inner {
    pub config: Config,
    pub db: Db,
    /// DingTalk's interfaces; call them through [`crate::service::upstream`], which keeps the pace.
    pub dingtalk: Client,
    /// This process among all those on the same database.
    pub instance: Uuid,
    /// Rings when an event or another piece of work has been stored by this process.
    pub work: Notify,
    /// Who waits for a call to DingTalk.
    pub permit_queues: PermitQueues<PermitResult>,
    /// Which interfaces have brought no answer lately.
    pub outages: OutageTracker,
    /// The access token as this process last saw it; the lock is held while it is looked up.
    pub token: tokio::sync::Mutex<Option<CachedToken>>,
    /// Cancelled when the process is to stop: what cannot be finished in time ends at once.
    pub stopping: CancellationToken,
    /// What goes on after the request that has begun it; waited for when the process stops.
    pub background: TaskTracker,
    ready: AtomicBool,
    /// The rights to a call in flight that are being given back.
    returns: TaskTracker,
}

/// How often the return of a slot is tried; its lease ends about then.
const RETURN_ATTEMPTS: u32 = 16;
const RETURN_RETRY_DELAY: Duration = Duration::from_millis(500);

/// The right to one call in flight; ends when dropped, wherever that happens.
pub struct Permit {
    db: Db,
    instance: Uuid,
    slot: i16,
    returns: TaskTracker,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let (db, instance, slot) = (self.db.clone(), self.instance, self.slot);
        // Outside a runtime the lease of the slot ends by itself.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let give_back = async move {
            for _ in 0..RETURN_ATTEMPTS {
                let given = db.read(async |conn| rate_limiter::release(conn, slot, instance).await);
                let Err(error) = given.await else {
                    return;
                };
                // The queue for Postgres may be full, just when calls are needed most.
                tracing::debug!(%error, "a slot in flight could not be returned yet");
                tokio::time::sleep(RETURN_RETRY_DELAY).await;
            }
        };
        self.returns.spawn_on(give_back, &runtime);
    }
}

/// What a waiter for a call is handed: its turn, or how long all calls are paused, or nothing where
/// Postgres did not answer.
pub enum PermitResult {
    Permit(Permit),
    Paused(Duration),
    /// The place in the queue went to a client that had less than its share.
    Full {
        retry_after: Duration,
    },
    Unavailable,
}

/// An access token in memory.
#[derive(Clone)]
pub struct CachedToken {
    pub value: SecretString,
    /// Which one it is in the table.
    pub version: i64,
    /// When to look into the table again.
    pub fresh_until: Instant,
}

impl std::ops::Deref for Context {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Context {
    pub fn new(config: Config, db: Db, dingtalk: Client) -> Self {
        Self(Arc::new(Inner {
            config,
            db,
            dingtalk,
            instance: Uuid::new_v4(),
            work: Notify::new(),
            permit_queues: PermitQueues::default(),
            outages: OutageTracker::default(),
            token: tokio::sync::Mutex::new(None),
            stopping: CancellationToken::new(),
            background: TaskTracker::new(),
            ready: AtomicBool::new(false),
            returns: TaskTracker::new(),
        }))
    }

    /// Takes charge of a slot in flight that was granted to this process.
    pub fn permit(&self, slot: i16) -> Permit {
        Permit {
            db: self.db.clone(),
            instance: self.instance,
            slot,
            returns: self.returns.clone(),
        }
    }

    /// Waits until the last right to a call in flight has been given back, for a program that ends:
    /// one that it takes along is nobody's for 8 s. Waits for a second at most: where Postgres has fallen
    /// silent, they end by their leases.
    pub async fn permits_returned(&self) {
        self.returns.close();
        let _in_time = tokio::time::timeout(PERMIT_RETURN_TIMEOUT, self.returns.wait()).await;
    }

    /// Whether the migrations were seen in place; until then nothing but health is served.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }
}
