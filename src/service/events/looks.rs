//! The looks at people that are due at a time.

use std::collections::BTreeSet;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Gravity};
use super::asking::{Asking, Lookup, Urgency};
use super::claiming::{Timer, room};
use super::{Busy, HEARTBEAT, REST, last_moments};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::employment::{self, Trigger};
use crate::service::upstream::Priority;
use crate::store::StoreError;
use crate::store::look::{self, Cause, Claimed};

/// One fewer than may be in flight, so that looks never keep a login waiting.
const AT_ONCE: usize = 2;
/// How often an answer about a person may be unreadable; refusals and outages are waited out.
const MAX_BAD: i32 = 20;

/// All that is due about one person, which one answer settles.
#[derive(Clone)]
struct Due {
    userid: UserId,
    ids: Vec<i64>,
    cause: Cause,
    attempts: i32,
    is_retry: bool,
}

impl Lookup for Due {
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

/// Works on due looks until there are none; gives how many there were. `stop` as with events.
pub async fn work_due_looks(
    ctx: &Context,
    busy: &Arc<Busy>,
    stop: &CancellationToken,
) -> Result<usize, StoreError> {
    let mut asking = Asking::new(AT_ONCE, stop, {
        let (ctx, busy) = (ctx.clone(), Arc::clone(busy));
        move |due: &Due| Box::pin(ask(ctx.clone(), Arc::clone(&busy), due.clone())) as _
    });
    let mut open = BTreeSet::new();
    let began = Instant::now();
    let mut count = pick_up(ctx, &mut asking, &mut open).await?;
    if count == 0 {
        return Ok(0);
    }
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let mut timer = Timer::after(began);
    let mut last_moments = pin!(last_moments(stop));
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
                settle(ctx, &due, answer, stop).await?;
            }
            () = timer.wait(None), if !asking.has_given_up() => {
                let began = Instant::now();
                match pick_up(ctx, &mut asking, &mut open).await {
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

/// Claims due looks, first tries before retries, where not enough wait already; gives how many.
async fn pick_up(
    ctx: &Context,
    asking: &mut Asking<Due>,
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
        .read(async |conn| look::claim_batch(conn, ctx.instance, with_retries, limit).await)
        .await?;
    open.extend(claimed.iter().map(|look| look.id));
    let count = claimed.len();
    asking.add(claimed.into_iter().map(Due::from));
    Ok(count)
}

impl From<Claimed> for Due {
    fn from(look: Claimed) -> Self {
        Self {
            userid: look.userid,
            ids: vec![look.id],
            cause: look.cause,
            attempts: look.attempts,
            is_retry: look.is_retry,
        }
    }
}

async fn renew(ctx: &Context, ids: &[i64]) {
    let renewed = ctx
        .db
        .read(async |conn| look::renew(conn, ctx.instance, ids).await);
    if let Err(error) = renewed.await {
        tracing::warn!(%error, "claims on looks could not be renewed");
    }
}

async fn ask(ctx: Context, busy: Arc<Busy>, due: Due) -> Answer {
    let trigger = match due.cause {
        Cause::Leaving => Trigger::Leaving,
        Cause::Join => Trigger::LateJoin,
        Cause::Login => Trigger::Login,
    };
    let priority = if due.is_retry {
        Priority::Retry
    } else {
        Priority::Look
    };
    let _alone = busy.enter(&due.userid).await;
    Answer::from(employment::look(&ctx, priority, &due.userid, trigger, &due.ids).await)
}

async fn settle(
    ctx: &Context,
    due: &Due,
    answer: Answer,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    let rest = if stop.is_cancelled() {
        Duration::ZERO
    } else {
        REST
    };
    ctx.db.read(async |conn| {
            match answer {
                Answer::Done => look::delete(conn, ctx.instance, &due.ids).await,
                Answer::NotAsked => look::release(conn, ctx.instance, &due.ids, rest).await,
                Answer::Failed(fault) if fault.gravity == Gravity::Bad && due.attempts >= MAX_BAD => {
                    tracing::warn!(cause = ?due.cause, reason = fault.reason, "a look at a person is given up");
                    look::delete(conn, ctx.instance, &due.ids).await
                }
                Answer::Failed(fault) => {
                    for id in &due.ids {
                        look::put_off(conn, ctx.instance, *id, fault.back_off(due.attempts), &fault.reason).await?;
                    }
                    Ok(())
                }
            }
        })
        .await
}
