//! Fetches the callbacks that DingTalk failed to deliver and releases them: at startup, after a downtime, and every
//! ten minutes; one instance for all. Lost events raise an alert, which requests a full sync.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};
use tokio_util::sync::CancellationToken;

use super::polls::Polls;
use crate::context::Context;
use crate::service::events::{self, ReadError};
use crate::store::failed_callbacks;
use crate::store::queue::DueWork;
use crate::store::{StoreError, staff};

/// DingTalk gives up on a push after 40 s: a shorter downtime than this has lost nothing.
const DOWNTIME: Duration = Duration::from_secs(15);

pub(super) async fn run(ctx: Context, mut polls: Polls, stop: CancellationToken) {
    // When the last run ended; `None` before the first.
    let mut last = None;
    while let Some(due) = polls.next().await {
        // On the heap, because a fetch holds much across its calls.
        let fetch = Box::pin(fetch_if_due(&ctx, &stop, &due, &mut last));
        polls.run(fetch).await;
    }
}

async fn fetch_if_due(
    ctx: &Context,
    stop: &CancellationToken,
    due: &DueWork,
    last: &mut Option<Moment>,
) -> Result<(), StoreError> {
    // After a downtime of this process or of Postgres, pushes may have failed meanwhile.
    let was_down = last.is_none_or(|last: Moment| last.elapsed(due.now) >= DOWNTIME);
    let is_due = if was_down {
        request_after_downtime(ctx).await?
    } else {
        due.is_callback_fetch_due
    };
    if is_due {
        fetch(ctx, stop).await?;
    }
    *last = Some(Moment {
        // The time taken by a fetch is not downtime.
        postgres: if is_due { now(ctx).await? } else { due.now },
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

/// Schedules a fetch; returns whether it is due.
async fn request_after_downtime(ctx: &Context) -> Result<bool, StoreError> {
    ctx.db
        .read(async |conn| {
            failed_callbacks::request_after_downtime(conn).await?;
            failed_callbacks::is_fetch_due(conn).await
        })
        .await
}

async fn now(ctx: &Context) -> Result<DateTime<Utc>, StoreError> {
    ctx.db.read(async |conn| staff::now(conn).await).await
}

/// Fetches the failed callbacks and releases the parked events.
async fn fetch(ctx: &Context, stop: &CancellationToken) -> Result<(), StoreError> {
    let by = format!("the service (instance {})", ctx.instance);
    let report = match events::fetch_failed_callbacks(ctx, &by, stop).await {
        Ok(report) => report,
        Err(ReadError::Busy(_)) => return Ok(()),
        Err(ReadError::Store(error)) => return Err(error),
    };
    // Includes what an earlier instance or command has left. If this fails, the next fetch does it.
    match events::release(ctx, None, None).await {
        Ok(released) if report.given > 0 || released > 0 => tracing::warn!(
            given = report.given,
            new = report.stored.len(),
            released,
            "DingTalk could not deliver events: they were fetched and released"
        ),
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "could not release parked events yet"),
    }
    Ok(())
}
