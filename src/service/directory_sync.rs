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
mod finish;
mod lease;
mod plan;
mod plan_writer;
mod progress;
mod read;
mod skip;
mod summary;
mod verify_absent;

use crate::domain::sync::SyncCause;
use std::time::Instant;

use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use crate::context::Context;
use crate::domain::ids::UserId;
use crate::service::admins::{self, ActError};
use crate::store::sync_list::ChangeRow;
use crate::store::sync_run::{self, Run};
use crate::store::{Conn, StoreError, audit, sync_staging};
use crate::upstream::UpstreamError;

use apply::ApplyRequest;
use build_plan::BuiltPlan;
use conclude::Conclusion;
use finish::finish;
use lease::Calls;

pub use approve::{ApproveError, approve, discard};
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

/// Why a run produced no summary.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("a full sync is already running, started by {by} at {}", since.format("%Y-%m-%d %H:%M:%S UTC"))]
    AlreadyRunning { by: String, since: DateTime<Utc> },
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another run has taken over, because this one did not renew its lease.
    #[error("interrupted: its place has been taken")]
    Interrupted,
    #[error("interrupted: the process was told to stop")]
    Stopped,
    /// Postgres was restarted: the staging tables do not survive a crash.
    #[error("interrupted: Postgres was restarted and has forgotten what the run had read")]
    Forgotten,
    /// Somebody else decided about the leavers of the stopped run while they were being verified.
    #[error("the stopped run does not wait for a decision any more")]
    NotWaiting,
    /// The person who started the run on its page has lost the right meanwhile.
    #[error("the actor no longer has the right")]
    NoLongerAllowed,
}

impl From<ActError> for SyncError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Store(error) => Self::Store(error),
            _ => Self::NoLongerAllowed,
        }
    }
}

/// Reasons to end a run before anything is written.
enum Abort {
    Store(StoreError),
    /// DingTalk has banned our IP address, or has not answered at all.
    Upstream(String),
}

impl Abort {
    /// Returns the error if the remaining requests are still worth making; any other error aborts the run.
    fn unless_passing(error: UpstreamError) -> Result<UpstreamError, Self> {
        match error {
            UpstreamError::Store(error) => Err(Self::Store(error)),
            UpstreamError::Paused { .. } => Err(Self::Upstream(error.to_string())),
            UpstreamError::Api(_) => Ok(error),
        }
    }
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
    let listener = ProgressSink {
        progress,
        record: &mut |_| {},
    };
    run_with_progress(ctx, request, listener).await
}

/// Like [`run`], with callbacks.
pub async fn run_with_progress(
    ctx: &Context,
    request: Request,
    listener: ProgressSink<'_>,
) -> Result<Summary, SyncError> {
    let run = begin(ctx, &request).await?;
    run_stages(ctx, run, request, listener).await
}

/// Starts a full sync in the background of this process, unless one is already running; returns the run id.
pub async fn start(ctx: &Context, request: Request) -> Result<i64, SyncError> {
    let (told, begun) = oneshot::channel();
    let background = ctx.clone();
    // `begin` runs in the task too: a cancelled request must not leave behind a run that nothing executes.
    ctx.background.spawn(async move {
        let run = match begin(&background, &request).await {
            Ok(run) => run,
            Err(error) => {
                let _caller_gone = told.send(Err(error));
                return;
            }
        };
        let _caller_gone = told.send(Ok(run.id));
        let listener = ProgressSink {
            progress: &mut |_| {},
            record: &mut |_| {},
        };
        if let Err(error) = run_stages(&background, run, request, listener).await {
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
    mut listener: ProgressSink<'_>,
) -> Result<Summary, SyncError> {
    tracing::info!(
        run = run.id,
        cause = request.cause.as_str(),
        dry_run = request.dry_run,
        "full sync started"
    );
    let calls = Calls::default();
    let work = Box::pin(carry_out(ctx, run, &request, &calls, &mut listener));
    let outcome = lease::keep_while(ctx, run, &calls, work).await;
    let summary = finish(ctx, run, &request, &calls, outcome).await?;
    if !request.dry_run {
        progress::report_skipped(ctx, run, listener.record).await?;
    }
    Ok(summary)
}

async fn carry_out(
    ctx: &Context,
    run: Run,
    request: &Request,
    calls: &Calls,
    listener: &mut ProgressSink<'_>,
) -> Result<Outcome, SyncError> {
    let failed = |why: String| Ok(Outcome::idle(Summary::failed(calls, why)));
    let begun = Instant::now();
    let mut walk = match read::read(ctx, run, calls, listener.progress).await {
        Ok(walk) if walk.has_heard => walk,
        Ok(walk) => return failed(walk.problems.to_string()),
        Err(Abort::Upstream(why)) => return failed(why),
        Err(Abort::Store(error)) => return Err(error.into()),
    };
    let begun = note_end(run, "reading", begun);
    let survey =
        build_plan::build_plan(ctx, run, request, calls, &mut walk, listener.progress).await;
    let survey = match survey {
        Ok(survey) => survey,
        Err(Abort::Upstream(why)) => return failed(why),
        Err(Abort::Store(error)) => return Err(error.into()),
    };
    let begun = note_end(run, "planning", begun);
    let limit = ctx.config.sync.max_leavers;
    let summary = Summary::of_plan(&survey, &walk.problems, limit, calls);
    if request.dry_run {
        // While the run still holds its lease, and with it its staging rows.
        progress::report_plan(ctx, run, listener.record).await?;
        return Ok(Outcome::idle(summary));
    }
    let tally = carry_out_plan(run, calls, &survey, &summary, listener.progress).await?;
    note_end(run, "writing", begun);
    Ok(summary.once_applied(tally, calls))
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
    survey: &BuiltPlan<'_>,
    summary: &Summary,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<plan_writer::PlanCounts, SyncError> {
    let mission = ApplyRequest {
        run,
        actor: audit::Actor::System,
        guard: run.started_at,
        tells_overtaken: false,
        records: survey.book.records,
        tally: survey.book.tally,
        departments: &survey.departments,
    };
    let closing = Conclusion {
        run,
        calls,
        state: summary.state,
        problem: summary.problem.as_deref(),
        is_complete: survey.is_complete,
        is_full: true,
        approves: None,
    };
    apply::apply(survey.book.ctx, &mission, &closing, progress).await
}
