//! Stores received events, those that arrive at the same time in one transaction (natural batching: nobody waits for
//! a batch to fill, and while a commit is in progress the next batch gathers).
//!
//! An event is acknowledged only if the commit that stored it has succeeded. Everything else is an error, after which
//! DingTalk sends the event again: a commit with an unknown outcome, too, because the repeat is recognised if the
//! event was stored after all.

mod batch;

use std::sync::Arc;
use std::time::{Duration, Instant};

use futures_util::StreamExt as _;
use futures_util::stream;
use tokio::sync::oneshot;

use super::initial_state::initial_state;
use crate::context::Context;
use crate::context::inbox::{CommitSlot, Lane, WaitingEvent};
use crate::domain::event::{Event, Kind};
use crate::domain::queue::LaneName;
use crate::store::StoreError;
use crate::store::db::{Share, with_share};
use crate::store::event::NewEvent;
use batch::Outcome;

/// DingTalk waits 1.5 s, and repeats a callback that was answered with an error.
const STORE_TIMEOUT: Duration = Duration::from_millis(700);

/// People who leave by an event that shares a commit: one that names more is stored alone, so that a batch never locks
/// and terminates more people than its deadline allows.
const MAX_LEAVERS: usize = 16;

/// Transactions in progress for events that are stored one by one.
const ALONE_AT_ONCE: usize = 8;

/// Returns once the event is stored; a leave event has then terminated employment and sessions. `size` is the length
/// of its callback.
pub(super) async fn store(ctx: &Context, event: Event, size: usize) -> Result<(), StoreError> {
    let deadline = Instant::now() + STORE_TIMEOUT;
    let lane = lane_of(ctx, &event);
    let event = Arc::new(NewEvent {
        arrival: initial_state(&event),
        event,
    });
    if event.event.userids.len() > MAX_LEAVERS && event.event.kind == Kind::UserLeft {
        return store_alone(ctx, &event, deadline).await;
    }
    let (answer, answered) = oneshot::channel();
    let waiting = WaitingEvent {
        event: Arc::clone(&event),
        size,
        deadline,
        answer,
    };
    let Ok(slot) = lane.join(waiting) else {
        return Err(StoreError::Unavailable(None));
    };
    if let Some(slot) = slot {
        // A task of its own: a batch must not end with the request that happens to start it.
        tokio::spawn(commit_batches(ctx.clone(), slot));
    }
    match tokio::time::timeout_at(deadline.into(), answered).await {
        Ok(Ok(result)) => result,
        // The committer has panicked, or its thread has ended because the process stops. Whether it has stored the
        // event is unknown; if it has, this one is a repeat.
        Ok(Err(_)) => store_alone(ctx, &event, deadline).await,
        // The event may still be stored. This answer does not say so.
        Err(_) => Err(StoreError::Unavailable(None)),
    }
}

fn lane_of<'a>(ctx: &'a Context, event: &Event) -> &'a Arc<Lane> {
    match event.kind {
        Kind::UserLeft => &ctx.inbox.leaves,
        _ => &ctx.inbox.others,
    }
}

async fn commit_batches(ctx: Context, mut slot: CommitSlot) {
    while let Some(batch) = slot.next_batch() {
        with_share(Share::Callbacks, commit(&ctx, batch)).await;
    }
}

/// Stores a batch in one transaction and answers its requests. What cannot be stored together is stored one by one.
async fn commit(ctx: &Context, batch: Vec<WaitingEvent>) {
    let events: Vec<&NewEvent> = batch.iter().map(|waiting| &*waiting.event).collect();
    // The requests that came first stop waiting by themselves, so the last one determines the limit.
    let deadline = batch.iter().map(|waiting| waiting.deadline).max();
    let limit = time_left(deadline.unwrap_or_else(Instant::now));
    let stored = ctx
        .db
        .tx_within(limit, async |tx| batch::store(tx, &events).await)
        .await;
    match stored {
        Ok(outcomes) => {
            if outcomes.contains(&Outcome::Waits) {
                ctx.work.announce(LaneName::Events);
            }
            answer(ctx, batch, &outcomes);
        }
        // One event can be at fault for all of them, or wait for a lock, which must not hold up the lane.
        Err(error) if error.is_caused_by_statement() => {
            tracing::warn!(%error, events = batch.len(), "events are stored one by one");
            store_one_by_one(ctx, batch);
        }
        Err(error) => refuse(batch, error),
    }
}

/// Answers the requests of a committed batch. Repeats of parked events are stored one by one: they lock the parked row
/// before its people, as a release does, and a batch locks people once for all.
fn answer(ctx: &Context, batch: Vec<WaitingEvent>, outcomes: &[Outcome]) {
    let mut repeats = Vec::new();
    for (waiting, outcome) in batch.into_iter().zip(outcomes) {
        match outcome {
            Outcome::RepeatsParked => repeats.push(waiting),
            Outcome::Waits | Outcome::Stored => send(waiting, Ok(())),
        }
    }
    if !repeats.is_empty() {
        store_one_by_one(ctx, repeats);
    }
}

/// Answers the requests of a batch that was not stored, or whose commit has an unknown outcome.
fn refuse(batch: Vec<WaitingEvent>, error: StoreError) {
    let mut error = Some(error);
    for waiting in batch {
        // The first one carries the cause to the log.
        let error = error.take().unwrap_or(StoreError::Unavailable(None));
        send(waiting, Err(error));
    }
}

/// Stores events each in its own transaction, in a task of their own: the next batch does not wait for them.
fn store_one_by_one(ctx: &Context, batch: Vec<WaitingEvent>) {
    let ctx = ctx.clone();
    tokio::spawn(async move {
        stream::iter(batch)
            .for_each_concurrent(ALONE_AT_ONCE, async |waiting| {
                let stored = store_alone(&ctx, &waiting.event, waiting.deadline);
                let result = with_share(Share::Callbacks, stored).await;
                send(waiting, result);
            })
            .await;
    });
}

async fn store_alone(ctx: &Context, event: &NewEvent, deadline: Instant) -> Result<(), StoreError> {
    ctx.db
        .tx_within(time_left(deadline), async |tx| {
            batch::store_alone(tx, event).await
        })
        .await?;
    ctx.work.announce(LaneName::Events);
    Ok(())
}

fn send(waiting: WaitingEvent, result: Result<(), StoreError>) {
    // The request may have stopped waiting.
    let _abandoned = waiting.answer.send(result);
}

fn time_left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}
