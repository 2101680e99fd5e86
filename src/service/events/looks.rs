//! The looks at people that are due at a time.

use std::collections::BTreeMap;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Gravity, back_off};
use super::asking::Asking;
use super::{Busy, HEARTBEAT, REST, last_moments};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::employment::{self, Trigger};
use crate::service::upstream::Priority;
use crate::store::StoreError;
use crate::store::look::{self, Cause, Claimed};

const BATCH: i64 = 50;
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
}

/// Works on one batch of due looks; gives how many people they are about. `stop` as with events.
pub async fn work_due_looks(
    ctx: &Context,
    busy: &Arc<Busy>,
    stop: &CancellationToken,
) -> Result<usize, StoreError> {
    let due = by_person(claim(ctx).await?);
    let count = due.len();
    if count == 0 {
        return Ok(0);
    }
    let mut open: BTreeMap<UserId, Vec<i64>> = due
        .iter()
        .map(|due| (due.userid.clone(), due.ids.clone()))
        .collect();
    let is_same = |one: &Due, other: &Due| one.userid == other.userid;
    let mut asking = Asking::new(due, AT_ONCE, stop, is_same, |due| {
        ask(ctx.clone(), Arc::clone(busy), due.clone())
    });
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let mut last_moments = pin!(last_moments(stop));
    loop {
        tokio::select! {
            answer = asking.next() => {
                let Some((due, answer)) = answer else { return Ok(count) };
                open.remove(&due.userid);
                settle(ctx, &due, answer, stop).await?;
            }
            _ = heartbeat.tick() => renew(ctx, &open.values().flatten().copied().collect::<Vec<_>>()).await,
            () = &mut last_moments => return Ok(count),
        }
    }
}

fn by_person(claimed: Vec<Claimed>) -> Vec<Due> {
    let mut people: BTreeMap<UserId, Due> = BTreeMap::new();
    for look in claimed {
        let due = people.entry(look.userid.clone()).or_insert_with(|| Due {
            userid: look.userid,
            ids: Vec::new(),
            cause: look.cause,
            attempts: 0,
        });
        due.ids.push(look.id);
        due.cause = due.cause.max(look.cause);
        due.attempts = due.attempts.max(look.attempts);
    }
    people.into_values().collect()
}

async fn claim(ctx: &Context) -> Result<Vec<Claimed>, StoreError> {
    ctx.db
        .read(async |conn| look::claim_batch(conn, ctx.instance, BATCH).await)
        .await
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
    let (priority, trigger) = match due.cause {
        Cause::Leaving => (Priority::Look, Trigger::Leaving),
        Cause::Join => (Priority::Join, Trigger::LateJoin),
        Cause::Login => (Priority::Look, Trigger::Login),
    };
    let _alone = busy.enter(&due.userid).await;
    Answer::from(
        employment::look(&ctx, priority, &due.userid, trigger, &due.ids)
            .await
            .map(drop),
    )
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
                        look::put_off(conn, ctx.instance, *id, back_off(due.attempts), &fault.reason).await?;
                    }
                    Ok(())
                }
            }
        })
        .await
}
