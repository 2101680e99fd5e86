//! DingTalk's list of pushes that failed: each page is stored as held before the next is asked for,
//! since asking makes DingTalk forget what it gave before. One process reads at a time.

mod store_page;

use std::time::Duration;

use crate::store::Conn;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::dingtalk::callback_registration::{FAILED, FailedPage, RegistrationError};
use crate::service::upstream::{self, UpstreamError};
use crate::store::event_parked::ParkedRow;
use crate::store::failed_callbacks::{self, LeaseAcquired, Reader};
use crate::store::lease::HEARTBEAT;
use crate::store::{StoreError, alert};

/// The alert that DingTalk's list was not empty; its detail is how many entries there were.
pub const UNDELIVERED: &str = "directory:failed_events";
/// The alert that an answer of DingTalk's was lost, and what was in it with it.
pub const LOST_EVENTS: &str = "directory:lost_events";

/// When the service reads again after no answer, and after a refusal that somebody has to mend.
const AFTER_SILENCE: Duration = Duration::from_mins(1);
const AFTER_REFUSAL: Duration = Duration::from_mins(10);
/// So many pages without an entry end a list that DingTalk says goes on.
const MAX_EMPTY: u32 = 3;
/// After so many pages in a row that hold only what is stored already, the reading gives up for now.
const MAX_KNOWN: u32 = 20;
/// After so many entries the reading gives up for now: DingTalk keeps a week of them.
const MAX_GIVEN: usize = 200_000;

/// What a reading has brought, also where it broke off.
#[derive(Debug, Default)]
pub struct FetchReport {
    /// How many entries DingTalk gave.
    pub given: usize,
    /// Those of them that were not known yet, in DingTalk's order.
    pub stored: Vec<ParkedRow>,
    /// Whether an answer was lost, by this reading or by one that died.
    pub has_lost: bool,
    /// Why the end of the list was not seen.
    pub failure: Option<Failure>,
}

/// Why a reading broke off.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error("another process has taken the reading over, since this one did not renew its lease")]
    TakenOver,
    #[error("the process is to stop")]
    Stopped,
    /// DingTalk may not forget what it has given.
    #[error("{MAX_KNOWN} pages in a row have brought nothing new")]
    NoEnd,
    #[error("the list goes on after {MAX_GIVEN} entries")]
    TooLong,
}

/// Why there was no reading.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("DingTalk's list is being read already, by {}, since {}", .0.by, .0.since.format("%Y-%m-%d %H:%M:%S UTC"))]
    Busy(Reader),
}

impl Failure {
    /// Whether DingTalk says that no callback is registered by API.
    pub fn is_none_registered(&self) -> bool {
        matches!(self, Self::Upstream(UpstreamError::Api(error))
            if error.registration_error() == Some(RegistrationError::NoneRegistered))
    }

    /// Whether DingTalk may have given, and forgotten, what never came.
    fn has_lost(&self) -> bool {
        matches!(self, Self::Upstream(UpstreamError::Api(error))
            if error.api() == FAILED && error.may_have_been_carried_out())
    }

    fn wait(&self) -> Duration {
        match self {
            Self::Upstream(error) if !error.is_unavailable() => AFTER_REFUSAL,
            Self::Stopped => Duration::ZERO,
            _ => AFTER_SILENCE,
        }
    }

    /// The same words for the same trouble, however often it is met.
    fn words(&self) -> String {
        match self {
            Self::Upstream(UpstreamError::Paused { .. }) => {
                "DingTalk has banned our address".into()
            }
            other => other.to_string(),
        }
    }
}

/// Reads the list to its end and stores all of it as held. Between two pages, `stop` ends the reading.
pub async fn fetch_failed_callbacks(
    ctx: &Context,
    by: &str,
    stop: &CancellationToken,
) -> Result<FetchReport, ReadError> {
    let taken = acquire_lease(ctx, by).await?;
    let mut reading = FetchReport {
        has_lost: taken.lost_an_answer,
        ..FetchReport::default()
    };
    reading.failure = read_pages(ctx, stop, &mut reading).await?.err();
    reading.has_lost |= reading.failure.as_ref().is_some_and(Failure::has_lost);
    end(ctx, &reading).await?;
    Ok(reading)
}

async fn read_pages(
    ctx: &Context,
    stop: &CancellationToken,
    reading: &mut FetchReport,
) -> Result<Result<(), Failure>, StoreError> {
    let (mut empty, mut known) = (0, 0);
    loop {
        if stop.is_cancelled() {
            return Ok(Err(Failure::Stopped));
        }
        if !record_attempt(ctx).await? {
            return Ok(Err(Failure::TakenOver));
        }
        let page = match fetch(ctx).await {
            Ok(page) => page,
            Err(error) => return Ok(Err(error.into())),
        };
        reading.given += page.entries.len();
        let stored = store_page::store_page(ctx, &page, reading.given).await?;
        known = if stored.is_empty() { known + 1 } else { 0 };
        reading.stored.extend(stored);
        empty = if page.entries.is_empty() {
            empty + 1
        } else {
            0
        };
        if !page.has_more || empty >= MAX_EMPTY {
            return Ok(Ok(()));
        }
        if known >= MAX_KNOWN {
            return Ok(Err(Failure::NoEnd));
        }
        if reading.given >= MAX_GIVEN {
            return Ok(Err(Failure::TooLong));
        }
    }
}

/// Makes this process the reader. An answer that the reader before has lost is told here.
async fn acquire_lease(ctx: &Context, by: &str) -> Result<LeaseAcquired, ReadError> {
    ctx.db
        .tx(async |tx| {
            let taken = failed_callbacks::acquire_lease(tx, ctx.instance, by)
                .await?
                .map_err(ReadError::Busy)?;
            if taken.lost_an_answer {
                report_lost(tx, "interrupted").await?;
                failed_callbacks::record_settled(tx, ctx.instance).await?;
            }
            Ok(taken)
        })
        .await
}

async fn record_attempt(ctx: &Context) -> Result<bool, StoreError> {
    ctx.db
        .read(async |conn| failed_callbacks::record_attempt(conn, ctx.instance).await)
        .await
}

/// Makes the call; the reader's place is kept meanwhile, for it may wait for its turn.
async fn fetch(ctx: &Context) -> Result<FailedPage, UpstreamError> {
    let mut answer = std::pin::pin!(upstream::failed_events(ctx));
    let mut beat = interval(HEARTBEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    loop {
        tokio::select! {
            answer = &mut answer => return answer,
            _ = beat.tick() => renew(ctx).await,
        }
    }
}

/// Whether the place was lost shows before the next call: what this one gives is stored in any case.
async fn renew(ctx: &Context) {
    let renewed = ctx
        .db
        .read(async |conn| failed_callbacks::renew(conn, ctx.instance).await);
    if let Err(error) = renewed.await {
        tracing::warn!(%error, "the place of the reader of DingTalk's list could not be renewed");
    }
}

async fn report_lost(tx: &mut Conn, why: &str) -> Result<(), StoreError> {
    tracing::error!(
        why,
        "an answer of DingTalk's with undelivered events was lost: a full sync is needed"
    );
    alert::raise(tx, LOST_EVENTS, why).await
}

/// Gives the reader's place up and tells what has to be told.
async fn end(ctx: &Context, reading: &FetchReport) -> Result<(), StoreError> {
    ctx.db
        .tx(async |tx| {
            match &reading.failure {
                None => failed_callbacks::finish(tx, ctx.instance).await?,
                Some(failure) => end_failed(ctx, tx, failure).await?,
            }
            Ok(())
        })
        .await
}

async fn end_failed(ctx: &Context, tx: &mut Conn, failure: &Failure) -> Result<(), StoreError> {
    let words = failure.words();
    if failure.has_lost() {
        report_lost(tx, "no answer").await?;
    }
    if let Some(code) = is_correctable(failure) {
        alert::raise(tx, &format!("misconfigured:{FAILED}"), &code.to_string()).await?;
    }
    failed_callbacks::record_settled(tx, ctx.instance).await?;
    let is_new = failed_callbacks::fail(tx, ctx.instance, &words, failure.wait()).await?;
    if is_new && !matches!(failure, Failure::Stopped) {
        tracing::warn!(
            why = words,
            "DingTalk's list of undelivered events cannot be read"
        );
    }
    Ok(())
}

/// The code of a refusal that somebody has to mend. That no callback is registered is no fault: a
/// company with a subscription made in the console has none.
fn is_correctable(failure: &Failure) -> Option<i64> {
    match failure {
        Failure::Upstream(UpstreamError::Api(error))
            if error.api() == FAILED
                && !error.is_unavailable()
                && error.registration_error().is_none() =>
        {
            error.code()
        }
        _ => None,
    }
}
