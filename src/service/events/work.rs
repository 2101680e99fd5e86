//! The work on stored events.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::answer::Answer;
use super::asking::{Asking, Lookup as _, Urgency};
use super::batch::{About, End, Ended, Question};
use super::batches::{Batches, Wanted};
use super::claiming::{Timer, room};
use super::{Busy, HEARTBEAT, REST, departments, last_moments};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::employment::{self, Outcome, Trigger};
use crate::service::upstream::{Priority, UpstreamError};
use crate::store::event::{self, Claimed, Class};
use crate::store::{Conn, StoreError};

/// How many events this process has claimed at most, whatever they name.
const MOST_CLAIMED: usize = 500;
/// How many events about people who are about to be looked up are claimed with them.
const MOST_ABOUT: i64 = 500;
/// As many calls as may be in flight.
const AT_ONCE: usize = 3;

/// Works on due events until there are none and all answers are in; gives how many there were. Once
/// `stop` is cancelled nothing new is asked, what is in flight is finished, and the rest is given back.
pub async fn work(
    ctx: &Context,
    busy: &Arc<Busy>,
    stop: &CancellationToken,
) -> Result<usize, StoreError> {
    let mut batches = Batches::default();
    let mut asking = Asking::new(AT_ONCE, stop, {
        let (ctx, busy) = (ctx.clone(), Arc::clone(busy));
        move |wanted: &Wanted| {
            Box::pin(ask(ctx.clone(), Arc::clone(&busy), wanted.question.clone())) as _
        }
    });
    let began = Instant::now();
    let mut count = pick_up(ctx, &mut batches, &mut asking).await?;
    if count == 0 {
        return Ok(0);
    }
    let mut timer = Timer::after(began);
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    settle(ctx, batches.take_ended(), stop).await?;
    let mut last_moments = pin!(last_moments(stop));
    loop {
        count += start_next(ctx, &mut batches, &mut asking).await;
        tokio::select! {
            answer = asking.next() => {
                let Some((wanted, answer)) = answer else { break };
                batches.note(&wanted, &answer);
                // What was not asked comes last, and is put back together.
                if answer != Answer::NotAsked {
                    settle(ctx, batches.take_ended(), stop).await?;
                }
            }
            () = timer.wait(Some(&ctx.work)), if next_claim(&asking, &batches).is_some() => {
                let began = Instant::now();
                match pick_up(ctx, &mut batches, &mut asking).await {
                    Ok(picked_up) => count += picked_up,
                    Err(error) => tracing::debug!(%error, "no further event could be claimed"),
                }
                timer = Timer::after(began);
                settle(ctx, batches.take_ended(), stop).await?;
            }
            _ = heartbeat.tick() => renew(ctx, &batches.ids()).await,
            () = &mut last_moments => return Ok(count),
        }
    }
    settle(ctx, batches.take_ended(), stop).await?;
    Ok(count)
}

/// Returns which events are claimed next, and how many: those that would be looked up before what waits already.
fn next_claim(asking: &Asking<Wanted>, batches: &Batches) -> Option<(Class, i64)> {
    if asking.has_given_up() || batches.len() >= MOST_CLAIMED {
        return None;
    }
    let classes = [
        (Class::Retry, Urgency::now(true, true)),
        (Class::Change, Urgency::now(false, true)),
        (Class::Join, Urgency::now(false, false)),
    ];
    classes.into_iter().find_map(|(class, urgency)| {
        let limit = room(asking.ahead_of(urgency))?;
        Some((class, limit))
    })
}

/// Claims further events; returns how many.
async fn pick_up(
    ctx: &Context,
    batches: &mut Batches,
    asking: &mut Asking<Wanted>,
) -> Result<usize, StoreError> {
    let Some((class, limit)) = next_claim(asking, batches) else {
        return Ok(0);
    };
    let claimed = ctx
        .db
        .read(async |conn| event::claim_batch(conn, ctx.instance, class, limit).await)
        .await?;
    let count = claimed.len();
    asking.add(batches.add(claimed));
    Ok(count)
}

/// Begins as many lookups as there are free places, each for all events about its person that are stored by now; returns
/// how many further events that were.
async fn start_next(ctx: &Context, batches: &mut Batches, asking: &mut Asking<Wanted>) -> usize {
    let mut next = asking.take_next();
    let others = claim_about(ctx, &next).await;
    let count = others.len();
    for wanted in batches.add(others) {
        let subject = wanted.subject();
        match next.iter_mut().find(|next| next.subject() == subject) {
            Some(next) => next.merge(wanted),
            None => asking.add([wanted]),
        }
    }
    for wanted in next {
        asking.start(wanted);
    }
    count
}

/// Claims the other events about those who are looked up next. Where that fails they only cost another lookup.
async fn claim_about(ctx: &Context, next: &[Wanted]) -> Vec<Claimed> {
    let people: Vec<&UserId> = next
        .iter()
        .filter_map(|wanted| match &wanted.question.about {
            About::Person(userid) => Some(userid),
            About::Department(_) => None,
        })
        .collect();
    if people.is_empty() {
        return Vec::new();
    }
    let claimed = ctx
        .db
        .read(async |conn| event::claim_about(conn, ctx.instance, &people, MOST_ABOUT).await);
    claimed.await.unwrap_or_else(|error| {
        tracing::debug!(%error, "no further event about the same people could be claimed");
        Vec::new()
    })
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
    let priority = match question.urgency {
        Urgency { is_retry: true, .. } => Priority::Retry,
        Urgency {
            is_change: true, ..
        }
        // Beyond its share of one round a join event that names many goes before nobody.
        | Urgency { round: 1.., .. } => Priority::Change,
        Urgency { .. } => Priority::Join,
    };
    match &question.about {
        About::Person(userid) => {
            let _alone = busy.enter(userid).await;
            look_at_person(&ctx, priority, userid, &question.joins)
                .await
                .into()
        }
        About::Department(dept_id) => departments::look(&ctx, priority, *dept_id).await.into(),
    }
}

async fn look_at_person(
    ctx: &Context,
    priority: Priority,
    userid: &UserId,
    joins: &[i64],
) -> Result<Outcome, UpstreamError> {
    let trigger = if joins.is_empty() {
        Trigger::Event
    } else {
        Trigger::Join
    };
    employment::look(ctx, priority, userid, trigger, joins).await
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
            for event in ended.iter().filter(|event| event.end != End::Applied) {
                if let Some(pending) = &event.pending {
                    event::keep_progress(conn, ctx.instance, event.id, pending).await?;
                }
            }
            event::release(conn, ctx.instance, &ids_of(&End::PutBack), rest).await?;
            for event in &ended {
                settle_failure(conn, ctx, event).await?;
            }
            Ok(())
        })
        .await
}

async fn settle_failure(conn: &mut Conn, ctx: &Context, event: &Ended) -> Result<(), StoreError> {
    let (id, attempts) = (event.id, event.attempts);
    match &event.end {
        End::Retry(fault) => {
            let (delay, reason) = (fault.back_off(attempts), &fault.reason);
            tracing::debug!(id, attempts, reason, "an event will be tried again");
            let is_outage = fault.is_outage();
            event::mark_retry(
                conn,
                ctx.instance,
                id,
                delay,
                reason,
                event.is_refusal,
                is_outage,
            )
            .await
        }
        End::Failed(reason) => {
            tracing::warn!(
                id,
                attempts,
                reason,
                "an event has failed and waits for an administrator"
            );
            event::mark_failed(conn, ctx.instance, id, reason).await
        }
        End::Applied | End::PutBack => Ok(()),
    }
}
