//! The lanes of messages: those whose body is to be rendered, and those to be sent. A slow one occupies only its own
//! slot.

use std::collections::BTreeSet;
use std::time::Duration;

use futures_util::future::BoxFuture;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::context::Context;
use crate::domain::queue::LaneName;
use crate::service::queue::{ClaimBatch, Lane, Outcome, PlainError, Pool, Process, Task, Urgency};
use crate::store::webhook;
use crate::store::{Conn, StoreError};

/// Number of messages processed at the same time.
const CONCURRENCY: usize = 4;
/// Delay before a message is tried again whose processing has panicked.
const DELAY_AFTER_PANIC: Duration = Duration::from_secs(15);

/// A claimed message.
pub trait Message: Clone + Send + Sync + 'static {
    const LANE: LaneName;
    /// What else it takes to process messages.
    type Tools: Clone + Send + Sync + 'static;

    fn id(&self) -> i64;

    /// Claims due messages.
    fn claim(
        conn: &mut Conn,
        instance: Uuid,
        limit: i64,
    ) -> impl Future<Output = Result<Vec<Self>, StoreError>> + Send;

    /// Processes the message and stores the result.
    fn process(self, ctx: Context, tools: Self::Tools) -> BoxFuture<'static, Outcome<PlainError>>;
}

/// A message as a task.
pub struct MessageTask<M>(M);

impl<M: Message> Task for MessageTask<M> {
    type Subject = i64;
    type Error = PlainError;

    fn subject(&self) -> i64 {
        self.0.id()
    }

    fn urgency(&self) -> Urgency {
        Urgency::now(false, true)
    }

    /// A message is claimed once.
    fn merge(&mut self, _same: Self) {}
}

/// Due messages.
pub struct MessageLane<M: Message> {
    ctx: Context,
    tools: M::Tools,
    stop: CancellationToken,
    claimed: BTreeSet<i64>,
}

impl<M: Message> MessageLane<M> {
    /// Creates the lane without claims.
    pub fn new(ctx: &Context, tools: &M::Tools, stop: &CancellationToken) -> Self {
        Self {
            ctx: ctx.clone(),
            tools: tools.clone(),
            stop: stop.clone(),
            claimed: BTreeSet::new(),
        }
    }
}

impl<M: Message> Lane for MessageLane<M> {
    type Task = MessageTask<M>;
    /// As many messages as there are free slots.
    type Claim = i64;

    const NAME: LaneName = M::LANE;
    const CONCURRENCY: usize = CONCURRENCY;

    fn process(&self) -> Process<MessageTask<M>> {
        let (ctx, tools) = (self.ctx.clone(), self.tools.clone());
        Box::new(move |task| task.0.clone().process(ctx.clone(), tools.clone()))
    }

    fn next_claim(&self, pool: &Pool<MessageTask<M>>) -> Option<i64> {
        let free = CONCURRENCY.saturating_sub(pool.count());
        i64::try_from(free).ok().filter(|free| *free > 0)
    }

    async fn claim(&mut self, limit: i64) -> Result<ClaimBatch<MessageTask<M>>, StoreError> {
        let (db, instance) = (&self.ctx.db, self.ctx.instance);
        let claimed = db
            .read(async |conn| M::claim(conn, instance, limit).await)
            .await?;
        // If heartbeats have failed, one in flight here may be due again: it is not sent a second time beside itself.
        let ids = &mut self.claimed;
        let new = claimed
            .into_iter()
            .filter(|message| ids.insert(message.id()));
        let tasks = new.map(MessageTask).collect();
        Ok(ClaimBatch::for_slots(tasks, limit))
    }

    async fn finish(
        &mut self,
        task: MessageTask<M>,
        outcome: Outcome<PlainError>,
    ) -> Result<(), StoreError> {
        let id = task.0.id();
        self.claimed.remove(&id);
        let delay = match outcome {
            Outcome::Failed(PlainError::Panicked) if !self.stop.is_cancelled() => DELAY_AFTER_PANIC,
            Outcome::Failed(PlainError::Panicked) | Outcome::NotStarted => Duration::ZERO,
            Outcome::Done | Outcome::Failed(PlainError::Recorded(_)) => return Ok(()),
        };
        let (db, instance) = (&self.ctx.db, self.ctx.instance);
        db.read(async |conn| webhook::release(conn, instance, &[id], delay).await)
            .await
    }

    async fn renew(&mut self) -> Result<(), StoreError> {
        let (db, instance) = (&self.ctx.db, self.ctx.instance);
        let ids: Vec<i64> = self.claimed.iter().copied().collect();
        db.read(async |conn| webhook::renew(conn, instance, &ids).await)
            .await?;
        Ok(())
    }
}
