//! The end of a run that its own transaction has not ended: nothing was done, or nothing was to be.

use std::time::Duration;

use super::conclude::Conclusion;
use super::lease::Calls;
use super::plan_writer::PlanCounts;
use super::summary::{Outcome, State, Summary};
use super::{Cause, Request, SyncError};
use crate::context::Context;
use crate::store::sync_run::{self, Run};
use crate::store::{StoreError, sync_staging};

/// Ends a run that its own transaction has not ended, and takes away what it has written down.
pub(super) async fn finish(
    ctx: &Context,
    run: Run,
    request: &Request,
    calls: &Calls,
    outcome: Result<Outcome, SyncError>,
) -> Result<Summary, SyncError> {
    if request.dry_run {
        forget(ctx, run).await?;
    } else {
        end_unless_ended(ctx, run, request.cause, calls, &outcome).await?;
    }
    delete_staging(ctx, run).await;
    let summary = outcome?.summary;
    summary.log(run.id);
    Ok(summary)
}

/// Ends a run that has changed nothing. Of two errors the first is told.
pub(super) async fn end_unless_ended(
    ctx: &Context,
    run: Run,
    cause: Cause,
    calls: &Calls,
    outcome: &Result<Outcome, SyncError>,
) -> Result<(), SyncError> {
    match outcome {
        Ok(Outcome {
            has_ended: true, ..
        }) => Ok(()),
        Ok(Outcome { summary, .. }) => {
            let problem = summary.problem.as_deref();
            end(ctx, run, cause, calls, summary.state, problem).await
        }
        Err(error) => {
            // Its lease ends by itself where this fails too.
            let _unwritten = end(ctx, run, cause, calls, State::Failed, Some(&report(error))).await;
            Ok(())
        }
    }
}

/// An error with its causes, as the run's row tells it.
fn report(error: &SyncError) -> String {
    let mut told = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(error) = cause {
        told = format!("{told}: {error}");
        cause = error.source();
    }
    told
}

async fn end(
    ctx: &Context,
    run: Run,
    cause: Cause,
    calls: &Calls,
    state: State,
    problem: Option<&str>,
) -> Result<(), SyncError> {
    ctx.db
        .tx(async |tx| {
            let closing = Conclusion {
                run,
                calls,
                state,
                problem,
                is_complete: false,
                is_full: cause != Cause::Approval,
                approves: None,
            };
            closing.conclude(tx, &PlanCounts::default()).await?;
            Ok(())
        })
        .await
}

/// Takes the row of a dry run away.
async fn forget(ctx: &Context, run: Run) -> Result<(), StoreError> {
    ctx.db
        .read(async |conn| {
            // Nothing depends on whether it was still this one's.
            sync_run::forget(conn, run).await.map(|_| ())
        })
        .await
}

/// How long it may take to forget what a run has written down.
const DB_RETRY_WINDOW: Duration = Duration::from_secs(30);

/// Forgets what a run has written down; what is left for want of an answer is swept up later.
pub(super) async fn delete_staging(ctx: &Context, run: Run) {
    let forgotten = ctx.db.read_within(DB_RETRY_WINDOW, async |conn| {
        sync_staging::forget(conn, run.id).await
    });
    if let Err(error) = forgotten.await {
        tracing::warn!(run = run.id, %error, "the notes of a full sync are left to be swept up");
    }
}
