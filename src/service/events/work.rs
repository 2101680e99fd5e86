//! Processes stored events.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use super::batch::{EventOutcome, FinishedEvent, PendingLookup, SubjectId};
use super::batches::{Batches, MergedLookup};
use super::claiming::{Timer, room};
use super::lookup_pool::{LookupPool, LookupTask as _, Urgency};
use super::outcome::LookupOutcome;
use super::{HEARTBEAT, KeyedMutex, REQUEUE_DELAY, departments, shutdown_grace};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::employment::{self, Outcome, Trigger};
use crate::store::event::{self, ClaimedEvent, Class};
use crate::store::{Conn, StoreError};
use crate::upstream::{Priority, UpstreamError};

/// Maximum number of events claimed by this process, however many subjects they name.
const MOST_CLAIMED: usize = 500;
/// Maximum number of further events claimed about people who are about to be looked up.
const MOST_ABOUT: i64 = 500;
/// As many as the calls that may be in flight.
const AT_ONCE: usize = 3;

/// Processes due events until there are none left and all lookups are answered; returns how many events there were.
/// Once `stop` is cancelled no new lookups are made, those in flight are finished, and the rest is released.
pub async fn work(
    ctx: &Context,
    busy: &Arc<KeyedMutex>,
    stop: &CancellationToken,
) -> Result<usize, StoreError> {
    let mut batches = Batches::default();
    let mut asking = LookupPool::new(AT_ONCE, stop, {
        let (ctx, busy) = (ctx.clone(), Arc::clone(busy));
        move |wanted: &MergedLookup| {
            Box::pin(look_up(
                ctx.clone(),
                Arc::clone(&busy),
                wanted.question.clone(),
            )) as _
        }
    });
    let began = Instant::now();
    let mut count = claim(ctx, &mut batches, &mut asking).await?;
    if count == 0 {
        return Ok(0);
    }
    let mut timer = Timer::after(began);
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    finish(ctx, batches.take_finished(), stop).await?;
    let mut last_moments = pin!(shutdown_grace(stop));
    loop {
        count += start_next(ctx, &mut batches, &mut asking).await;
        tokio::select! {
            answer = asking.next() => {
                let Some((wanted, answer)) = answer else { break };
                batches.record(&wanted, &answer);
                // Lookups that were not made come last, and their events are released together.
                if answer != LookupOutcome::NotAsked {
                    finish(ctx, batches.take_finished(), stop).await?;
                }
            }
            () = timer.wait(Some(&ctx.work)), if next_claim(&asking, &batches).is_some() => {
                let began = Instant::now();
                match claim(ctx, &mut batches, &mut asking).await {
                    Ok(picked_up) => count += picked_up,
                    Err(error) => tracing::debug!(%error, "no further event could be claimed"),
                }
                timer = Timer::after(began);
                finish(ctx, batches.take_finished(), stop).await?;
            }
            _ = heartbeat.tick() => renew(ctx, &batches.ids()).await,
            () = &mut last_moments => return Ok(count),
        }
    }
    finish(ctx, batches.take_finished(), stop).await?;
    Ok(count)
}

/// Returns which class of events is claimed next, and how many: those that would be looked up before the waiting
/// ones.
fn next_claim(asking: &LookupPool<MergedLookup>, batches: &Batches) -> Option<(Class, i64)> {
    if asking.has_stopped() || batches.len() >= MOST_CLAIMED {
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
async fn claim(
    ctx: &Context,
    batches: &mut Batches,
    asking: &mut LookupPool<MergedLookup>,
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

/// Starts as many lookups as there are free places, each for all events about its person stored so far; returns how
/// many further events that claimed.
async fn start_next(
    ctx: &Context,
    batches: &mut Batches,
    asking: &mut LookupPool<MergedLookup>,
) -> usize {
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

/// Claims the other events about people who are looked up next. If that fails, they only cost another lookup.
async fn claim_about(ctx: &Context, next: &[MergedLookup]) -> Vec<ClaimedEvent> {
    let people: Vec<&UserId> = next
        .iter()
        .filter_map(|wanted| match &wanted.question.about {
            SubjectId::Person(userid) => Some(userid),
            SubjectId::Department(_) => None,
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

/// A failed heartbeat at worst causes work to be done twice.
async fn renew(ctx: &Context, ids: &[i64]) {
    let renewed = ctx
        .db
        .read(async |conn| event::renew(conn, ctx.instance, ids).await);
    if let Err(error) = renewed.await {
        tracing::warn!(%error, "could not renew event leases");
    }
}

async fn look_up(ctx: Context, busy: Arc<KeyedMutex>, question: PendingLookup) -> LookupOutcome {
    let priority = match question.urgency {
        Urgency { is_retry: true, .. } => Priority::Retry,
        Urgency {
            is_change: true, ..
        }
        // Beyond its first round, a join event that names many people gets no precedence.
        | Urgency { round: 1.., .. } => Priority::Change,
        Urgency { .. } => Priority::Join,
    };
    match &question.about {
        SubjectId::Person(userid) => {
            let _alone = busy.lock(userid).await;
            refresh_person(&ctx, priority, userid, &question.joins)
                .await
                .into()
        }
        SubjectId::Department(dept_id) => departments::refresh_department(&ctx, priority, *dept_id)
            .await
            .into(),
    }
}

async fn refresh_person(
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
    employment::refresh_person(ctx, priority, userid, trigger, joins).await
}

/// Stores the outcomes of events.
async fn finish(
    ctx: &Context,
    ended: Vec<FinishedEvent>,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    if ended.is_empty() {
        return Ok(());
    }
    let ids_of = |wanted: &EventOutcome| -> Vec<i64> {
        ended
            .iter()
            .filter(|event| event.end == *wanted)
            .map(|event| event.id)
            .collect()
    };
    let rest = if stop.is_cancelled() {
        Duration::ZERO
    } else {
        REQUEUE_DELAY
    };
    ctx.db
        .read(async |conn| {
            event::mark_applied(conn, ctx.instance, &ids_of(&EventOutcome::Applied)).await?;
            for event in ended
                .iter()
                .filter(|event| event.end != EventOutcome::Applied)
            {
                if let Some(pending) = &event.pending {
                    event::keep_progress(conn, ctx.instance, event.id, pending).await?;
                }
            }
            event::release(conn, ctx.instance, &ids_of(&EventOutcome::Released), rest).await?;
            for event in &ended {
                finish_failed(conn, ctx, event).await?;
            }
            Ok(())
        })
        .await
}

async fn finish_failed(
    conn: &mut Conn,
    ctx: &Context,
    event: &FinishedEvent,
) -> Result<(), StoreError> {
    let (id, attempts) = (event.id, event.attempts);
    match &event.end {
        EventOutcome::Retry(fault) => {
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
        EventOutcome::Failed(reason) => {
            tracing::warn!(id, attempts, reason, "event processing failed permanently");
            event::mark_failed(conn, ctx.instance, id, reason).await
        }
        EventOutcome::Applied | EventOutcome::Released => Ok(()),
    }
}
