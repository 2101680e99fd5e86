//! Fetches the callbacks that DingTalk failed to deliver and releases them: at startup, after a downtime, and every
//! ten minutes; one instance for all. Lost events are made up for by a full sync.

use crate::domain::alert::DirectoryDoubt;
use crate::domain::sync::SyncCause;
use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio::sync::Mutex;
use tokio_util::sync::CancellationToken;

use super::poll_loop::PollLoop;
use crate::context::Context;
use crate::service::directory_sync::{self, Request, SyncError};
use crate::service::events::{self, ReadError};
use crate::store::failed_callbacks::{self, NextFetch};
use crate::store::{StoreError, staff};

/// A reader that died is replaced after its lease and this interval, in less than ten seconds.
const POLL: Duration = Duration::from_secs(1);
/// DingTalk gives up on a push after 40 s: a shorter downtime than this has lost nothing.
const DOWNTIME: Duration = Duration::from_secs(15);

pub(super) async fn run(ctx: Context, stop: CancellationToken) {
    let rounds = PollLoop {
        name: "undelivered events",
        pause: POLL,
        bell: None,
        stop: &stop,
    };
    // When the last tick ended; `None` before the first.
    let last = Mutex::new(None);
    rounds
        .run(&ctx, || async {
            let mut last = last.lock().await;
            round(&ctx, &stop, &mut last).await.map(|()| false)
        })
        .await;
}

async fn round(
    ctx: &Context,
    stop: &CancellationToken,
    last: &mut Option<Moment>,
) -> Result<(), StoreError> {
    let tick = tick(ctx, *last).await?;
    if tick.is_due {
        read(ctx, stop).await?;
    }
    // The instance that lost events may be gone, and so may the sync that was to make up for them: the alert stands
    // until a complete sync has.
    if owes_sync(ctx).await? {
        make_up_for_lost_events(ctx).await?;
    }
    // The time taken by a fetch is not downtime.
    let now = if tick.is_due {
        now(ctx).await?
    } else {
        tick.now
    };
    *last = Some(Moment {
        postgres: now,
        process: Instant::now(),
    });
    Ok(())
}

/// One moment by two clocks: this process's stands still while the machine sleeps, and Postgres's may step back.
#[derive(Clone, Copy)]
struct Moment {
    postgres: DateTime<Utc>,
    process: Instant,
}

impl Moment {
    /// Returns the time since then by the clock that shows more.
    fn elapsed(self, now: DateTime<Utc>) -> Duration {
        let by_postgres = (now - self.postgres).to_std().unwrap_or_default();
        by_postgres.max(self.process.elapsed())
    }
}

/// Reads Postgres's clock. If the last tick is long ago, or there was none, this process or Postgres was down, and
/// pushes may have failed meanwhile.
async fn tick(ctx: &Context, last: Option<Moment>) -> Result<NextFetch, StoreError> {
    ctx.db
        .read(async |conn| {
            let tick = failed_callbacks::next_fetch(conn).await?;
            let is_back = last.is_none_or(|last| last.elapsed(tick.now) >= DOWNTIME);
            if !is_back {
                return Ok(tick);
            }
            failed_callbacks::request_after_downtime(conn).await?;
            failed_callbacks::next_fetch(conn).await
        })
        .await
}

async fn now(ctx: &Context) -> Result<DateTime<Utc>, StoreError> {
    ctx.db.read(async |conn| staff::now(conn).await).await
}

async fn owes_sync(ctx: &Context) -> Result<bool, StoreError> {
    ctx.db
        .read(async |conn| failed_callbacks::owes_sync(conn, DirectoryDoubt::LostEvents).await)
        .await
}

/// Fetches the failed callbacks and releases the parked events.
async fn read(ctx: &Context, stop: &CancellationToken) -> Result<(), StoreError> {
    let by = format!("the service (instance {})", ctx.instance);
    let reading = match events::fetch_failed_callbacks(ctx, &by, stop).await {
        Ok(reading) => reading,
        Err(ReadError::Busy(_)) => return Ok(()),
        Err(ReadError::Store(error)) => return Err(error),
    };
    // Includes what an earlier instance or command has left. If this fails, the next fetch does it.
    match events::release(ctx, None, None).await {
        Ok(released) if reading.given > 0 || released > 0 => tracing::warn!(
            given = reading.given,
            new = reading.stored.len(),
            released,
            "DingTalk could not deliver events: they were fetched and released"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "could not release parked events yet"),
    }
    Ok(())
}

/// Starts a full sync, unless another run has just started; later ticks check whether another one is needed.
async fn make_up_for_lost_events(ctx: &Context) -> Result<(), StoreError> {
    let request = Request {
        cause: SyncCause::LostEvents,
        started_by: "system".to_owned(),
        dry_run: false,
        accept_leavers: false,
    };
    match directory_sync::start(ctx, request).await {
        Err(SyncError::Store(error)) => Err(error),
        Ok(_) | Err(_) => Ok(()),
    }
}
