//! Finishes runs that were not finished by the transaction that applies a plan: nothing was done, or there was
//! nothing to do.

use crate::domain::sync::{SyncCause, SyncCounts};
use crate::domain::sync_problem::SyncProblem;
use std::time::Duration;

use super::conclude::Conclusion;
use super::lease::Calls;
use super::summary::{Outcome, State, Summary};
use super::{Request, SyncError};
use crate::context::Context;
use crate::store::sync_run::{self, Run};
use crate::store::{StoreError, sync_staging};

/// Finishes a run unless it has already ended, and deletes its staging rows.
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

/// Finishes a run that has changed nothing. If that fails too, the first error is reported.
pub(super) async fn end_unless_ended(
    ctx: &Context,
    run: Run,
    cause: SyncCause,
    calls: &Calls,
    outcome: &Result<Outcome, SyncError>,
) -> Result<(), SyncError> {
    match outcome {
        Ok(Outcome {
            has_ended: true, ..
        }) => Ok(()),
        Ok(Outcome { summary, .. }) => {
            let problem = summary.problem.as_ref();
            end(ctx, run, cause, calls, summary.state, problem).await
        }
        Err(error) => {
            // If this fails too, the lease expires on its own.
            let _unwritten = end(
                ctx,
                run,
                cause,
                calls,
                State::Failed,
                Some(&error.problem()),
            )
            .await;
            Ok(())
        }
    }
}

async fn end(
    ctx: &Context,
    run: Run,
    cause: SyncCause,
    calls: &Calls,
    state: State,
    problem: Option<&SyncProblem>,
) -> Result<(), SyncError> {
    ctx.db
        .tx(async |tx| {
            let conclusion = Conclusion {
                run,
                calls,
                state,
                problem,
                is_complete: false,
                is_full: cause != SyncCause::Approval,
                approves: None,
            };
            conclusion.conclude(tx, SyncCounts::default()).await?;
            Ok(())
        })
        .await
}

/// Deletes the row of a dry run.
async fn forget(ctx: &Context, run: Run) -> Result<(), StoreError> {
    ctx.db
        .read(async |conn| {
            // It does not matter whether this instance still held it.
            sync_run::forget(conn, run).await.map(|_| ())
        })
        .await
}

/// Timeout for deleting the staging rows of a run.
const DB_TIMEOUT: Duration = Duration::from_secs(30);

/// Deletes the run's staging rows; leftovers are removed by the cleanup job.
pub(super) async fn delete_staging(ctx: &Context, run: Run) {
    let forgotten = ctx.db.read_within(DB_TIMEOUT, async |conn| {
        sync_staging::forget(conn, run.id).await
    });
    if let Err(error) = forgotten.await {
        tracing::warn!(run = run.id, %error, "staging rows not deleted; the cleanup job will retry");
    }
}
