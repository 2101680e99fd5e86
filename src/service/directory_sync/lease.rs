//! The lease that lets only one run be active: it expires when the process dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use super::SyncError;
use crate::context::Context;
use crate::store::StoreError;
use crate::store::lease::{HEARTBEAT, LEASE};
use crate::store::sync_run::{self, Run};

/// Shorter than the lease, so that this run stops before another may start.
const GOOD_FOR: Duration = LEASE.saturating_sub(Duration::from_secs(1));

/// How long the work may continue after it has finished its run itself.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(1);

/// Number of calls that a run has made so far.
pub type Calls = Arc<AtomicI32>;

/// Executes a run while renewing its lease. Cancels the work if the lease is lost or the process stops.
pub async fn keep_while<T>(
    ctx: &Context,
    run: Run,
    calls: &Calls,
    work: impl Future<Output = Result<T, SyncError>>,
) -> Result<T, SyncError> {
    let beat = tokio::spawn(beat(ctx.clone(), run, calls.clone()));
    let beat = tokio_util::task::AbortOnDropHandle::new(beat);
    let mut work = std::pin::pin!(work);
    tokio::select! {
        outcome = &mut work => outcome,
        () = ctx.stopping.cancelled() => Err(SyncError::Stopped),
        lost = beat => match lost {
            // Either the work itself has just finished the run, or another process has taken over.
            Ok(LostLease::Ended) => match tokio::time::timeout(SHUTDOWN_GRACE, work).await {
                Ok(outcome) => outcome,
                Err(_) => Err(lost_lease(run)),
            },
            Ok(LostLease::Unheard) | Err(_) => Err(lost_lease(run)),
        },
    }
}

fn lost_lease(run: Run) -> SyncError {
    tracing::error!(run = run.id, "full sync lost its lease");
    SyncError::Interrupted
}

/// Why a lease is no longer renewed.
enum LostLease {
    /// The run is no longer running.
    Ended,
    /// Postgres was unreachable for too long.
    Unheard,
}

/// Renews the lease of a run until that fails.
async fn beat(ctx: Context, run: Run, calls: Calls) -> LostLease {
    let mut good_until = Instant::now() + GOOD_FOR;
    while Instant::now() < good_until {
        tokio::time::sleep(HEARTBEAT.min(good_until.saturating_duration_since(Instant::now())))
            .await;
        let sent_at = Instant::now();
        match renew(&ctx, run, calls.load(Ordering::Relaxed)).await {
            Ok(true) => good_until = sent_at + GOOD_FOR,
            Ok(false) => return LostLease::Ended,
            Err(error) => {
                tracing::warn!(run = run.id, %error, "could not renew the full sync lease");
            }
        }
    }
    LostLease::Unheard
}

async fn renew(ctx: &Context, run: Run, calls: i32) -> Result<bool, StoreError> {
    ctx.db
        .read(async |conn| sync_run::renew(conn, run, calls).await)
        .await
}
