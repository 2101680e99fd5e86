//! The way of a login to its first call: until then nothing is spent, neither the code nor the state.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Priority, UpstreamError, calls, oauth2, pace, token};
use crate::config::LoginFlow;
use crate::context::clients::{Client, InProgress};
use crate::context::turns::QUEUE_TIME;
use crate::context::{Context, Grant, Turn};
use crate::store::StoreError;

/// Which interface redeems the code of a login.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Redemption {
    Scan,
    OAuth2,
    InApp,
}

impl Redemption {
    /// Returns how a code of DingTalk's login page is redeemed.
    pub fn of_login_page(ctx: &Context) -> Self {
        match ctx.config.dingtalk.login_flow {
            LoginFlow::QrConnect => Self::Scan,
            LoginFlow::OAuth2 { .. } => Self::OAuth2,
        }
    }

    fn api(self) -> &'static str {
        match self {
            Self::Scan => calls::SCAN,
            Self::OAuth2 => oauth2::USER_ACCESS_TOKEN,
            Self::InApp => calls::IN_APP,
        }
    }
}

/// Why a login did not get as far as its first call.
#[derive(Debug, thiserror::Error)]
pub enum EntryError {
    #[error("the queue for DingTalk is longer than can be served in time")]
    Full { retry_after: Duration },
    #[error("the turn did not come in time")]
    TimedOut,
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
}

/// A login that may send its code now. It counts as in progress for its client until this is dropped.
pub struct Entry {
    turn: Mutex<Option<Turn>>,
    _in_progress: Option<InProgress>,
}

impl Entry {
    /// Returns an entry for doctor's tries, which belong to no client and wait in the queue as any call does.
    pub fn for_diagnosis() -> Self {
        Self {
            turn: Mutex::new(None),
            _in_progress: None,
        }
    }

    /// Returns the turn of the first call, and waits for another one where the call is made again.
    pub(super) async fn turn(
        &self,
        ctx: &Context,
        api: &'static str,
    ) -> Result<Turn, UpstreamError> {
        let first = self
            .turn
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        match first {
            Some(turn) => Ok(turn),
            None => pace::turn(ctx, api, Priority::Login).await,
        }
    }
}

/// Fails at once where a login of this client could not be served in time.
pub fn check_queue(
    ctx: &Context,
    redemption: Redemption,
    client: &Client,
) -> Result<(), EntryError> {
    match ctx.turns.full_for(redemption.api(), client) {
        Some(retry_after) => Err(EntryError::Full { retry_after }),
        None => Ok(()),
    }
}

/// Waits until a login may send its code.
pub async fn enter(
    ctx: &Context,
    redemption: Redemption,
    client: &Client,
) -> Result<Entry, EntryError> {
    let began = Instant::now();
    if redemption == Redemption::InApp {
        // A turn that has come must not wait for a token. Waiting for one is nobody's failure.
        tokio::time::timeout(QUEUE_TIME, token::current(ctx))
            .await
            .map_err(|_| EntryError::Full {
                retry_after: QUEUE_TIME,
            })??;
    }
    // What is left after the queue must do for the calls themselves.
    let left = QUEUE_TIME.saturating_sub(began.elapsed());
    let api = redemption.api();
    let place = ctx
        .turns
        .enter(api, client)
        .map_err(|retry_after| EntryError::Full { retry_after })?;
    pace::set_going(ctx, api, &place);
    if let Some((other, retry_after)) = place.evicted {
        // Whoever has gone away needs no answer.
        let _gone = other.send((Grant::Full { retry_after }, None));
    }
    let (grant, in_progress) = tokio::time::timeout(left, place.turn)
        .await
        .map_err(|_| EntryError::TimedOut)?
        .map_err(|_| UpstreamError::Store(StoreError::Unavailable(None)))?;
    match grant {
        Grant::Full { retry_after } => Err(EntryError::Full { retry_after }),
        grant => Ok(Entry {
            turn: Mutex::new(Some(pace::granted(grant)?)),
            _in_progress: in_progress,
        }),
    }
}
