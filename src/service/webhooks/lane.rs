//! Work on claimed messages, a few at once: a slow one keeps its own place and no other.

use std::time::Duration;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;
use tokio_util::sync::CancellationToken;

use crate::store::StoreError;

/// How many messages are worked on at the same time.
const AT_ONCE: usize = 4;
/// How often a free place looks for a message that has become due.
const POLL: Duration = Duration::from_millis(300);
/// How long what is in flight goes on once the process is to stop; the rest is given back.
const LAST_MOMENTS: Duration = Duration::from_secs(4);

/// Works until nothing is due and nothing is in flight; says whether there was anything.
pub(super) async fn run<C, G, W>(
    stop: &CancellationToken,
    claim: impl Fn(i64) -> G,
    work: impl Fn(C) -> W,
) -> Result<bool, StoreError>
where
    G: Future<Output = Result<Vec<C>, StoreError>>,
    W: Future<Output = ()>,
{
    let mut in_flight = FuturesUnordered::new();
    let mut has_worked = false;
    loop {
        let free = AT_ONCE.saturating_sub(in_flight.len());
        if free > 0 && !stop.is_cancelled() {
            match claim(i64::try_from(free).unwrap_or(1)).await {
                Ok(claimed) => in_flight.extend(claimed.into_iter().map(&work)),
                Err(error) if in_flight.is_empty() => return Err(error),
                Err(error) => tracing::debug!(%error, "no further message could be claimed"),
            }
        }
        if in_flight.is_empty() {
            return Ok(has_worked);
        }
        has_worked = true;
        tokio::select! {
            _ended = in_flight.next() => {}
            () = tokio::time::sleep(POLL), if !stop.is_cancelled() => {}
            () = last_moments(stop) => return Ok(true),
        }
    }
}

async fn last_moments(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LAST_MOMENTS).await;
}
