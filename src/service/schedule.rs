//! The scheduled full sync, at the times of `DINGGATE_SYNC_CRON`, on one instance only.
//!
//! Every instance reads Postgres's clock and takes the latest scheduled time, if none has: so a time that passed
//! while no instance ran is made up for by the first one that starts. A scheduled time is done once a complete run
//! has begun after it, regardless of who started it.

use crate::domain::sync::SyncCause;
use std::time::Duration;

use crate::context::Context;
use crate::service::directory_sync::{self, Request, State, SyncError};
use crate::store::lease::LEASE;
use crate::store::queue::DueWork;
use crate::store::schedule::{self, ScheduledRun};
use crate::store::{StoreError, staff};

/// Delays before a failed or incomplete run is retried; after the last one, the next scheduled time applies. The
/// run of a killed instance counts as an attempt, but is retried as soon as its lease has expired.
pub const WAITS: [Duration; 3] = [
    Duration::from_mins(10),
    Duration::from_mins(30),
    Duration::from_hours(1),
];
/// How long to wait for another run that began before the scheduled time.
const WHILE_ANOTHER_RUNS: Duration = Duration::from_mins(3);
/// By then the lease of an interrupted run has expired.
const AFTER_BEING_CUT_OFF: Duration = LEASE.saturating_add(Duration::from_millis(500));

/// The outcome of a scheduled run.
enum Outcome {
    Complete,
    Incomplete,
    AnotherRuns,
    CutOff,
}

/// Returns whether a scheduled time has come that no instance has claimed, or may have to be retried.
pub fn may_be_due(ctx: &Context, due: &DueWork) -> bool {
    let Some(latest) = ctx.config.sync.schedule.latest(due.now) else {
        return false;
    };
    // Nothing is due once a complete sync has begun after the time.
    due.last_complete_sync.is_none_or(|at| at < latest)
        && (due.is_sync_retry_due || due.last_scheduled != Some(latest))
}

/// Runs a full sync if a scheduled time is due and no other instance has claimed it; returns whether it did. Once
/// `stopped` resolves the run is interrupted, and the scheduled time left to another instance.
pub async fn run_if_due(
    ctx: &Context,
    stopped: impl Future<Output = ()>,
) -> Result<bool, StoreError> {
    let Some(run) = take(ctx).await? else {
        return Ok(false);
    };
    tracing::info!(scheduled_at = %run.scheduled_at, attempts = run.attempts, "scheduled full sync due");
    let outcome = tokio::select! {
        outcome = sync(ctx) => outcome,
        () = stopped => Outcome::CutOff,
    };
    finish(ctx, run, &outcome).await?;
    Ok(true)
}

async fn take(ctx: &Context) -> Result<Option<ScheduledRun>, StoreError> {
    ctx.db
        .read(async |conn| {
            let now = staff::now(conn).await?;
            let Some(moment) = ctx.config.sync.schedule.latest(now) else {
                return Ok(None);
            };
            schedule::begin(conn, moment).await?;
            schedule::take(conn, moment, &WAITS).await
        })
        .await
}

async fn sync(ctx: &Context) -> Outcome {
    let request = Request {
        cause: SyncCause::Schedule,
        started_by: "system".to_owned(),
        dry_run: false,
        accept_leavers: false,
    };
    match directory_sync::run(ctx, request, &mut |_| {}).await {
        Ok(summary) => match summary.state {
            State::Done | State::Stopped => Outcome::Complete,
            State::Partial | State::Failed => Outcome::Incomplete,
        },
        Err(SyncError::AlreadyRunning { by, .. }) => {
            tracing::info!(by, "scheduled full sync waiting for a running sync");
            Outcome::AnotherRuns
        }
        Err(SyncError::Stopped) => Outcome::CutOff,
        Err(error) => {
            tracing::warn!(%error, "scheduled full sync failed");
            Outcome::Incomplete
        }
    }
}

async fn finish(ctx: &Context, run: ScheduledRun, outcome: &Outcome) -> Result<(), StoreError> {
    let (wait, counts) = match outcome {
        Outcome::Complete => (None, true),
        Outcome::Incomplete => (wait_after(run.attempts), true),
        Outcome::AnotherRuns => (Some(WHILE_ANOTHER_RUNS), false),
        Outcome::CutOff => (Some(AFTER_BEING_CUT_OFF), false),
    };
    ctx.db
        .read(async |conn| schedule::postpone(conn, run, wait, counts).await)
        .await
}

/// Returns `None` after the last attempt.
fn wait_after(tries: i32) -> Option<Duration> {
    let index = usize::try_from(tries - 1).ok()?;
    WAITS.get(index).copied()
}
