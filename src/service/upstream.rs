//! All calls to DingTalk go through here: the shared rate limit, the shared token, retries, and alerts for the
//! administrators.

mod ban;
mod callback;
mod calls;
mod login_slot;
mod oauth2;
mod probe;
mod rate_limiter;
mod retry_policy;
mod token;

use crate::domain::alert::AlertKind;
use std::time::{Duration, Instant};

use futures_util::future::BoxFuture;
use secrecy::SecretString;

pub use callback::*;
pub use calls::*;
pub use login_slot::{CodeExchange, LoginSlot, LoginSlotError, acquire_login_slot, check_queue};
pub use oauth2::user_by_oauth2_code;
pub use probe::*;

use crate::context::{Context, Permit};
use crate::dingtalk::ApiError;
use crate::dingtalk::callback_registration::RegistrationError;
use crate::dingtalk::remediation::Remediation;
use crate::store::{StoreError, alert};

use retry_policy::RetryPolicy;

/// The order in which calls get permits when these are scarce.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Priority {
    Login = 0,
    /// The first attempt of a join event, and calls that an administrator waits for.
    Join = 1,
    /// The first attempt of another event.
    Change = 2,
    /// The first attempt of a scheduled recheck, and everything else that is not a retry.
    Look = 3,
    Retry = 4,
    Sync = 5,
}

/// Why DingTalk could not be asked, or did not answer the question.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Api(#[from] ApiError),
    /// Our IP address is banned; all calls wait.
    #[error("calls to DingTalk are paused for {} s, since it has banned our address", retry_after.as_secs())]
    Paused { retry_after: Duration },
}

impl UpstreamError {
    /// Whether a later attempt may succeed without a change of settings.
    pub fn is_unavailable(&self) -> bool {
        match self {
            Self::Store(_) | Self::Paused { .. } => true,
            Self::Api(error) => error.is_unavailable(),
        }
    }

    /// Whether DingTalk says that it does not know the person.
    pub fn is_unknown_person(&self) -> bool {
        matches!(self, Self::Api(error) if error.is_unknown_person())
    }

    /// Whether DingTalk says that the department does not exist.
    pub fn is_unknown_department(&self) -> bool {
        matches!(self, Self::Api(error) if error.is_unknown_department())
    }

    /// Returns the missing field if DingTalk has returned the requested record but it cannot be read.
    pub fn bad_record(&self) -> Option<&'static str> {
        match self {
            Self::Api(ApiError::BadRecord { lack, .. }) => Some(lack),
            _ => None,
        }
    }

    /// Returns DingTalk's error code, if there was one.
    pub fn code(&self) -> Option<i64> {
        match self {
            Self::Api(error) => error.code(),
            _ => None,
        }
    }

    /// Returns when a login is worth another attempt, in whole seconds.
    pub fn retry_after(&self) -> Duration {
        match self {
            Self::Paused { retry_after } => (*retry_after).max(Duration::from_secs(1)),
            _ => Duration::from_secs(5),
        }
    }
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
    ctx: &'a Context,
    priority: Priority,
    api: &'static str,
    repeat: Idempotency,
    send: impl Fn(SecretString) -> BoxFuture<'a, Result<T, ApiError>> + Send + Sync,
) -> Result<T, UpstreamError> {
    let turn = || -> BoxFuture<'a, _> { Box::pin(rate_limiter::acquire(ctx, api, priority)) };
    call_in_turn(ctx, priority, api, repeat, turn, send).await
}

/// Makes one call with the access token, using a permit from `turn`.
async fn call_in_turn<'a, T: Send>(
    ctx: &'a Context,
    priority: Priority,
    api: &'static str,
    repeat: Idempotency,
    turn: impl Fn() -> BoxFuture<'a, Result<Permit, UpstreamError>> + Send + Sync,
    send: impl Fn(SecretString) -> BoxFuture<'a, Result<T, ApiError>> + Send + Sync,
) -> Result<T, UpstreamError> {
    call_with_retries(ctx, priority, api, repeat, || {
        Box::pin(with_token(ctx, &turn, &send))
    })
    .await
}

/// Makes one call; a token that DingTalk rejects is dropped and fetched again, once.
async fn with_token<'a, T>(
    ctx: &'a Context,
    turn: &(impl Fn() -> BoxFuture<'a, Result<Permit, UpstreamError>> + Sync),
    send: &(impl Fn(SecretString) -> BoxFuture<'a, Result<T, ApiError>> + Sync),
) -> Result<T, UpstreamError> {
    let mut token_dropped = false;
    loop {
        let token = token::current(ctx).await?;
        let turn = turn().await?;
        let result = send(token.value.clone()).await;
        drop(turn);
        match result {
            Err(ApiError::TokenRejected { .. }) if !token_dropped => {
                token_dropped = true;
                token::reject(ctx, &token).await?;
            }
            result => return Ok(result?),
        }
    }
}

/// Makes a call with as many retries as its failures allow, and alerts the administrators about rejections that only
/// they can fix.
async fn call_with_retries<'a, T>(
    ctx: &Context,
    priority: Priority,
    api: &'static str,
    repeat: Idempotency,
    attempt: impl Fn() -> BoxFuture<'a, Result<T, UpstreamError>> + Send,
) -> Result<T, UpstreamError> {
    let mut patience = RetryPolicy::new(priority, repeat);
    loop {
        let begun = Instant::now();
        let error = match attempt().await {
            Ok(value) => {
                ban::record_answer(ctx, begun).await;
                ctx.outages.record_success(api);
                return Ok(value);
            }
            Err(error) => error,
        };
        tracing::debug!(api, ?priority, %error, "call to DingTalk failed");
        let UpstreamError::Api(failure) = &error else {
            return Err(error);
        };
        if !failure.is_unavailable() || matches!(failure, ApiError::BadRecord { .. }) {
            ctx.outages.record_success(api);
        }
        if failure.is_from_dingtalk() {
            ban::record_answer(ctx, begun).await;
        }
        // The token's own call has already been retried, reported and throttled.
        let is_of_token = failure.api() != api;
        if is_of_token && priority != Priority::Sync {
            return Err(error);
        }
        if !is_of_token {
            if let Some(paused) = ban::pause_if_banned(ctx, failure, begun).await? {
                return Err(paused);
            }
            if let ApiError::Throttled { wait, .. } = failure {
                rate_limiter::penalize(ctx, api, *wait).await?;
            }
        }
        let Some(wait) = patience.next_delay(failure, outage(ctx, priority, failure)) else {
            if !is_of_token {
                report(ctx, failure, repeat).await;
            }
            return Err(error);
        };
        tokio::time::sleep(wait).await;
    }
}

/// Returns for how long an API has not answered a sync.
fn outage(ctx: &Context, priority: Priority, error: &ApiError) -> Duration {
    if priority == Priority::Sync && error.is_unavailable() {
        ctx.outages.record_failure(error.api())
    } else {
        Duration::ZERO
    }
}

/// Alerts the administrators about a rejection that concerns the app, not a person.
async fn report(ctx: &Context, error: &ApiError, repeat: Idempotency) {
    let speaks_of_the_question = repeat == Idempotency::NotIdempotent
        || RegistrationError::of_error(error).is_some()
        || error.is_unknown_person()
        || error.is_unknown_department()
        || error.is_unknown_process_instance()
        || (repeat == Idempotency::ConsumesCode && error.is_spent_code());
    let Some(code) = error
        .named_code()
        .filter(|_| !error.is_unavailable() && !speaks_of_the_question)
    else {
        return;
    };
    if ctx.outages.should_log(error.api(), &code) {
        let (name, permissions) = code.split_once(' ').unwrap_or((&code, ""));
        let remediation = Remediation::of_named(error.api(), name, permissions);
        tracing::error!(api = error.api(), code, %error, ?remediation, "DingTalk refuses us");
    }
    let kind = AlertKind::Misconfigured(error.api().to_owned());
    let told = ctx
        .db
        .read(async |conn| alert::raise(conn, kind.clone(), &code).await)
        .await;
    if let Err(error) = told {
        tracing::warn!(%error, "could not store an alert");
    }
}
