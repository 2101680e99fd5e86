//! The full sync: reads the whole directory, plans the changes and applies them to the tables.
//!
//! A failure never marks a person as left: anything that could not be read makes the run partial, and a partial run
//! only adds and changes. Events that arrive during a run take precedence over what it has read. A `dry_run` takes
//! the run's lease like any other, so that two runs never query DingTalk at once, but it changes nothing, and its
//! row is deleted at the end.
//!
//! Observed people and planned changes are kept in staging tables while the run is active: a company may have a
//! hundred thousand people.

mod apply;
mod approve;
mod build_plan;
mod conclude;
mod error;
mod finish;
mod lease;
mod plan;
mod plan_writer;
mod progress;
mod read;
mod skip;
mod summary;
mod verify_absent;

use crate::domain::sync::{SyncCause, SyncCounts};
use crate::domain::sync_problem::SyncProblemCode;
use std::time::Instant;

use tokio::sync::oneshot;

use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::admins;
use crate::store::sync_list::ChangeRow;
use crate::store::sync_run::{self, Run};
use crate::store::{Conn, StoreError, audit, sync_staging};

use apply::ApplyRequest;
use build_plan::BuiltPlan;
use conclude::Conclusion;
use error::{Abort, dingtalk_problem};
use finish::finish;
use lease::Calls;

pub use approve::{ApproveError, approve, discard};
pub use error::SyncError;
pub use summary::{State, Summary};

use summary::Outcome;

/// A request for a run.
#[derive(Debug, Clone)]
pub struct Request {
    pub cause: SyncCause,
    /// A userid, or `system`, or `command:<login name>`.
    pub started_by: String,
    /// Whether to only plan.
    pub dry_run: bool,
    /// Whether to skip the leaver threshold.
    pub accept_leavers: bool,
}

/// Progress of a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Reading {
        departments_read: usize,
        departments_found: usize,
        people: usize,
    },
    /// Asking DingTalk about people listed in no department.
    Confirming {
        done: usize,
        total: usize,
    },
    Applying {
        done: usize,
        total: usize,
    },
}

/// Callbacks for progress and, at the end of a run, for each skipped record; in a dry run, for each record of the
/// plan.
pub struct ProgressSink<'a> {
    pub progress: &'a mut (dyn FnMut(Progress) + Send),
    pub record: &'a mut (dyn FnMut(ChangeRow) + Send),
}

/// Runs a full sync, unless one is already running. Missing DingTalk answers are reported in the summary's state and
/// problem, not as an error.
pub async fn run(
    ctx: &Context,
    request: Request,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Summary, SyncError> {
    let sink = ProgressSink {
        progress,
        record: &mut |_| {},
    };
    run_with_progress(ctx, request, sink).await
}

/// Like [`run`], with callbacks.
pub async fn run_with_progress(
    ctx: &Context,
    request: Request,
    sink: ProgressSink<'_>,
) -> Result<Summary, SyncError> {
    let run = begin(ctx, &request).await?;
    run_stages(ctx, run, request, sink).await
}

/// Starts a full sync in the background of this process, unless one is already running; returns the run id.
pub async fn start(ctx: &Context, request: Request) -> Result<i64, SyncError> {
    let (sender, begun) = oneshot::channel();
    let background = ctx.clone();
    // `begin` runs in the task too: a cancelled request must not leave behind a run that nothing executes.
    ctx.background.spawn(async move {
        let run = match begin(&background, &request).await {
            Ok(run) => run,
            Err(error) => {
                let _caller_gone = sender.send(Err(error));
                return;
            }
        };
        let _caller_gone = sender.send(Ok(run.id));
        let sink = ProgressSink {
            progress: &mut |_| {},
            record: &mut |_| {},
        };
        if let Err(error) = run_stages(&background, run, request, sink).await {
            tracing::error!(run = run.id, %error, "full sync failed");
        }
    });
    begun.await.unwrap_or(Err(SyncError::Stopped))
}

/// Stops everything that [`start`] and [`approve`] have started in this process, and waits until it has ended.
pub async fn stop(ctx: &Context) {
    ctx.stopping.cancel();
    ctx.background.close();
    ctx.background.wait().await;
}

/// Marks a run whose lease has expired as failed, and raises an alert; returns the number of failed runs. The row of
/// a dry run is deleted without an alert.
pub async fn fail_interrupted(ctx: &Context) -> Result<u64, StoreError> {
    ctx.db
        .tx(async |tx| {
            let failed = sync_run::fail_interrupted(tx).await?;
            if let Some(run_id) = failed {
                conclude::raise_alert(tx, run_id, State::Failed).await?;
            }
            Ok(u64::from(failed.is_some()))
        })
        .await
}

async fn begin(ctx: &Context, request: &Request) -> Result<Run, SyncError> {
    fail_interrupted(ctx).await?;
    let start = async |conn: &mut Conn| {
        let cause = request.cause;
        let (by, is_dry_run) = (&request.started_by, request.dry_run);
        let begun = sync_run::start(conn, cause, by, None, is_dry_run, ctx.instance).await?;
        // Leftovers of an interrupted run.
        sync_staging::sweep(conn).await?;
        Ok::<_, StoreError>(begun)
    };
    let begun = if request.cause == SyncCause::Admin {
        let by = UserId::parse(request.started_by.as_str());
        let by = by.map_err(|_| SyncError::NoLongerAllowed)?;
        admins::act(ctx, &by, async |tx| Ok::<_, SyncError>(start(tx).await?)).await?
    } else {
        ctx.db.read(start).await?
    };
    let run = begun.map_err(|other| SyncError::AlreadyRunning {
        by: other.by,
        since: other.since,
    })?;
    Ok(run)
}

/// Executes a run that holds the lease, and releases it.
async fn run_stages(
    ctx: &Context,
    run: Run,
    request: Request,
    mut sink: ProgressSink<'_>,
) -> Result<Summary, SyncError> {
    tracing::info!(
        run = run.id,
        cause = request.cause.as_str(),
        dry_run = request.dry_run,
        "full sync started"
    );
    let calls = Calls::default();
    let work = Box::pin(carry_out(ctx, run, &request, &calls, &mut sink));
    let outcome = lease::keep_while(ctx, run, &calls, work).await;
    let summary = finish(ctx, run, &request, &calls, outcome).await?;
    if !request.dry_run {
        progress::report_skipped(ctx, run, sink.record).await?;
    }
    Ok(summary)
}

async fn carry_out(
    ctx: &Context,
    run: Run,
    request: &Request,
    calls: &Calls,
    sink: &mut ProgressSink<'_>,
) -> Result<Outcome, SyncError> {
    let failed = |problem| Ok(Outcome::idle(Summary::failed(calls, problem)));
    let begun = Instant::now();
    let mut crawler = match read::read(ctx, run, calls, sink.progress).await {
        Ok(crawler) if crawler.has_response => crawler,
        Ok(crawler) => {
            let no_answer = || SyncProblemCode::UnexpectedResponse.into();
            return failed(crawler.problems.first().unwrap_or_else(no_answer));
        }
        Err(Abort::Problem(problem)) => return failed(*problem),
        Err(Abort::Store(error)) => return Err(error.into()),
    };
    let begun = note_end(run, "reading", begun);
    let built = build_plan::build_plan(ctx, run, request, calls, &mut crawler, sink.progress).await;
    let built = match built {
        Ok(built) => built,
        Err(Abort::Problem(problem)) => return failed(*problem),
        Err(Abort::Store(error)) => return Err(error.into()),
    };
    let begun = note_end(run, "planning", begun);
    let limit = ctx.config.sync.max_leavers;
    let summary = Summary::of_plan(&built, crawler.problems.first(), limit, calls);
    if request.dry_run {
        // While the run still holds its lease, and with it its staging rows.
        progress::report_plan(ctx, run, sink.record).await?;
        return Ok(Outcome::idle(summary));
    }
    let counts = carry_out_plan(run, calls, &built, &summary, sink.progress).await?;
    note_end(run, "writing", begun);
    Ok(summary.once_applied(counts, calls))
}

/// Logs the duration of a phase; returns the start time of the next one.
fn note_end(run: Run, phase: &'static str, begun: Instant) -> Instant {
    let took_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    tracing::info!(run = run.id, phase, took_ms, "full sync phase finished");
    Instant::now()
}

async fn carry_out_plan(
    run: Run,
    calls: &Calls,
    built: &BuiltPlan<'_>,
    summary: &Summary,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<SyncCounts, SyncError> {
    let request = ApplyRequest {
        run,
        actor: audit::Actor::System,
        guard: run.started_at,
        reports_superseded: false,
        records: built.writer.records,
        counts: built.writer.counts,
        departments: &built.departments,
    };
    let conclusion = Conclusion {
        run,
        calls,
        state: summary.state,
        problem: summary.problem.as_ref(),
        is_complete: built.is_complete,
        is_full: true,
        approves: None,
    };
    apply::apply(built.writer.ctx, &request, &conclusion, progress).await
}
