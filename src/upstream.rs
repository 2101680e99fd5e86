//! The only access to DingTalk: the shared rate limit, the shared token, retries, and alerts for the administrators.
//!
//! No other module names the crate `dingtalk`, so that no call can bypass the limit. The types of it that others need
//! are re-exported here.

mod ban;
mod callback_calls;
mod calls;
pub mod clients;
mod diagnosis;
mod direct;
mod error;
pub mod event;
mod login_calls;
mod login_slot;
mod outages;
mod permit;
mod permit_queue;
mod rate_limiter;
pub mod records;
mod report;
mod retry_policy;
mod token;

use std::sync::Arc;
use std::time::{Duration, Instant};

use dingtalk::Client;
use futures_util::future::BoxFuture;
use secrecy::SecretString;
use tokio_util::task::TaskTracker;
use uuid::Uuid;

pub use dingtalk::approval::ProcessInstance;
pub use dingtalk::callback::{
    CallbackCrypto, CallbackError, DecryptedCallback, EncryptedCallback, InvalidKey, OwnerKeys,
    Reply, check_freshness,
};
pub use dingtalk::callback_registration::{
    FAILED, FailedPage, RegisteredCallback, RegistrationError,
};
pub use dingtalk::callback_self_test::{self, SelfTestResult};
pub use dingtalk::clock::unix_millis;
pub use dingtalk::contact::BadDepartment;
pub use dingtalk::error::WITHHELD;
pub use dingtalk::probe::{Probe, ScanPage};
pub use dingtalk::proxy::{ProxySetting, proxy_for, proxy_setting};
pub use dingtalk::remediation::Remediation;
pub use dingtalk::{ApiError, App, ClientConfig};

pub use direct::DirectAccess;
pub use error::UpstreamError;
pub use login_slot::{CodeExchange, LoginSlot, LoginSlotError};
pub use records::{
    Contact, InAppPerson, ListedDepartment, ListedPerson, ScannedPerson, Scopes, UserPage,
};
pub use token::TokenKey;

use crate::store::Db;

use outages::OutageTracker;
use permit::{Permit, PermitResult};
use permit_queue::PermitQueues;
use retry_policy::RetryPolicy;
use token::CachedToken;

/// The `User-Agent` of all requests to DingTalk.
pub const USER_AGENT: &str = concat!("dinggate/", env!("CARGO_PKG_VERSION"));

/// Timeout for returning outstanding permits on shutdown.
const PERMIT_RETURN_TIMEOUT: Duration = Duration::from_secs(1);

/// DingTalk, as this process calls it: every call takes its permit from the shared rate limit. Cheap to clone.
#[derive(Clone)]
pub struct DingTalk(Arc<Inner>);

struct Inner {
    client: Client,
    db: Db,
    /// Identifies this process among all those on the same database.
    instance: Uuid,
    corp_id: String,
    token_key: TokenKey,
    /// The waiters for a permit.
    permit_queues: PermitQueues<PermitResult>,
    /// The APIs that have not answered recently.
    outages: OutageTracker,
    /// This process's cached access token; the lock is held while the token is looked up.
    token: tokio::sync::Mutex<Option<CachedToken>>,
    /// Permits that are being returned.
    returns: TaskTracker,
}

/// What calls to DingTalk need to know of the service.
pub struct Settings {
    pub client: ClientConfig,
    pub corp_id: String,
    pub token_key: TokenKey,
}

impl DingTalk {
    /// Creates the access; does not connect yet. Fails if the system's root certificates cannot be read.
    pub fn new(settings: Settings, db: Db, instance: Uuid) -> Option<Self> {
        Some(Self(Arc::new(Inner {
            client: Client::new(settings.client).ok()?,
            db,
            instance,
            corp_id: settings.corp_id,
            token_key: settings.token_key,
            permit_queues: PermitQueues::default(),
            outages: OutageTracker::default(),
            token: tokio::sync::Mutex::new(None),
            returns: TaskTracker::new(),
        })))
    }

    /// Returns the root URL of the older APIs and of the QR page, without a trailing slash.
    pub fn root(&self) -> &str {
        self.0.client.root()
    }

    /// Wraps a slot that was granted to this process; dropping the permit returns it.
    fn permit(&self, slot: i16) -> Permit {
        Permit {
            db: self.0.db.clone(),
            instance: self.0.instance,
            slot,
            returns: self.0.returns.clone(),
        }
    }

    /// Waits at process exit until all permits are returned: a permit that is not returned stays blocked until its
    /// 8 s lease expires. Waits 1 s at most, in case Postgres does not answer.
    pub async fn permits_returned(&self) {
        self.0.returns.close();
        let _in_time = tokio::time::timeout(PERMIT_RETURN_TIMEOUT, self.0.returns.wait()).await;
    }
}

/// The order in which calls get permits when these are scarce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Login = 0,
    /// The first attempt of a join event, and calls that an administrator waits for.
    Join = 1,
    /// The first attempt of another event.
    Change = 2,
    /// The first attempt of a scheduled recheck, and everything else that is not a retry.
    Recheck = 3,
    Retry = 4,
    Sync = 5,
}

/// Which failures of a call may be retried.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Idempotency {
    /// A query: repeating it does no harm.
    Idempotent,
    /// The call consumes a code: it is only retried after rejections that precede the check of the code.
    ConsumesCode,
    /// The call itself has an effect: it is only retried after rejections that precede processing (token,
    /// throttling). The caller reports its rejections.
    NotIdempotent,
}

/// Makes one call with the access token.
async fn call<'a, T: Send>(
    dingtalk: &'a DingTalk,
    priority: Priority,
    api: &'static str,
    idempotency: Idempotency,
    send: impl Fn(SecretString) -> BoxFuture<'a, Result<T, ApiError>> + Send + Sync,
) -> Result<T, UpstreamError> {
    let permit =
        || -> BoxFuture<'a, _> { Box::pin(rate_limiter::acquire(dingtalk, api, priority)) };
    call_with_permit(dingtalk, priority, api, idempotency, permit, send).await
}

/// Makes one call with the access token, using a permit from `permit`.
async fn call_with_permit<'a, T: Send>(
    dingtalk: &'a DingTalk,
    priority: Priority,
    api: &'static str,
    idempotency: Idempotency,
    permit: impl Fn() -> BoxFuture<'a, Result<Permit, UpstreamError>> + Send + Sync,
    send: impl Fn(SecretString) -> BoxFuture<'a, Result<T, ApiError>> + Send + Sync,
) -> Result<T, UpstreamError> {
    call_with_retries(dingtalk, priority, api, idempotency, || {
        Box::pin(with_token(dingtalk, &permit, &send))
    })
    .await
}

/// Makes one call; a token that DingTalk rejects is dropped and fetched again, once.
async fn with_token<'a, T>(
    dingtalk: &'a DingTalk,
    permit: &(impl Fn() -> BoxFuture<'a, Result<Permit, UpstreamError>> + Sync),
    send: &(impl Fn(SecretString) -> BoxFuture<'a, Result<T, ApiError>> + Sync),
) -> Result<T, UpstreamError> {
    let mut token_dropped = false;
    loop {
        let token = token::current(dingtalk).await?;
        let permit = permit().await?;
        let result = send(token.value.clone()).await;
        drop(permit);
        match result {
            Err(ApiError::TokenRejected { .. }) if !token_dropped => {
                token_dropped = true;
                token::reject(dingtalk, &token).await?;
            }
            result => return Ok(result?),
        }
    }
}

/// Makes a call with as many retries as its failures allow, and alerts the administrators about rejections that only
/// they can fix.
// Long because each kind of failure has its consequence here, in this order.
async fn call_with_retries<'a, T>(
    dingtalk: &DingTalk,
    priority: Priority,
    api: &'static str,
    idempotency: Idempotency,
    attempt: impl Fn() -> BoxFuture<'a, Result<T, UpstreamError>> + Send,
) -> Result<T, UpstreamError> {
    let mut policy = RetryPolicy::new(priority, idempotency);
    loop {
        let begun = Instant::now();
        let error = match attempt().await {
            Ok(value) => {
                ban::record_answer(dingtalk, begun).await;
                dingtalk.0.outages.record_success(api);
                return Ok(value);
            }
            Err(error) => error,
        };
        tracing::debug!(api, ?priority, %error, "call to DingTalk failed");
        let UpstreamError::Api(failure) = &error else {
            return Err(error);
        };
        if !failure.is_unavailable() || matches!(failure, ApiError::BadRecord { .. }) {
            dingtalk.0.outages.record_success(api);
        }
        if failure.is_from_dingtalk() {
            ban::record_answer(dingtalk, begun).await;
        }
        // The token's own call has already been retried, reported and throttled.
        let is_of_token = failure.api() != api;
        if is_of_token && priority != Priority::Sync {
            return Err(error);
        }
        if !is_of_token {
            if let Some(paused) = ban::pause_if_banned(dingtalk, failure, begun).await? {
                return Err(paused);
            }
            if let ApiError::Throttled { wait, .. } = failure {
                rate_limiter::penalize(dingtalk, api, *wait).await?;
            }
        }
        let Some(wait) = policy.next_delay(failure, report::outage(dingtalk, priority, failure))
        else {
            if !is_of_token {
                report::report(dingtalk, failure, idempotency).await;
            }
            return Err(error);
        };
        tokio::time::sleep(wait).await;
    }
}
