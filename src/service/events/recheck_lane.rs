//! The lane of due rechecks of people.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::outcome::{ErrorClass, LookupError, LookupOutcome};
use super::{KeyedMutex, REQUEUE_DELAY, SHUTDOWN_GRACE};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::domain::queue::LaneName;
use crate::service::employment::{self, Trigger, Warrant};
use crate::service::queue::{ClaimBatch, Lane, Pool, Process, Task, Urgency, room};
use crate::store::StoreError;
use crate::store::recheck::{self, ClaimedRecheck, RecheckReason};
use crate::upstream::Priority;

/// Maximum number of unreadable answers about a person; rejections and outages are retried without limit.
const MAX_UNREADABLE: i32 = 20;

/// The due recheck of one person.
#[derive(Clone)]
pub struct DueRecheck(ClaimedRecheck);

impl Task for DueRecheck {
    type Subject = UserId;
    type Error = LookupError;

    fn subject(&self) -> UserId {
        self.0.userid.clone()
    }

    fn urgency(&self) -> Urgency {
        Urgency::now(self.0.is_retry, true)
    }

    /// The later claim holds: the lease of the other one had expired.
    fn merge(&mut self, other: Self) {
        *self = other;
    }
}

/// Due rechecks.
pub struct RecheckLane {
    ctx: Context,
    locks: Arc<KeyedMutex>,
    stop: CancellationToken,
    claimed: BTreeSet<i64>,
}

impl RecheckLane {
    /// Creates the lane without claims; lookups of a person exclude each other by the locks.
    pub fn new(ctx: &Context, locks: &Arc<KeyedMutex>, stop: &CancellationToken) -> Self {
        Self {
            ctx: ctx.clone(),
            locks: Arc::clone(locks),
            stop: stop.clone(),
            claimed: BTreeSet::new(),
        }
    }
}

impl Lane for RecheckLane {
    type Task = DueRecheck;
    /// Whether retries are claimed too, and how many rechecks.
    type Claim = (bool, i64);

    const NAME: LaneName = LaneName::Rechecks;
    /// One fewer than the calls that may be in flight, so that rechecks never delay a login.
    const CONCURRENCY: usize = 2;
    const SHUTDOWN_GRACE: Duration = SHUTDOWN_GRACE;

    fn process(&self) -> Process<DueRecheck> {
        let (ctx, locks) = (self.ctx.clone(), Arc::clone(&self.locks));
        Box::new(move |due| Box::pin(look_up(ctx.clone(), Arc::clone(&locks), due.clone())))
    }

    /// First attempts come before retries.
    fn next_claim(&self, pool: &Pool<DueRecheck>) -> Option<(bool, i64)> {
        let with_retries = [true, false].into_iter();
        let mut claims = with_retries.filter_map(|with_retries| {
            let limit = room(pool.ahead_of(Urgency::now(with_retries, true)))?;
            Some((with_retries, limit))
        });
        claims.next()
    }

    async fn claim(
        &mut self,
        (with_retries, limit): (bool, i64),
    ) -> Result<ClaimBatch<DueRecheck>, StoreError> {
        let (db, instance) = (&self.ctx.db, self.ctx.instance);
        let claimed = db
            .read(async |conn| recheck::claim_batch(conn, instance, with_retries, limit).await)
            .await?;
        self.claimed
            .extend(claimed.iter().map(|recheck| recheck.claim.id));
        Ok(ClaimBatch {
            count: claimed.len(),
            tasks: claimed.into_iter().map(DueRecheck).collect(),
            may_be_more: false,
        })
    }

    async fn finish(&mut self, due: DueRecheck, outcome: LookupOutcome) -> Result<(), StoreError> {
        self.claimed.remove(&due.0.claim.id);
        store(&self.ctx, &due.0, outcome, self.stop.is_cancelled()).await
    }

    async fn renew(&mut self) -> Result<(), StoreError> {
        let ctx = &self.ctx;
        let ids: Vec<i64> = self.claimed.iter().copied().collect();
        ctx.db
            .read(async |conn| recheck::renew(conn, ctx.instance, &ids).await)
            .await?;
        Ok(())
    }
}

async fn look_up(
    ctx: Context,
    locks: Arc<KeyedMutex>,
    DueRecheck(due): DueRecheck,
) -> LookupOutcome {
    let claim = Warrant::Recheck(due.claim);
    let (trigger, warrant) = match due.reason {
        RecheckReason::Leave => (Trigger::Leaving, claim),
        RecheckReason::Join => (Trigger::LateJoin, claim),
        RecheckReason::Login => (Trigger::Login, Warrant::None),
    };
    let priority = if due.is_retry {
        Priority::Retry
    } else {
        Priority::Recheck
    };
    let _guard = locks.lock(&due.userid).await;
    LookupOutcome::from(
        employment::refresh_person(&ctx, priority, &due.userid, trigger, warrant).await,
    )
}

async fn store(
    ctx: &Context,
    due: &ClaimedRecheck,
    outcome: LookupOutcome,
    is_stopping: bool,
) -> Result<(), StoreError> {
    let delay = if is_stopping {
        Duration::ZERO
    } else {
        REQUEUE_DELAY
    };
    let (instance, claim) = (ctx.instance, due.claim);
    let is_outdated = ctx
        .db
        .read(async |conn| match outcome {
            LookupOutcome::Done => recheck::finish(conn, instance, claim, due.reason).await,
            LookupOutcome::NotStarted => {
                recheck::release(conn, instance, &[claim.id], delay).await?;
                Ok(false)
            }
            LookupOutcome::Failed(error)
                if error.class == ErrorClass::Permanent && due.attempts >= MAX_UNREADABLE =>
            {
                tracing::warn!(recheck_reason = ?due.reason, reason = error.reason, "recheck abandoned");
                recheck::finish(conn, instance, claim, due.reason).await
            }
            LookupOutcome::Failed(error) => {
                let wait = error.back_off(due.attempts);
                recheck::postpone(conn, instance, claim, wait, &error.reason).await
            }
        })
        .await?;
    if is_outdated {
        // Nobody could claim it before.
        ctx.work.wake(LaneName::Rechecks);
    }
    Ok(())
}
