//! The worker loops of one process. Several processes on one database share the work.

mod bind_admins;
mod cleanup;
mod due_sync;
mod failed_events;
mod lanes;
mod polls;
mod search_index;

use std::time::Duration;

use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::service::{directory_sync, queue};

use polls::Polls;

/// Grace period for any worker on shutdown: slightly longer than each worker's own.
const WORK_GRACE: Duration = Duration::from_secs(6);
/// Grace period on shutdown for work that may take minutes.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(4);

/// Runs all loops. They end soon after `stop` is cancelled, with work in flight finished and claimed work released.
pub async fn run(ctx: &Context, stop: CancellationToken) {
    // What each poll of the queue has found, for the jobs that are no lanes.
    let (found, polled) = watch::channel(None);
    let polls = |job| Polls::new(job, &polled, &stop);
    let mut loops = JoinSet::new();
    loops.spawn(queue::dispatch(ctx.clone(), found, stop.clone()));
    lanes::start(&mut loops, ctx, &stop);
    loops.spawn(bind_admins::run(ctx.clone(), stop.clone()));
    loops.spawn(cleanup::run(ctx.clone(), polls("cleanup"), stop.clone()));
    loops.spawn(failed_events::run(
        ctx.clone(),
        polls("undelivered events"),
        stop.clone(),
    ));
    loops.spawn(due_sync::run(ctx.clone(), polls("full sync"), stop.clone()));
    loops.spawn(search_index::run(ctx.clone(), polls("search index")));
    loops.spawn(end_syncs(ctx.clone(), stop.clone()));
    tokio::select! {
        () = all_ended(&mut loops) => {}
        () = has_to_end(&stop) => loops.shutdown().await,
    }
    if let Err(error) = queue::release_all(ctx).await {
        tracing::warn!(%error, "could not release claimed work; it becomes available when its lease expires");
    }
}

async fn all_ended(loops: &mut JoinSet<()>) {
    while let Some(ended) = loops.join_next().await {
        if let Err(error) = ended {
            tracing::error!(%error, "worker panicked");
        }
    }
}

/// Returns when the workers must stop, so that there is time to release their work.
async fn has_to_end(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(WORK_GRACE).await;
}

/// Returns some seconds after the process was told to stop.
async fn shutdown_grace(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(SHUTDOWN_GRACE).await;
}

/// Stops running syncs: a full sync may take minutes, and an interrupted one has to be read again from the start.
async fn end_syncs(ctx: Context, stop: CancellationToken) {
    stop.cancelled().await;
    directory_sync::stop(&ctx).await;
}
