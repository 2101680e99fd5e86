//! Queues a login for its first call: until then nothing is consumed, neither the code nor the state.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::clients::{Client, InProgress};
use super::permit::{Permit, PermitResult};
use super::permit_queue::QUEUE_TIME;
use super::{DingTalk, Priority, UpstreamError, rate_limiter, token};
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
    #[error("the permit did not come in time")]
    TimedOut,
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

/// A login that may send its code now. It counts as in progress for its client until dropped.
pub struct LoginSlot {
    permit: Mutex<Option<Permit>>,
    _in_progress: Option<InProgress>,
}

impl LoginSlot {
    /// Returns a slot for doctor's checks, which belong to no client and wait in the queue like any call.
    pub fn for_diagnosis() -> Self {
        Self {
            permit: Mutex::new(None),
            _in_progress: None,
        }
    }

    /// Returns the permit of the first call, and waits for another one if the call is repeated.
    pub(super) async fn permit(
        &self,
        dingtalk: &DingTalk,
        api: &'static str,
    ) -> Result<Permit, UpstreamError> {
        let first = self
            .permit
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match first {
            Some(permit) => Ok(permit),
            None => rate_limiter::acquire(dingtalk, api, Priority::Login).await,
        }
    }
}

impl DingTalk {
    /// Fails at once if a login of this client could not be served in time.
    pub fn check_queue(
        &self,
        exchange: CodeExchange,
        client: &Client,
    ) -> Result<(), LoginSlotError> {
        let queues = &self.0.permit_queues;
        match queues.retry_after_if_full(exchange.api(), client) {
            Some(retry_after) => Err(LoginSlotError::Full { retry_after }),
            None => Ok(()),
        }
    }

    /// Waits until a login may send its code.
    pub async fn acquire_login_slot(
        &self,
        exchange: CodeExchange,
        client: &Client,
    ) -> Result<LoginSlot, LoginSlotError> {
        let began = Instant::now();
        if exchange == CodeExchange::InApp {
            // A granted permit must not wait for a token. Waiting for one is nobody's failure.
            tokio::time::timeout(QUEUE_TIME, token::current(self))
                .await
                .map_err(|_| LoginSlotError::Full {
                    retry_after: QUEUE_TIME,
                })??;
        }
        // The time left after the queue must be enough for the calls themselves.
        let left = QUEUE_TIME.saturating_sub(began.elapsed());
        let api = exchange.api();
        let queues = &self.0.permit_queues;
        let place = queues
            .enqueue_login(api, client)
            .map_err(|retry_after| LoginSlotError::Full { retry_after })?;
        rate_limiter::start_if_idle(self, api, &place);
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
                permit: Mutex::new(Some(rate_limiter::permit_of(grant)?)),
                _in_progress: in_progress,
            }),
        }
    }
}
