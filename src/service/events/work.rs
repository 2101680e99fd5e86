//! The work on stored events.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, back_off};
use super::asking::Asking;
use super::batch::{About, End, Ended, Question};
use super::batches::{Batches, Wanted};
use super::{Busy, HEARTBEAT, REST, departments, last_moments};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::employment::{self, Trigger};
use crate::service::upstream::{Priority, UpstreamError};
use crate::store::StoreError;
use crate::store::event::{self, Claimed};

/// How many events are claimed together: many, so that a storm about a few people becomes a few
/// questions, of which DingTalk takes no more than 18 a second.
const BATCH: i64 = 500;
/// After so many attempts, some two minutes, an event no longer comes first.
const STUBBORN: i32 = 12;
/// As many questions as DingTalk takes in two seconds.
const STUBBORN_BATCH: i64 = 36;
/// As many calls as may be in flight.
const AT_ONCE: usize = 3;

/// How often a free place looks for an event that has become due, unless it is told of one.
const POLL: Duration = Duration::from_millis(300);

/// Works on due events until there are none and all answers are in; gives how many there were. Once
/// `stop` is cancelled nothing new is asked, what is in flight is finished, and the rest is given back.
pub async fn work(
    ctx: &Context,
    busy: &Arc<Busy>,
    stop: &CancellationToken,
) -> Result<usize, StoreError> {
    let claimed = claim(ctx).await?;
    let mut count = claimed.len();
    if count == 0 {
        return Ok(0);
    }
    let mut batches = Batches::default();
    let questions = batches.add(claimed);
    let mut asking = Asking::new(questions, AT_ONCE, stop, Wanted::is_same, |wanted| {
        ask(ctx.clone(), Arc::clone(busy), wanted.question.clone())
    });
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    settle(ctx, batches.take_ended(), stop).await?;
    let mut last_moments = pin!(last_moments(stop));
    loop {
        let has_room = asking.fill();
        tokio::select! {
            answer = asking.next() => {
                let Some((wanted, answer)) = answer else { break };
                batches.note(&wanted, &answer);
                // What was not asked comes last, and is put back together.
                if answer != Answer::NotAsked {
                    settle(ctx, batches.take_ended(), stop).await?;
                }
            }
            () = something_new(ctx), if has_room => match claim(ctx).await {
                Ok(claimed) => {
                    count += claimed.len();
                    asking.add(batches.add(claimed), Wanted::take_up);
                    settle(ctx, batches.take_ended(), stop).await?;
                }
                Err(error) => tracing::debug!(%error, "no further event could be claimed"),
            },
            _ = heartbeat.tick() => renew(ctx, &batches.ids()).await,
            () = &mut last_moments => return Ok(count),
        }
    }
    settle(ctx, batches.take_ended(), stop).await?;
    Ok(count)
}

/// A slow answer keeps its own place and no other.
async fn something_new(ctx: &Context) {
    tokio::select! {
        () = ctx.work.notified() => {}
        () = tokio::time::sleep(POLL) => {}
    }
}

/// Takes up due events: those that have failed again and again only where there are no others, and not so
/// many that others would have to wait for long.
async fn claim(ctx: &Context) -> Result<Vec<Claimed>, StoreError> {
    ctx.db
        .read(async |conn| {
            let fresh = event::claim_batch(conn, ctx.instance, 0..STUBBORN, BATCH).await?;
            if !fresh.is_empty() {
                return Ok(fresh);
            }
            let stubborn = STUBBORN..i32::MAX;
            event::claim_batch(conn, ctx.instance, stubborn, STUBBORN_BATCH).await
        })
        .await
}

/// A heartbeat that fails costs nothing but, at worst, work done twice.
async fn renew(ctx: &Context, ids: &[i64]) {
    let renewed = ctx
        .db
        .read(async |conn| event::renew(conn, ctx.instance, ids).await);
    if let Err(error) = renewed.await {
        tracing::warn!(%error, "claims on events could not be renewed");
    }
}

async fn ask(ctx: Context, busy: Arc<Busy>, question: Question) -> Answer {
    let result = match &question.about {
        About::Person(userid) => {
            let _alone = busy.enter(userid).await;
            look_at_person(&ctx, userid, &question.joins).await
        }
        About::Department(dept_id) => departments::look(&ctx, *dept_id).await,
    };
    Answer::from(result)
}

async fn look_at_person(
    ctx: &Context,
    userid: &UserId,
    joins: &[i64],
) -> Result<(), UpstreamError> {
    let trigger = if joins.is_empty() {
        Trigger::Event
    } else {
        Trigger::Join
    };
    employment::look(ctx, Priority::Join, userid, trigger, joins)
        .await
        .map(drop)
}

/// Writes down how events ended.
async fn settle(
    ctx: &Context,
    ended: Vec<Ended>,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    if ended.is_empty() {
        return Ok(());
    }
    let ids_of = |wanted: &End| -> Vec<i64> {
        ended
            .iter()
            .filter(|event| event.end == *wanted)
            .map(|event| event.id)
            .collect()
    };
    let rest = if stop.is_cancelled() {
        Duration::ZERO
    } else {
        REST
    };
    ctx.db
        .read(async |conn| {
            event::mark_applied(conn, ctx.instance, &ids_of(&End::Applied)).await?;
            event::release(conn, ctx.instance, &ids_of(&End::PutBack), rest).await?;
            for Ended {
                id,
                attempts,
                is_refusal,
                end,
            } in &ended
            {
                match end {
                    End::Retry(reason) => {
                        tracing::debug!(id, attempts, reason, "an event will be tried again");
                        event::mark_retry(
                            conn,
                            ctx.instance,
                            *id,
                            back_off(*attempts),
                            reason,
                            *is_refusal,
                        )
                        .await?;
                    }
                    End::Failed(reason) => {
                        tracing::warn!(
                            id,
                            attempts,
                            reason,
                            "an event has failed and waits for an administrator"
                        );
                        event::mark_failed(conn, ctx.instance, *id, reason).await?;
                    }
                    End::Applied | End::PutBack => {}
                }
            }
            Ok(())
        })
        .await
}
