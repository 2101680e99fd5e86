//! The lane of stored events.

use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::batch::{EventOutcome, FinishedEvent, PendingLookup, SubjectId};
use super::batches::{Batches, MergedLookup};
use super::outcome::LookupOutcome;
use super::{KeyedMutex, REQUEUE_DELAY, SHUTDOWN_GRACE, departments};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::domain::queue::LaneName;
use crate::service::employment::{self, Outcome, Trigger, Warrant};
use crate::service::queue::{ClaimBatch, Lane, Pool, Process, Urgency, room};
use crate::store::event::{self, ClaimedEvent, Class};
use crate::store::{Conn, StoreError};
use crate::upstream::{Priority, UpstreamError};

/// Maximum number of events claimed by this process, however many subjects they name.
const MAX_CLAIMED: usize = 500;
/// Maximum number of further events claimed about people who are about to be looked up.
const MAX_RELATED: i64 = 500;

/// Waiting events, and the lookups that they need: one for all events about the same person.
pub struct EventLane {
    ctx: Context,
    locks: Arc<KeyedMutex>,
    stop: CancellationToken,
    batches: Batches,
}

impl EventLane {
    /// Creates the lane without claims; lookups of a person exclude each other by the locks.
    pub fn new(ctx: &Context, locks: &Arc<KeyedMutex>, stop: &CancellationToken) -> Self {
        Self {
            ctx: ctx.clone(),
            locks: Arc::clone(locks),
            stop: stop.clone(),
            batches: Batches::default(),
        }
    }

    fn add(&mut self, claimed: Vec<ClaimedEvent>) -> ClaimBatch<MergedLookup> {
        ClaimBatch {
            count: claimed.len(),
            tasks: self.batches.add(claimed),
            may_be_more: false,
        }
    }
}

impl Lane for EventLane {
    type Task = MergedLookup;
    type Claim = (Class, i64);

    const NAME: LaneName = LaneName::Events;
    /// As many as the calls that may be in flight.
    const CONCURRENCY: usize = 3;
    const SHUTDOWN_GRACE: Duration = SHUTDOWN_GRACE;

    fn process(&self) -> Process<MergedLookup> {
        let (ctx, locks) = (self.ctx.clone(), Arc::clone(&self.locks));
        Box::new(move |merged| {
            Box::pin(look_up(
                ctx.clone(),
                Arc::clone(&locks),
                merged.lookup.clone(),
            ))
        })
    }

    /// Claims the class of events that would be looked up before the waiting ones.
    fn next_claim(&self, pool: &Pool<MergedLookup>) -> Option<(Class, i64)> {
        if self.batches.len() >= MAX_CLAIMED {
            return None;
        }
        let classes = [
            (Class::Retry, Urgency::now(true, true)),
            (Class::Change, Urgency::now(false, true)),
            (Class::Join, Urgency::now(false, false)),
        ];
        classes.into_iter().find_map(|(class, urgency)| {
            let limit = room(pool.ahead_of(urgency))?;
            Some((class, limit))
        })
    }

    async fn claim(
        &mut self,
        (class, limit): (Class, i64),
    ) -> Result<ClaimBatch<MergedLookup>, StoreError> {
        let (db, instance) = (&self.ctx.db, self.ctx.instance);
        let claimed = db
            .read(async |conn| event::claim_batch(conn, instance, class, limit).await)
            .await?;
        Ok(self.add(claimed))
    }

    /// Claims the other events about people who are looked up next. If that fails, they only cost another lookup.
    async fn claim_related(&mut self, next: &[MergedLookup]) -> ClaimBatch<MergedLookup> {
        let subjects = next
            .iter()
            .filter_map(|merged| match &merged.lookup.subject {
                SubjectId::Person(userid) => Some(userid),
                SubjectId::Department(_) => None,
            });
        let people: Vec<&UserId> = subjects.collect();
        if people.is_empty() {
            return ClaimBatch::default();
        }
        let (db, instance) = (&self.ctx.db, self.ctx.instance);
        let claimed =
            db.read(async |conn| event::claim_related(conn, instance, &people, MAX_RELATED).await);
        match claimed.await {
            Ok(claimed) => self.add(claimed),
            Err(error) => {
                tracing::debug!(%error, "no further event about the same people could be claimed");
                ClaimBatch::default()
            }
        }
    }

    async fn finish(
        &mut self,
        merged: MergedLookup,
        outcome: LookupOutcome,
    ) -> Result<(), StoreError> {
        self.batches.record(&merged, &outcome);
        // Lookups that were not started come last, and their events are released together.
        if outcome == LookupOutcome::NotStarted {
            return Ok(());
        }
        self.flush().await
    }

    async fn flush(&mut self) -> Result<(), StoreError> {
        let finished = self.batches.take_finished();
        store(&self.ctx, finished, self.stop.is_cancelled()).await
    }

    async fn renew(&mut self) -> Result<(), StoreError> {
        let (ctx, ids) = (&self.ctx, self.batches.ids());
        ctx.db
            .read(async |conn| event::renew(conn, ctx.instance, &ids).await)
            .await?;
        Ok(())
    }
}

async fn look_up(ctx: Context, locks: Arc<KeyedMutex>, lookup: PendingLookup) -> LookupOutcome {
    let priority = match lookup.urgency {
        Urgency { is_retry: true, .. } => Priority::Retry,
        Urgency {
            is_change: true, ..
        }
        // Beyond its first round, a join event that names many people gets no precedence.
        | Urgency { round: 1.., .. } => Priority::Change,
        Urgency { .. } => Priority::Join,
    };
    match &lookup.subject {
        SubjectId::Person(userid) => {
            let _guard = locks.lock(userid).await;
            refresh_person(&ctx, priority, userid, &lookup.joins)
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
    let (trigger, warrant) = if joins.is_empty() {
        (Trigger::Event, Warrant::None)
    } else {
        (Trigger::Join, Warrant::JoinEvents(joins))
    };
    employment::refresh_person(ctx, priority, userid, trigger, warrant).await
}

/// Stores the outcomes of events.
async fn store(
    ctx: &Context,
    finished: Vec<FinishedEvent>,
    is_stopping: bool,
) -> Result<(), StoreError> {
    if finished.is_empty() {
        return Ok(());
    }
    let ids_of = |outcome: &EventOutcome| -> Vec<i64> {
        let with_outcome = finished.iter().filter(|event| event.outcome == *outcome);
        with_outcome.map(|event| event.id).collect()
    };
    let delay = if is_stopping {
        Duration::ZERO
    } else {
        REQUEUE_DELAY
    };
    ctx.db
        .read(async |conn| {
            event::mark_applied(conn, ctx.instance, &ids_of(&EventOutcome::Applied)).await?;
            for event in finished
                .iter()
                .filter(|event| event.outcome != EventOutcome::Applied)
            {
                if let Some(pending) = &event.pending {
                    event::store_progress(conn, ctx.instance, event.id, pending).await?;
                }
            }
            event::release(conn, ctx.instance, &ids_of(&EventOutcome::Released), delay).await?;
            for event in &finished {
                store_failure(conn, ctx, event).await?;
            }
            Ok(())
        })
        .await
}

async fn store_failure(
    conn: &mut Conn,
    ctx: &Context,
    event: &FinishedEvent,
) -> Result<(), StoreError> {
    let (id, attempts) = (event.id, event.attempts);
    match &event.outcome {
        EventOutcome::Retry(error) => {
            let (delay, reason) = (error.back_off(attempts), &error.reason);
            tracing::debug!(id, attempts, reason, "an event will be tried again");
            let is_outage = error.is_outage();
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
