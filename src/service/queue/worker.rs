//! The worker: claims, heartbeats, back-off, release on stop, and isolation of panics, for every lane.

use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::time::{Instant, Interval, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::back_off::BackOff;
use super::claim_timer::ClaimTimer;
use super::lane::{ClaimBatch, Lane};
use super::pool::{Outcome, Pool, Task, TaskError as _};
use super::status::Status;
use crate::context::Context;
use crate::store::StoreError;
use crate::store::lease::HEARTBEAT;

/// Works on a lane until the process stops. Each run gets a lane without claims: a failed one leaves its own to their
/// leases.
pub async fn run<L: Lane>(ctx: Context, lane: impl Fn() -> L, stop: CancellationToken) {
    let mut status = Status::new(L::NAME);
    let mut back_off = BackOff::new(L::NAME.as_str());
    while !stop.is_cancelled() {
        let iteration = run_until_idle(&ctx, lane(), &mut status, &stop);
        let failure = match AssertUnwindSafe(iteration).catch_unwind().await {
            Ok(Ok(0)) => {
                back_off.succeeded();
                wait_for_work::<L>(&ctx, &mut status, &stop).await;
                continue;
            }
            Ok(Ok(_)) => {
                back_off.succeeded();
                status.write(&ctx).await;
                continue;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_panic) => "worker panicked".to_owned(),
        };
        status.record_error(&failure);
        tokio::select! {
            () = back_off.failed(&failure) => status.write(&ctx).await,
            () = stop.cancelled() => {}
        }
    }
}

async fn wait_for_work<L: Lane>(ctx: &Context, status: &mut Status, stop: &CancellationToken) {
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            () = ctx.work.woken(L::NAME) => return,
            () = status.is_due() => {}
        }
        status.write(ctx).await;
    }
}

/// Works until nothing is due and no task is left; returns how many items there were. Once `stop` is cancelled no new
/// tasks are started, those in flight are finished, and the rest is released.
// Long because all that a run waits for is one `select!`.
async fn run_until_idle<L: Lane>(
    ctx: &Context,
    mut lane: L,
    status: &mut Status,
    stop: &CancellationToken,
) -> Result<usize, StoreError> {
    let mut pool = Pool::new(L::CONCURRENCY, stop, lane.process());
    let (mut timer, mut count) = claim(&mut lane, &mut pool).await?;
    if count == 0 {
        return Ok(0);
    }
    status.record_run();
    let mut heartbeat = heartbeats();
    let mut grace = pin!(shutdown_grace(stop, L::SHUTDOWN_GRACE));
    loop {
        count += start_next(&mut lane, &mut pool).await;
        tokio::select! {
            // Heartbeats first: a lease must not expire because results came in.
            biased;
            _ = heartbeat.tick() => {
                status.record_run();
                // A failed heartbeat at worst causes work to be done twice.
                match lane.renew().await {
                    Ok(()) => status.write(ctx).await,
                    Err(error) => {
                        tracing::warn!(lane = L::NAME.as_str(), %error, "could not renew leases");
                    }
                }
            }
            () = &mut grace => return Ok(count),
            // Before results, of which another may always be ready: new work may be more urgent than what waits.
            () = timer.wait(ctx.work.woken(L::NAME)), if may_claim(&lane, &pool) => {
                timer = match claim(&mut lane, &mut pool).await {
                    Ok((timer, more)) => {
                        count += more;
                        timer
                    }
                    Err(error) => {
                        tracing::debug!(lane = L::NAME.as_str(), %error, "no further item could be claimed");
                        ClaimTimer::after(Instant::now())
                    }
                };
            }
            ended = pool.next() => {
                let Some((task, outcome)) = ended else { break };
                if let Outcome::Failed(error) = &outcome {
                    status.record_error(error.reason());
                }
                // The others go on: what could not be stored is claimed again when its lease expires.
                if let Err(error) = lane.finish(task, outcome).await {
                    tracing::warn!(lane = L::NAME.as_str(), %error, "could not store a result");
                    status.record_error(&error.to_string());
                }
            }
        }
    }
    lane.flush().await?;
    Ok(count)
}

fn may_claim<L: Lane>(lane: &L, pool: &Pool<L::Task>) -> bool {
    !pool.has_stopped() && lane.next_claim(pool).is_some()
}

/// Claims items; returns when to claim again, and how many there were.
async fn claim<L: Lane>(
    lane: &mut L,
    pool: &mut Pool<L::Task>,
) -> Result<(ClaimTimer, usize), StoreError> {
    let began = Instant::now();
    let claimed = match lane.next_claim(pool) {
        Some(claim) if !pool.has_stopped() => lane.claim(claim).await?,
        _ => ClaimBatch::default(),
    };
    pool.add(claimed.tasks);
    let timer = if claimed.may_be_more {
        ClaimTimer::at_once()
    } else {
        ClaimTimer::after(began)
    };
    lane.flush().await?;
    Ok((timer, claimed.count))
}

/// Starts as many tasks as there are free slots, each for all items about its subject; returns how many further items
/// that claimed.
async fn start_next<L: Lane>(lane: &mut L, pool: &mut Pool<L::Task>) -> usize {
    let mut next = pool.take_next();
    if next.is_empty() {
        return 0;
    }
    let related = lane.claim_related(&next).await;
    for task in related.tasks {
        let subject = task.subject();
        match next.iter_mut().find(|next| next.subject() == subject) {
            Some(next) => next.merge(task),
            None => pool.add([task]),
        }
    }
    for task in next {
        pool.start(task);
    }
    related.count
}

fn heartbeats() -> Interval {
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    heartbeat
}

/// Returns when tasks in flight must be left to other instances.
async fn shutdown_grace(stop: &CancellationToken, grace: Duration) {
    stop.cancelled().await;
    tokio::time::sleep(grace).await;
}
