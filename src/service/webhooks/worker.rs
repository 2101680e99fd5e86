//! Processes claimed messages, a few at once: a slow one occupies only its own slot.

use std::collections::BTreeSet;
use std::pin::pin;
use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio::time::{MissedTickBehavior, interval};
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::store::StoreError;
use crate::store::lease::HEARTBEAT;
use crate::store::webhook;

/// Number of messages processed at the same time.
const AT_ONCE: usize = 4;
/// Poll interval for new due messages while a slot is free.
const POLL: Duration = Duration::from_millis(300);
/// Grace period for messages in flight on shutdown; the rest is released.
const SHUTDOWN_GRACE: Duration = Duration::from_secs(4);

/// A message that this process has claimed.
pub(super) trait Claim {
    fn id(&self) -> i64;
}

/// Works until nothing is due and nothing is in flight; returns whether there was anything.
pub(super) async fn run<C, G, W>(
    ctx: &Context,
    stop: &CancellationToken,
    claim: impl Fn(i64) -> G,
    work: impl Fn(C) -> W,
) -> Result<bool, StoreError>
where
    C: Claim,
    G: Future<Output = Result<Vec<C>, StoreError>>,
    W: Future<Output = ()>,
{
    let mut in_flight = FuturesUnordered::new();
    let mut ids = BTreeSet::new();
    let mut heartbeat = interval(HEARTBEAT);
    heartbeat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    heartbeat.reset();
    let mut last_moments = pin!(shutdown_grace(stop));
    let mut has_worked = false;
    loop {
        let free = AT_ONCE.saturating_sub(in_flight.len());
        if free > 0 && !stop.is_cancelled() {
            match claim(i64::try_from(free).unwrap_or(1)).await {
                Ok(claimed) => {
                    for message in claimed {
                        let (id, work) = (message.id(), work(message));
                        ids.insert(id);
                        in_flight.push(async move {
                            work.await;
                            id
                        });
                    }
                }
                Err(error) if in_flight.is_empty() => return Err(error),
                Err(error) => tracing::debug!(%error, "no further message could be claimed"),
            }
        }
        if in_flight.is_empty() {
            return Ok(has_worked);
        }
        has_worked = true;
        tokio::select! {
            ended = in_flight.next() => drop(ended.map(|id| ids.remove(&id))),
            () = tokio::time::sleep(POLL), if free > 0 && !stop.is_cancelled() => {}
            _ = heartbeat.tick() => renew(ctx, &ids).await,
            () = &mut last_moments => return Ok(true),
        }
    }
}

/// A failed heartbeat at worst causes a message to be sent twice under one id.
async fn renew(ctx: &Context, ids: &BTreeSet<i64>) {
    let ids: Vec<i64> = ids.iter().copied().collect();
    let renewed = ctx
        .db
        .read(async |conn| webhook::renew(conn, ctx.instance, &ids).await);
    if let Err(error) = renewed.await {
        tracing::warn!(%error, "could not renew webhook leases");
    }
}

async fn shutdown_grace(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(SHUTDOWN_GRACE).await;
}
