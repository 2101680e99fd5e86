//! Queues a login for its first call: until then nothing is consumed, neither the code nor the state.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Priority, UpstreamError, rate_limiter, token};
use crate::config::LoginFlow;
use crate::context::clients::{Client, InProgress};
use crate::context::permit_queue::QUEUE_TIME;
use crate::context::{Context, Permit, PermitResult};
use crate::store::StoreError;

pub(super) const SCAN: &str = "sns/getuserinfo_bycode";
pub(super) const IN_APP: &str = "topapi/v2/user/getuserinfo";
pub(super) const USER_ACCESS_TOKEN: &str = "v1.0/oauth2/userAccessToken";

/// The API that exchanges the code of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeExchange {
    Scan,
    OAuth2,
    InApp,
}

impl CodeExchange {
    /// Returns how a code of DingTalk's login page is exchanged.
    pub fn of_login_page(ctx: &Context) -> Self {
        match ctx.config.dingtalk.login_flow {
            LoginFlow::QrConnect => Self::Scan,
            LoginFlow::OAuth2 { .. } => Self::OAuth2,
        }
    }

    fn api(self) -> &'static str {
        match self {
            Self::Scan => SCAN,
            Self::OAuth2 => USER_ACCESS_TOKEN,
            Self::InApp => IN_APP,
        }
    }
}

/// Why a login did not get as far as its first call.
#[derive(Debug, thiserror::Error)]
pub enum LoginSlotError {
    #[error("the queue for DingTalk is longer than can be served in time")]
    Full { retry_after: Duration },
    #[error("the turn did not come in time")]
    TimedOut,
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

/// A login that may send its code now. It counts as in progress for its client until dropped.
pub struct LoginSlot {
    turn: Mutex<Option<Permit>>,
    _in_progress: Option<InProgress>,
}

impl LoginSlot {
    /// Returns a slot for doctor's checks, which belong to no client and wait in the queue like any call.
    pub fn for_diagnosis() -> Self {
        Self {
            turn: Mutex::new(None),
            _in_progress: None,
        }
    }

    /// Returns the permit of the first call, and waits for another one if the call is repeated.
    pub(super) async fn permit(
        &self,
        ctx: &Context,
        api: &'static str,
    ) -> Result<Permit, UpstreamError> {
        let first = self
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match first {
            Some(turn) => Ok(turn),
            None => rate_limiter::acquire(ctx, api, Priority::Login).await,
        }
    }
}

/// Fails at once if a login of this client could not be served in time.
pub fn check_queue(
    ctx: &Context,
    redemption: CodeExchange,
    client: &Client,
) -> Result<(), LoginSlotError> {
    match ctx
        .permit_queues
        .retry_after_if_full(redemption.api(), client)
    {
        Some(retry_after) => Err(LoginSlotError::Full { retry_after }),
        None => Ok(()),
    }
}

/// Waits until a login may send its code.
pub async fn acquire_login_slot(
    ctx: &Context,
    redemption: CodeExchange,
    client: &Client,
) -> Result<LoginSlot, LoginSlotError> {
    let began = Instant::now();
    if redemption == CodeExchange::InApp {
        // A granted permit must not wait for a token. Waiting for one is nobody's failure.
        tokio::time::timeout(QUEUE_TIME, token::current(ctx))
            .await
            .map_err(|_| LoginSlotError::Full {
                retry_after: QUEUE_TIME,
            })??;
    }
    // The time left after the queue must be enough for the calls themselves.
    let left = QUEUE_TIME.saturating_sub(began.elapsed());
    let api = redemption.api();
    let place = ctx
        .permit_queues
        .enqueue_login(api, client)
        .map_err(|retry_after| LoginSlotError::Full { retry_after })?;
    rate_limiter::start_if_idle(ctx, api, &place);
    if let Some((other, retry_after)) = place.evicted {
        // A caller that has gone away needs no answer.
        let _gone = other.send((PermitResult::Full { retry_after }, None));
    }
    let (grant, in_progress) = tokio::time::timeout(left, place.permit)
        .await
        .map_err(|_| LoginSlotError::TimedOut)?
        .map_err(|_| UpstreamError::Store(StoreError::Unavailable(None)))?;
    match grant {
        PermitResult::Full { retry_after } => Err(LoginSlotError::Full { retry_after }),
        grant => Ok(LoginSlot {
            turn: Mutex::new(Some(rate_limiter::permit_of(grant)?)),
            _in_progress: in_progress,
        }),
    }
}
