//! Runs the full sync when one is due.

use tokio_util::sync::CancellationToken;

use super::polls::Polls;
use super::shutdown_grace;
use crate::context::Context;
use crate::service::sync_request;
use crate::store::StoreError;
use crate::store::queue::DueWork;

pub(super) async fn run(ctx: Context, mut polls: Polls, stop: CancellationToken) {
    let mut has_begun = false;
    while let Some(due) = polls.next().await {
        // On the heap, because a run holds much across its calls.
        let sync = Box::pin(sync_if_due(&ctx, &due, &stop, &mut has_begun));
        polls.run(sync).await;
    }
}

async fn sync_if_due(
    ctx: &Context,
    due: &DueWork,
    stop: &CancellationToken,
    has_begun: &mut bool,
) -> Result<(), StoreError> {
    if !*has_begun {
        sync_request::request_if_empty(ctx).await?;
    }
    if !*has_begun || sync_request::may_be_due(ctx, due) {
        *has_begun = true;
        sync_request::run_if_due(ctx, shutdown_grace(stop)).await?;
    }
    Ok(())
}
