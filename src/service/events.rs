//! DingTalk's events: verified, stored and acknowledged at once, applied by workers.

mod batch;
mod batches;
mod claiming;
mod departments;
mod failed_callbacks;
mod inbox;
mod initial_state;
mod keyed_mutex;
mod lookup_pool;
mod offboarding;
mod outcome;
mod parked;
mod receive;
mod rechecks;
mod rejected_callbacks;
mod retry;
mod work;

pub use failed_callbacks::{FetchReport, ReadError, fetch_failed_callbacks};
pub use keyed_mutex::KeyedMutex;
pub use parked::{ReleasedBy, parked, release};
pub use receive::{ReceiveError, check_query, receive};
pub use rechecks::run_due_rechecks;
#[cfg(feature = "testing")]
pub use rejected_callbacks::count as rejected_count;
pub use retry::{retry_event, retry_failed_events};
pub use work::work;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::store::lease::HEARTBEAT;
use crate::store::{StoreError, event, recheck};

/// Delay before work is tried again that was released because other lookups got no answer from DingTalk.
const REQUEUE_DELAY: Duration = Duration::from_secs(1);

/// How long lookups in flight may continue once the process is to stop: long enough for one call, not for a queue of
/// calls that each wait for an access token.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(5500);

/// Returns when unanswered lookups must be left to other instances.
async fn shutdown_grace(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(SHUTDOWN_GRACE).await;
}

/// Releases everything that this process has claimed and will not finish, after its workers have ended.
pub async fn give_back(ctx: &Context) -> Result<(), StoreError> {
    ctx.db
        .read(async |conn| {
            event::release_all(conn, ctx.instance).await?;
            recheck::release_all(conn, ctx.instance).await
        })
        .await
}
