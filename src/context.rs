//! The context that every use case receives: settings, database, clock, calls to DingTalk.

pub mod clients;
pub mod outages;
pub mod permit_queue;
pub mod recent;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use secrecy::SecretString;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::config::Config;
use crate::dingtalk::Client;
use crate::store::alert::Alert;
use crate::store::work_signals::WorkSignals;
use crate::store::{Db, rate_limiter};

use outages::OutageTracker;
use permit_queue::PermitQueues;
use recent::Recent;

/// Timeout for returning outstanding permits on shutdown.
const PERMIT_RETURN_TIMEOUT: Duration = Duration::from_secs(1);

/// State shared by pages, workers and commands. Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

/// The fields behind a [`Context`].
pub struct Inner {
    pub config: Config,
    pub db: Db,
    /// The DingTalk client; call it through [`crate::service::upstream`], which enforces the rate limit.
    pub dingtalk: Client,
    /// Identifies this process among all those on the same database.
    pub instance: Uuid,
    /// Wakes the workers of this process.
    pub work: WorkSignals,
    /// The waiters for a permit to call DingTalk.
    pub permit_queues: PermitQueues<PermitResult>,
    /// The DingTalk APIs that have not answered recently.
    pub outages: OutageTracker,
    /// The open alerts, which every page of the administrators shows.
    pub alerts: Recent<Vec<Alert>>,
    /// This process's cached access token; the lock is held while the token is looked up.
    pub token: tokio::sync::Mutex<Option<CachedToken>>,
    /// Cancelled when the process is to stop: what cannot be finished in time ends at once.
    pub stopping: CancellationToken,
    /// Work that outlives the request that started it; awaited on shutdown.
    pub background: TaskTracker,
    ready: AtomicBool,
    /// Permits that are being returned.
    returns: TaskTracker,
}

/// Attempts to return a permit's slot; its lease expires at about the same time.
const RETURN_ATTEMPTS: u32 = 16;
const RETURN_RETRY_DELAY: Duration = Duration::from_millis(500);

/// A permit for one call in flight; dropping it returns the slot, also on cancellation.
pub struct Permit {
    db: Db,
    instance: Uuid,
    slot: i16,
    returns: TaskTracker,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let (db, instance, slot) = (self.db.clone(), self.instance, self.slot);
        // Outside a runtime the slot is freed when its lease expires.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let give_back = async move {
            for _ in 0..RETURN_ATTEMPTS {
                let given = db.read(async |conn| rate_limiter::release(conn, slot, instance).await);
                let Err(error) = given.await else {
                    return;
                };
                // The queue for a database connection may be full just when permits are in demand.
                tracing::debug!(%error, "a slot in flight could not be returned yet");
                tokio::time::sleep(RETURN_RETRY_DELAY).await;
            }
        };
        self.returns.spawn_on(give_back, &runtime);
    }
}

/// The result of waiting for a permit: the permit, or the remaining pause of all calls, or a failure because
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
    /// The version of the token in the table.
    pub version: i64,
    /// When to read the table again.
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
            work: WorkSignals::default(),
            permit_queues: PermitQueues::default(),
            outages: OutageTracker::default(),
            alerts: Recent::default(),
            token: tokio::sync::Mutex::new(None),
            stopping: CancellationToken::new(),
            background: TaskTracker::new(),
            ready: AtomicBool::new(false),
            returns: TaskTracker::new(),
        }))
    }

    /// Wraps a slot that was granted to this process; dropping the permit returns it.
    pub fn permit(&self, slot: i16) -> Permit {
        Permit {
            db: self.db.clone(),
            instance: self.instance,
            slot,
            returns: self.returns.clone(),
        }
    }

    /// Waits at process exit until all permits are returned: a permit that is not returned stays blocked until its
    /// 8 s lease expires. Waits 1 s at most, in case Postgres does not answer.
    pub async fn permits_returned(&self) {
        self.returns.close();
        let _in_time = tokio::time::timeout(PERMIT_RETURN_TIMEOUT, self.returns.wait()).await;
    }

    /// Returns whether the migrations were seen to be in place; until then only the health endpoints are served.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }
}
