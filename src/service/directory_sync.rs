//! The full sync: reads the whole directory, plans, and brings the tables into line.
//!
//! Nobody is marked as left because something failed: whatever could not be read makes the run
//! partial, and a partial run adds and changes only. Events that arrive during a run win over what
//! it has read. A run with `dry_run` holds the place like any other, so that two never ask DingTalk
//! at once, but writes nothing, and its row is taken away at the end.

mod apply;
mod approve;
mod confirm;
mod lease;
pub mod plan;
mod read;
mod skip;
mod summary;

use std::sync::atomic::Ordering;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::service::upstream::UpstreamError;
use crate::store::directory::{self, Current};
use crate::store::sync_run::{self, Run};
use crate::store::{Db, StoreError};

use confirm::Confirmed;
use lease::{Calls, Lease};
use plan::{Plan, Terms};
use read::Walk;

pub use approve::{ApproveError, approve, discard};
pub use skip::{Skip, SkipReason};
pub use summary::{State, Summary};

/// What asked for a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cause {
    /// The staff table was empty when `serve` started.
    Empty,
    /// `dinggate sync`.
    Command,
    /// An administrator, on the page of the syncs.
    Admin,
    Schedule,
    /// An administrator has let the leavers of a stopped run go.
    Approval,
    /// Events may have been lost while nobody could take them in.
    LostEvents,
}

impl Cause {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Empty => "empty",
            Self::Command => "command",
            Self::Admin => "admin",
            Self::Schedule => "schedule",
            Self::Approval => "approval",
            Self::LostEvents => "lost_events",
        }
    }
}

/// A run to be started.
#[derive(Debug, Clone)]
pub struct Request {
    pub cause: Cause,
    /// A userid, or `system`, or `command:<login name>`.
    pub started_by: String,
    /// Whether to plan only.
    pub dry_run: bool,
    /// Whether any number of leavers may be marked.
    pub accept_leavers: bool,
}

/// How far a run has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Progress {
    Reading {
        departments_read: usize,
        departments_found: usize,
        people: usize,
    },
    /// Asking about those whom no department lists.
    Confirming {
        done: usize,
        total: usize,
    },
    Applying {
        done: usize,
        total: usize,
    },
}

/// Why there is no summary of a run.
#[derive(Debug, thiserror::Error)]
pub enum SyncError {
    #[error("a full sync is already running, started by {by} at {}", since.format("%Y-%m-%d %H:%M:%S UTC"))]
    AlreadyRunning { by: String, since: DateTime<Utc> },
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Another run has taken the place, since this one was not heard of for ten seconds.
    #[error("the run was interrupted, and its place has been taken")]
    Interrupted,
    #[error("the run was interrupted, since the process was told to stop")]
    Stopped,
}

/// What ends a run before anything is written.
enum Stop {
    Store(StoreError),
    /// DingTalk has banned our address, or has answered nothing at all.
    Nothing(String),
}

impl Stop {
    /// Gives an error back that leaves the rest worth asking for.
    fn unless_passing(error: UpstreamError) -> Result<UpstreamError, Self> {
        match error {
            UpstreamError::Store(error) => Err(Self::Store(error)),
            UpstreamError::Paused { .. } => Err(Self::Nothing(error.to_string())),
            UpstreamError::Api(_) => Ok(error),
        }
    }
}

/// How long the whole table may take to be read.
const PATIENCE: Duration = Duration::from_mins(1);

/// Runs a full sync, unless one is running. What DingTalk did not answer is told by the summary's
/// state and problem, not by an error.
pub async fn run(
    ctx: &Context,
    request: Request,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Summary, SyncError> {
    let run = begin(ctx, &request).await?;
    go_through(ctx, run, request, progress).await
}

/// Begins a full sync that goes on by itself on this process, unless one is running; gives its number.
pub async fn start(ctx: &Context, request: Request) -> Result<i64, SyncError> {
    let run = begin(ctx, &request).await?;
    let background = ctx.clone();
    ctx.background.spawn(async move {
        if let Err(error) = go_through(&background, run, request, &mut |_| {}).await {
            tracing::error!(run = run.id, %error, "the full sync failed");
        }
    });
    Ok(run.id)
}

/// Carries out a run that holds the place, and gives the place back.
async fn go_through(
    ctx: &Context,
    run: Run,
    request: Request,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Summary, SyncError> {
    tracing::info!(
        run = run.id,
        cause = request.cause.as_str(),
        dry_run = request.dry_run,
        "full sync begins"
    );
    let calls = Calls::default();
    let lease = Lease::keep(ctx, run, &calls);
    // Some tens of kilobytes, which every caller would have to carry.
    let work = Box::pin(carry_out(ctx, run, &request, &calls, progress));
    let outcome = tokio::select! {
        outcome = work => outcome,
        () = lease.lost() => Err(SyncError::Interrupted),
        () = ctx.stopping.cancelled() => Err(SyncError::Stopped),
    };
    drop(lease);
    let mut summary = match outcome {
        Ok(summary) => summary,
        Err(error) => {
            // The run's numbers are lost, but its place is free at once.
            let failed = Summary {
                calls: calls.load(Ordering::Relaxed),
                ..Summary::failed(error.to_string())
            };
            let _unwritten = end(ctx, run, &request, &failed).await;
            return Err(error);
        }
    };
    summary.calls = calls.load(Ordering::Relaxed);
    end(ctx, run, &request, &summary).await?;
    summary.log(run.id);
    Ok(summary)
}

async fn begin(ctx: &Context, request: &Request) -> Result<Run, SyncError> {
    let begun = ctx
        .db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            sync_run::start(
                &mut conn,
                request.cause.as_str(),
                &request.started_by,
                ctx.instance,
            )
            .await
        })
        .await?;
    begun.map_err(|other| SyncError::AlreadyRunning {
        by: other.by,
        since: other.since,
    })
}

async fn end(
    ctx: &Context,
    run: Run,
    request: &Request,
    summary: &Summary,
) -> Result<(), SyncError> {
    let was_ours = ctx
        .db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            if request.dry_run {
                sync_run::forget(&mut conn, run).await
            } else {
                sync_run::finish(&mut conn, run, &summary.ending()).await
            }
        })
        .await?;
    if was_ours {
        Ok(())
    } else {
        Err(SyncError::Interrupted)
    }
}

async fn carry_out(
    ctx: &Context,
    run: Run,
    request: &Request,
    calls: &Calls,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<Summary, SyncError> {
    let (plan, mut summary) = match find_out(ctx, run, request, calls, progress).await {
        Ok(found) => found,
        Err(Stop::Nothing(why)) => return Ok(Summary::failed(why)),
        Err(Stop::Store(error)) => return Err(error.into()),
    };
    if request.dry_run {
        summary.plan = Some(plan);
    } else {
        summary.correct_by(apply::apply(ctx, run, plan, progress).await?);
    }
    Ok(summary)
}

/// Reads, compares, and asks about those who seem to be gone.
async fn find_out(
    ctx: &Context,
    run: Run,
    request: &Request,
    calls: &Calls,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<(Plan, Summary), Stop> {
    let mut walk = read::read(ctx, calls, progress).await?;
    if !walk.has_heard {
        return Err(Stop::Nothing(walk.problems.to_string()));
    }
    let current = current(ctx).await.map_err(Stop::Store)?;
    if walk.reading.people.is_empty() && current.count_employed() > 0 {
        walk.problems.add("DingTalk lists nobody at all".to_owned());
    }
    let mut plan = plan_for(ctx, run, request, &current, &walk);
    match confirm::confirm(ctx, calls, &plan.leavers, progress).await? {
        Confirmed::Failed(error) => walk.problems.add(error.to_string()),
        Confirmed::Leavers(gone, still_known) => {
            plan.leavers = gone;
            walk.hear_of_unlisted(still_known);
        }
    }
    // What only a complete reading allows may have been planned too soon.
    if !walk.problems.is_empty() {
        plan = plan_for(ctx, run, request, &current, &walk);
    }
    plan.skipped.append(&mut walk.skips);
    let summary = Summary::of_plan(
        &plan,
        &walk.problems,
        current.count_employed(),
        ctx.config.sync.max_leavers,
    );
    Ok((plan, summary))
}

async fn current(ctx: &Context) -> Result<Current, StoreError> {
    Db::within_time(PATIENCE, async {
        let mut conn = ctx.db.acquire().await?;
        directory::current(&mut conn).await
    })
    .await
}

fn plan_for(ctx: &Context, run: Run, request: &Request, current: &Current, walk: &Walk) -> Plan {
    let max_leavers = ctx.config.sync.max_leavers;
    let count = |people: usize| i64::try_from(people).unwrap_or(i64::MAX);
    let too_many = |leavers, employed| {
        !request.accept_leavers && max_leavers.exceeded_by(count(leavers), count(employed))
    };
    let terms = Terms {
        started_at: run.started_at,
        is_complete: walk.problems.is_empty(),
        spared: &walk.spared,
        too_many: &too_many,
    };
    plan::plan(current, &walk.reading, &terms)
}
