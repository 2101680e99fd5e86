//! Starts the full sync that is due: one run for all reasons, on one instance only. The reasons are an empty staff
//! table, lost events, and the times of `DINGGATE_SYNC_CRON`.
//!
//! Every instance reads Postgres's clock and requests the latest scheduled time, if none has: so a time that passed
//! while no instance ran is made up for by the first one that starts. A request is settled once a complete run has
//! begun after it, regardless of who started it.

use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::domain::sync::{SyncReason, wait_after};
use crate::service::directory_sync::{self, Request, State, SyncError};
use crate::store::lease::LEASE;
use crate::store::queue::DueWork;
use crate::store::sync_request::{self, SyncAttempt};
use crate::store::{Conn, StoreError, staff};

/// By then the lease of an interrupted run has expired.
const AFTER_INTERRUPTION: Duration = LEASE.saturating_add(Duration::from_millis(500));
/// After this many incomplete runs that were to fill the staff table, the cause is not transient.
const MAX_PARTIAL: i64 = 4;

/// The outcome of an attempt.
enum Outcome {
    Complete,
    Partial,
    Failed,
    AnotherRuns,
    Interrupted,
}

/// Requests a full sync if nobody is in the staff table. A person added by a login meanwhile does not end the request.
pub async fn request_if_empty(ctx: &Context) -> Result<(), StoreError> {
    ctx.db
        .read(async |conn| sync_request::request_if_empty(conn).await)
        .await
}

/// Returns whether a full sync has to start, or a scheduled time has come that no instance has requested.
pub fn may_be_due(ctx: &Context, due: &DueWork) -> bool {
    let Some(latest) = ctx.config.sync.schedule.latest(due.now) else {
        return due.is_sync_due;
    };
    // Nothing is scheduled once a complete sync has begun after the time.
    let is_later = |at: DateTime<Utc>| at < latest;
    let is_scheduled =
        due.last_scheduled.is_none_or(is_later) && due.last_complete_sync.is_none_or(is_later);
    due.is_sync_due || is_scheduled
}

/// Runs a full sync if one is due and no other instance has claimed it; returns whether it did. Once `stopped` resolves
/// the run is interrupted, and left to another instance.
pub async fn run_if_due(
    ctx: &Context,
    stopped: impl Future<Output = ()>,
) -> Result<bool, StoreError> {
    let Some(attempt) = take(ctx).await? else {
        return Ok(false);
    };
    tracing::info!(reasons = ?attempt.reasons, attempts = attempt.attempts, "full sync due");
    let outcome = tokio::select! {
        outcome = sync(ctx, &attempt) => outcome,
        () = stopped => Outcome::Interrupted,
    };
    ctx.db
        .read(async |conn| finish(conn, &attempt, &outcome).await)
        .await?;
    Ok(true)
}

async fn take(ctx: &Context) -> Result<Option<SyncAttempt>, StoreError> {
    ctx.db
        .tx(async |tx| {
            let now = staff::now(tx).await?;
            if let Some(moment) = ctx.config.sync.schedule.latest(now) {
                sync_request::request_scheduled(tx, moment).await?;
            }
            sync_request::take(tx).await
        })
        .await
}

async fn sync(ctx: &Context, attempt: &SyncAttempt) -> Outcome {
    // None is due without a reason.
    let Some(reason) = attempt.reasons.first() else {
        return Outcome::Failed;
    };
    let request = Request {
        cause: reason.cause(),
        started_by: "system".to_owned(),
        dry_run: false,
        accept_leavers: false,
    };
    match directory_sync::run(ctx, request, &mut |_| {}).await {
        Ok(summary) => match summary.state {
            State::Done | State::Stopped => Outcome::Complete,
            State::Partial => Outcome::Partial,
            State::Failed => Outcome::Failed,
        },
        Err(SyncError::AlreadyRunning { by, .. }) => {
            tracing::info!(by, "due full sync waiting for a running sync");
            Outcome::AnotherRuns
        }
        Err(SyncError::Stopped) => Outcome::Interrupted,
        Err(error) => {
            tracing::warn!(%error, "due full sync failed");
            Outcome::Failed
        }
    }
}

async fn finish(
    conn: &mut Conn,
    attempt: &SyncAttempt,
    outcome: &Outcome,
) -> Result<(), StoreError> {
    let next = match outcome {
        Outcome::Complete => None,
        Outcome::Partial if has_given_up(conn, attempt).await? => None,
        Outcome::Partial | Outcome::Failed => {
            wait_after(&attempt.reasons, attempt.attempts).map(|wait| (wait, true))
        }
        // None is due while a sync runs.
        Outcome::AnotherRuns => Some((Duration::ZERO, false)),
        Outcome::Interrupted => Some((AFTER_INTERRUPTION, false)),
    };
    if let Some((wait, counts)) = next {
        return sync_request::postpone(conn, attempt, wait, counts).await;
    }
    let wait = wait_after(&attempt.reasons, attempt.attempts);
    sync_request::settle(conn, attempt, wait).await
}

/// Returns whether an empty table, and nothing else, was the reason, and too many runs could not read everything: the
/// scheduled syncs go on.
async fn has_given_up(conn: &mut Conn, attempt: &SyncAttempt) -> Result<bool, StoreError> {
    Ok(attempt.reasons == [SyncReason::Empty]
        && sync_request::count_partial(conn).await? >= MAX_PARTIAL)
}
