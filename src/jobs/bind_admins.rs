//! Binds the entries of `DINGGATE_ADMINS` as soon as DingTalk answers.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::service::admins;

/// Delays after failures; the last one applies to all further failures.
const WAITS: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(5),
    Duration::from_secs(15),
    Duration::from_mins(1),
];

/// Retries until every entry is bound; later starts then find no unbound entries.
pub(super) async fn run(ctx: Context, stop: CancellationToken) {
    let mut waits = WAITS.iter().copied();
    let mut wait = Duration::ZERO;
    loop {
        let bound = tokio::select! {
            bound = admins::bind_listed(&ctx) => bound,
            () = stop.cancelled() => return,
        };
        match bound {
            Ok(true) => return,
            Err(error) if wait.is_zero() => {
                tracing::warn!(%error, "DINGGATE_ADMINS entries not bound yet; retrying");
            }
            Ok(false) | Err(_) => {}
        }
        wait = waits.next().unwrap_or(wait);
        tokio::select! {
            () = tokio::time::sleep(wait) => {}
            () = stop.cancelled() => return,
        }
    }
}
