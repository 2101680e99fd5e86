//! The context that every use case receives: settings, database, clock, calls to DingTalk.

pub mod inbox;
pub mod recent;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use secrecy::ExposeSecret as _;

use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::config::{AppCredentials, Config, DingTalkConfig};
use crate::store::Db;
use crate::store::alert::Alert;
use crate::store::work_signals::WorkSignals;
use crate::upstream::{
    self, App, CallbackCrypto, ClientConfig, DingTalk, InvalidKey, OwnerKeys, TokenKey,
};

use inbox::Inbox;
use recent::Recent;

/// State shared by pages, workers and commands. Cheap to clone.
#[derive(Clone)]
pub struct Context(Arc<Inner>);

/// The fields behind a [`Context`].
pub struct Inner {
    pub config: Config,
    pub db: Db,
    /// DingTalk, within the shared rate limit.
    pub dingtalk: DingTalk,
    /// Identifies this process among all those on the same database.
    pub instance: Uuid,
    /// Wakes the workers of this process.
    pub work: WorkSignals,
    /// The callbacks that wait to be stored.
    pub inbox: Inbox,
    /// Opens the callbacks.
    pub callback_crypto: Result<CallbackCrypto, InvalidKey>,
    /// The open alerts, which every page of the administrators shows.
    pub alerts: Recent<Vec<Alert>>,
    /// The number of all waiting cases, which every page of the administrators shows.
    pub waiting_cases: Recent<i64>,
    /// Cancelled when the process is to stop: what cannot be finished in time ends at once.
    pub stopping: CancellationToken,
    /// Work that outlives the request that started it; awaited on shutdown.
    pub background: TaskTracker,
    ready: AtomicBool,
}

impl std::ops::Deref for Context {
    type Target = Inner;
    fn deref(&self) -> &Inner {
        &self.0
    }
}

impl Context {
    /// Creates the context; does not connect to anything yet. Fails if the system's root certificates cannot be read.
    pub fn new(config: Config, db: Db) -> Option<Self> {
        let instance = Uuid::new_v4();
        let settings = upstream::Settings {
            client: client_config(&config.dingtalk),
            corp_id: config.dingtalk.corp_id.clone(),
            token_key: TokenKey::derive(config.server.secret_key.expose()),
        };
        Some(Self(Arc::new(Inner {
            dingtalk: DingTalk::new(settings, db.clone(), instance)?,
            callback_crypto: callback_crypto(&config.dingtalk),
            config,
            db,
            instance,
            work: WorkSignals::default(),
            inbox: Inbox::default(),
            alerts: Recent::default(),
            waiting_cases: Recent::default(),
            stopping: CancellationToken::new(),
            background: TaskTracker::new(),
            ready: AtomicBool::new(false),
        })))
    }

    /// Returns whether the migrations were seen to be in place; until then only the health endpoints are served.
    pub fn is_ready(&self) -> bool {
        self.ready.load(Ordering::Acquire)
    }

    pub fn set_ready(&self) {
        self.ready.store(true, Ordering::Release);
    }
}

fn client_config(dingtalk: &DingTalkConfig) -> ClientConfig {
    let app = |credentials: &AppCredentials| App {
        key: credentials.key.clone(),
        secret: credentials.secret.clone(),
    };
    ClientConfig {
        oapi_url: dingtalk.oapi_url.clone(),
        api_url: dingtalk.api_url.clone(),
        app: app(&dingtalk.app),
        login_app: app(&dingtalk.login_app),
        user_agent: upstream::USER_AGENT.to_owned(),
    }
}

/// Returns the crypto of the event subscription, or why the configured AES key is invalid.
fn callback_crypto(dingtalk: &DingTalkConfig) -> Result<CallbackCrypto, InvalidKey> {
    let owner_keys = OwnerKeys::new(
        dingtalk.callback.owner_key.as_deref(),
        &dingtalk.app.key,
        &dingtalk.corp_id,
    );
    CallbackCrypto::new(
        dingtalk.callback.token.expose_secret(),
        dingtalk.callback.aes_key.expose_secret(),
        owner_keys,
    )
}
