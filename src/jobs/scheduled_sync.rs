//! Runs the full sync at the times of `DINGGATE_SYNC_CRON`.

use tokio_util::sync::CancellationToken;

use super::polls::Polls;
use super::shutdown_grace;
use crate::context::Context;
use crate::service::schedule;
use crate::store::StoreError;
use crate::store::queue::DueWork;

pub(super) async fn run(ctx: Context, mut polls: Polls, stop: CancellationToken) {
    while let Some(due) = polls.next().await {
        polls.run(sync_if_due(&ctx, &due, &stop)).await;
    }
}

async fn sync_if_due(
    ctx: &Context,
    due: &DueWork,
    stop: &CancellationToken,
) -> Result<(), StoreError> {
    if schedule::may_be_due(ctx, due) {
        schedule::run_if_due(ctx, shutdown_grace(stop)).await?;
    }
    Ok(())
}
