//! Fetches DingTalk's list of failed callbacks: each page is stored as parked events before the next one is
//! requested, because a request makes DingTalk forget what it returned before. One process fetches at a time.

mod store_page;

use crate::domain::alert::{AlertKind, DirectoryDoubt};
use std::time::Duration;

use crate::store::Conn;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::store::event_parked::ParkedRow;
use crate::store::failed_callbacks::{self, LeaseAcquired, Reader};
use crate::store::lease::HEARTBEAT;
use crate::store::{StoreError, alert};
use crate::upstream::{FAILED, FailedPage, RegistrationError, UpstreamError};

/// Delay before the service fetches again after no response, and after a rejection that somebody has to fix.
const AFTER_SILENCE: Duration = Duration::from_mins(1);
const AFTER_REFUSAL: Duration = Duration::from_mins(10);
/// After this many empty pages the list is considered ended, even if DingTalk says that it continues.
const MAX_EMPTY: u32 = 3;
/// After this many consecutive pages of already stored entries, the fetch gives up for now.
const MAX_KNOWN: u32 = 20;
/// After this many entries the fetch gives up for now: DingTalk keeps a week of them.
const MAX_GIVEN: usize = 200_000;

/// The result of a fetch, complete or not.
#[derive(Debug, Default)]
pub struct FetchReport {
    /// Number of entries that DingTalk returned.
    pub given: usize,
    /// Those that were not stored yet, in DingTalk's order.
    pub stored: Vec<ParkedRow>,
    /// Whether a response was lost, by this fetch or by one whose process died.
    pub has_lost: bool,
    /// Why the end of the list was not reached.
    pub failure: Option<Failure>,
}

/// Why a fetch was aborted.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Upstream(#[from] UpstreamError),
    #[error("another process has taken the reading over, since this one did not renew its lease")]
    TakenOver,
    #[error("the process is to stop")]
    Stopped,
    /// DingTalk may not forget what it has returned.
    #[error("{MAX_KNOWN} pages in a row have brought nothing new")]
    NoEnd,
    #[error("the list goes on after {MAX_GIVEN} entries")]
    TooLong,
}

/// Why there was no fetch.
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
            if RegistrationError::of_error(error) == Some(RegistrationError::NoneRegistered))
    }

    /// Whether DingTalk may have returned, and forgotten, entries that never arrived.
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

    /// Returns the same text for the same failure, however often it occurs.
    fn words(&self) -> String {
        match self {
            Self::Upstream(UpstreamError::Paused { .. }) => {
                "DingTalk has banned our address".into()
            }
            other => other.to_string(),
        }
    }
}

/// Fetches the list to its end and stores all entries as parked events. `stop` ends the fetch between two pages.
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

/// Acquires the lease. Reports a response that the previous holder has lost.
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

/// Makes the call; renews the lease meanwhile, because the call may have to wait for a permit.
async fn fetch(ctx: &Context) -> Result<FailedPage, UpstreamError> {
    let mut answer = std::pin::pin!(ctx.dingtalk.failed_events());
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

/// A lost lease is noticed before the next call: the page of this one is stored in any case.
async fn renew(ctx: &Context) {
    let renewed = ctx
        .db
        .read(async |conn| failed_callbacks::renew(conn, ctx.instance).await);
    if let Err(error) = renewed.await {
        tracing::warn!(%error, "could not renew the failed callbacks lease");
    }
}

async fn report_lost(tx: &mut Conn, why: &str) -> Result<(), StoreError> {
    tracing::error!(
        why,
        "a response with failed callbacks was lost; full sync required"
    );
    alert::raise(tx, DirectoryDoubt::LostEvents, why).await
}

/// Releases the lease and raises the alerts.
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
    if let Some(code) = correctable_code(failure) {
        let kind = AlertKind::Misconfigured(FAILED.to_owned());
        alert::raise(tx, kind, &code.to_string()).await?;
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

/// Returns the code of a rejection that somebody has to fix. Having no registered callback is not an error: a
/// company that has subscribed in DingTalk's console has none.
fn correctable_code(failure: &Failure) -> Option<i64> {
    match failure {
        Failure::Upstream(UpstreamError::Api(error))
            if error.api() == FAILED
                && !error.is_unavailable()
                && RegistrationError::of_error(error).is_none() =>
        {
            error.code()
        }
        _ => None,
    }
}
