//! Runs the full sync at the times of `DINGGATE_SYNC_CRON`.

use std::time::Duration;

use tokio_util::sync::CancellationToken;

use super::poll_loop::PollLoop;
use super::shutdown_grace;
use crate::context::Context;
use crate::service::schedule;

/// How late a scheduled time, or the death of the instance that took it, may be noticed.
const LOOK: Duration = Duration::from_secs(1);

pub(super) async fn run(ctx: Context, stop: CancellationToken) {
    let rounds = PollLoop {
        name: "scheduled sync",
        pause: LOOK,
        bell: None,
        stop: &stop,
    };
    rounds
        .run(&ctx, || schedule::run_if_due(&ctx, shutdown_grace(&stop)))
        .await;
}
