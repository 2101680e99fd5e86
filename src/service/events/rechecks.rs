//! Runs due rechecks of people.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::claiming::{Timer, room};
use super::lookup_pool::{LookupPool, LookupTask, Urgency};
use super::outcome::{ErrorClass, LookupOutcome};
use super::{HEARTBEAT, KeyedMutex, REQUEUE_DELAY, shutdown_grace};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::employment::{self, Trigger};
use crate::store::StoreError;
use crate::store::recheck::{self, ClaimedRecheck, RecheckCause};
use crate::upstream::Priority;

/// One fewer than the calls that may be in flight, so that rechecks never delay a login.
const AT_ONCE: usize = 2;
/// Maximum number of unreadable answers about a person; rejections and outages are retried without limit.
const MAX_BAD: i32 = 20;

/// All due rechecks of one person, which one answer settles.
#[derive(Clone)]
struct DueRecheck {
    userid: UserId,
    ids: Vec<i64>,
    cause: RecheckCause,
    attempts: i32,
    is_retry: bool,
}

impl LookupTask for DueRecheck {
    type Subject = UserId;

    fn subject(&self) -> UserId {
        self.userid.clone()
    }

    fn urgency(&self) -> Urgency {
        Urgency::now(self.is_retry, true)
    }

    fn merge(&mut self, other: Self) {
        self.ids.extend(other.ids);
        self.cause = self.cause.max(other.cause);
        self.attempts = self.attempts.max(other.attempts);
        self.is_retry &= other.is_retry;
    }
}

/// Runs due rechecks until there are none left; returns how many there were. `stop` works as for events.
pub async fn run_due_rechecks(
    ctx: &Context,
    busy: &Arc<KeyedMutex>,
    stop: &CancellationToken,
) -> Result<usize, StoreError> {
    let mut asking = LookupPool::new(AT_ONCE, stop, {
        let (ctx, busy) = (ctx.clone(), Arc::clone(busy));
        move |due: &DueRecheck| Box::pin(look_up(ctx.clone(), Arc::clone(&busy), due.clone())) as _
    });
    let mut open = BTreeSet::new();
    let began = Instant::now();
    let mut count = claim_due(ctx, &mut asking, &mut open).await?;
    if count == 0 {
        return Ok(0);
    }
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let mut timer = Timer::after(began);
    let mut last_moments = pin!(shutdown_grace(stop));
    loop {
        for due in asking.take_next() {
            asking.start(due);
        }
        tokio::select! {
            answer = asking.next() => {
                let Some((due, answer)) = answer else { return Ok(count) };
                for id in &due.ids {
                    open.remove(id);
                }
                finish(ctx, &due, answer, stop).await?;
            }
            () = timer.wait(None), if !asking.has_stopped() => {
                let began = Instant::now();
                match claim_due(ctx, &mut asking, &mut open).await {
                    Ok(picked_up) => count += picked_up,
                    Err(error) => tracing::debug!(%error, "no further look could be claimed"),
                }
                timer = Timer::after(began);
            }
            _ = heartbeat.tick() => renew(ctx, &open.iter().copied().collect::<Vec<_>>()).await,
            () = &mut last_moments => return Ok(count),
        }
    }
}

/// Claims due rechecks, first attempts before retries, unless enough are waiting; returns how many.
async fn claim_due(
    ctx: &Context,
    asking: &mut LookupPool<DueRecheck>,
    open: &mut BTreeSet<i64>,
) -> Result<usize, StoreError> {
    let room_for = |is_retry| room(asking.ahead_of(Urgency::now(is_retry, true)));
    let (with_retries, limit) = match (room_for(true), room_for(false)) {
        (Some(limit), _) => (true, limit),
        (None, Some(limit)) => (false, limit),
        (None, None) => return Ok(0),
    };
    let claimed = ctx
        .db
        .read(async |conn| recheck::claim_batch(conn, ctx.instance, with_retries, limit).await)
        .await?;
    open.extend(claimed.iter().map(|recheck| recheck.id));
    let count = claimed.len();
    asking.add(claimed.into_iter().map(DueRecheck::from));
    Ok(count)
}

impl From<ClaimedRecheck> for DueRecheck {
    fn from(recheck: ClaimedRecheck) -> Self {
        Self {
            userid: recheck.userid,
            ids: vec![recheck.id],
            cause: recheck.cause,
            attempts: recheck.attempts,
            is_retry: recheck.is_retry,
        }
    }
}

async fn renew(ctx: &Context, ids: &[i64]) {
    let renewed = ctx
        .db
        .read(async |conn| recheck::renew(conn, ctx.instance, ids).await);
    if let Err(error) = renewed.await {
        tracing::warn!(%error, "could not renew recheck leases");
    }
}

async fn look_up(ctx: Context, busy: Arc<KeyedMutex>, due: DueRecheck) -> LookupOutcome {
    let trigger = match due.cause {
        RecheckCause::Leave => Trigger::Leaving,
        RecheckCause::Join => Trigger::LateJoin,
        RecheckCause::Login => Trigger::Login,
    };
    let priority = if due.is_retry {
        Priority::Retry
    } else {
        Priority::Recheck
    };
    let _alone = busy.lock(&due.userid).await;
    LookupOutcome::from(
        employment::refresh_person(&ctx, priority, &due.userid, trigger, &due.ids).await,
    )
}

async fn finish(
    ctx: &Context,
    due: &DueRecheck,
    answer: LookupOutcome,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let rest = if stop.is_cancelled() {
        Duration::ZERO
    } else {
        REQUEUE_DELAY
    };
    ctx.db
        .read(async |conn| match answer {
            LookupOutcome::Done => recheck::delete(conn, ctx.instance, &due.ids).await,
            LookupOutcome::NotAsked => recheck::release(conn, ctx.instance, &due.ids, rest).await,
            LookupOutcome::Failed(fault)
                if fault.gravity == ErrorClass::Permanent && due.attempts >= MAX_BAD =>
            {
                tracing::warn!(cause = ?due.cause, reason = fault.reason, "recheck abandoned");
                recheck::delete(conn, ctx.instance, &due.ids).await
            }
            LookupOutcome::Failed(fault) => {
                for id in &due.ids {
                    recheck::postpone(
                        conn,
                        ctx.instance,
                        *id,
                        fault.back_off(due.attempts),
                        &fault.reason,
                    )
                    .await?;
                }
                Ok(())
            }
        })
        .await
}
