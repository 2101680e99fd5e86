//! DingTalk's events: believed, stored and answered at once, applied by workers.

mod answer;
mod asking;
mod batch;
mod batches;
mod busy;
mod claiming;
mod departments;
mod door;
mod failed_list;
mod held;
mod looks;
mod receive;
mod refused;
mod work;

pub use busy::Busy;
pub use failed_list::{Failure, LOST_EVENTS, ReadError, Reading, UNDELIVERED, read_failed_list};
pub use held::{Releaser, held, release};
pub use looks::work_due_looks;
pub use receive::{ReceiveError, check_query, receive};
pub use refused::count as refused_count;
pub use work::work;

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::store::lease::HEARTBEAT;
use crate::store::{StoreError, event, look};

/// How long work rests that was put back because DingTalk did not answer others.
const REST: Duration = Duration::from_secs(1);

/// How long questions that are being asked go on once the process is to stop: long enough for one call,
/// not for a queue of calls that each wait for an access token.
const LAST_MOMENTS: Duration = Duration::from_millis(5500);

/// Returns when what is still unanswered must be left to others.
async fn last_moments(stop: &CancellationToken) {
    stop.cancelled().await;
    tokio::time::sleep(LAST_MOMENTS).await;
}

/// Gives back whatever this process has claimed and will not finish: its workers have ended.
pub async fn give_back(ctx: &Context) -> Result<(), StoreError> {
    ctx.db
        .read(async |conn| {
            event::release_all(conn, ctx.instance).await?;
            look::release_all(conn, ctx.instance).await
        })
        .await
}
