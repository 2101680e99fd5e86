//! The worker loops of one process. Several processes on one database share the work.

mod bind_admins;
mod cleanup;
mod due_times;
mod failed_events;
mod first_sync;
mod poll_loop;
mod scheduled_sync;
mod webhooks;

use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::service::{directory_sync, events, review};
use crate::store::StoreError;

use poll_loop::PollLoop;

/// Poll interval for work without a notification: another instance may have stored it.
const POLL: Duration = Duration::from_millis(300);
const SWEEP: Duration = Duration::from_mins(1);
/// Grace period for any worker on shutdown: slightly longer than each worker's own.
const WORK_GRACE: Duration = Duration::from_secs(6);
/// Grace period on shutdown for work that may take minutes.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(4);

/// Runs all loops. They end soon after `stop` is cancelled, with work in flight finished and claimed work released.
pub async fn run(ctx: &Context, stop: CancellationToken) {
    let busy = Arc::new(events::KeyedMutex::default());
    let mut loops = JoinSet::new();
    loops.spawn(bind_admins::run(ctx.clone(), stop.clone()));
    loops.spawn(work_on_events(ctx.clone(), Arc::clone(&busy), stop.clone()));
    loops.spawn(run_rechecks(ctx.clone(), busy, stop.clone()));
    loops.spawn(review_in_bulk(ctx.clone(), stop.clone()));
    loops.spawn(clean_up(ctx.clone(), stop.clone()));
    loops.spawn(failed_events::run(ctx.clone(), stop.clone()));
    loops.spawn(due_times::run(ctx.clone(), stop.clone()));
    webhooks::start(&mut loops, ctx, &stop);
    loops.spawn(first_sync::run(ctx.clone(), stop.clone()));
    loops.spawn(scheduled_sync::run(ctx.clone(), stop.clone()));
    loops.spawn(end_syncs(ctx.clone(), stop.clone()));
    tokio::select! {
        () = all_ended(&mut loops) => {}
        () = has_to_end(&stop) => loops.shutdown().await,
    }
    // Concurrently, because without Postgres each one runs into its timeout.
    let given = tokio::join!(
        events::give_back(ctx),
        crate::service::webhooks::release(ctx)
    );
    if let Err(error) = given.0.and(given.1) {
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

/// Processes events and rechecks until none is due; returns how many there were. For tests, which run no loops.
#[cfg(feature = "testing")]
pub async fn drain(ctx: &Context) -> Result<usize, StoreError> {
    let (busy, never) = (
        Arc::new(events::KeyedMutex::default()),
        CancellationToken::new(),
    );
    let mut worked = 0;
    loop {
        let now = events::work(ctx, &busy, &never).await?
            + events::run_due_rechecks(ctx, &busy, &never).await?;
        if now == 0 {
            return Ok(worked);
        }
        worked += now;
    }
}

async fn work_on_events(ctx: Context, busy: Arc<events::KeyedMutex>, stop: CancellationToken) {
    let rounds = PollLoop {
        name: "events",
        pause: POLL,
        bell: Some(&ctx.work),
        stop: &stop,
    };
    rounds
        .run(&ctx, || async {
            Ok(events::work(&ctx, &busy, &stop).await? > 0)
        })
        .await;
}

async fn run_rechecks(ctx: Context, busy: Arc<events::KeyedMutex>, stop: CancellationToken) {
    let rounds = PollLoop {
        name: "looks",
        pause: POLL,
        bell: None,
        stop: &stop,
    };
    rounds
        .run(&ctx, || async {
            Ok(events::run_due_rechecks(&ctx, &busy, &stop).await? > 0)
        })
        .await;
}

async fn review_in_bulk(ctx: Context, stop: CancellationToken) {
    let rounds = PollLoop {
        name: "reviews",
        pause: POLL,
        bell: None,
        stop: &stop,
    };
    rounds.run(&ctx, || review_until_stopped(&ctx, &stop)).await;
}

/// A job may be long: the process that takes it over continues where this one was interrupted.
async fn review_until_stopped(ctx: &Context, stop: &CancellationToken) -> Result<bool, StoreError> {
    tokio::select! {
        worked = review::work_bulk(ctx) => worked,
        () = shutdown_grace(stop) => review::release_bulk(ctx).await.map(|()| false),
    }
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

async fn clean_up(ctx: Context, stop: CancellationToken) {
    let rounds = PollLoop {
        name: "sweeping",
        pause: SWEEP,
        bell: None,
        stop: &stop,
    };
    rounds
        .run(&ctx, || async {
            tokio::select! {
                swept = cleanup::once(&ctx) => swept.map(|()| false),
                () = shutdown_grace(&stop) => Ok(false),
            }
        })
        .await;
}
