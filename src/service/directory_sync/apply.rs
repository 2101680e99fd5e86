//! Applies a staged plan in one transaction: a run that is killed has changed nothing. Every row is checked again,
//! because events may have arrived since the plan was built.
//!
//! Rows are written in an order that avoids waiting: first people who release a unionid, then people who may take
//! it, last people whose rows merely change, so that these are locked for the shortest time. See
//! docs/adr/0007-one-transaction-a-sync.md.

mod rows;

use crate::domain::sync::{Step, SyncCounts};
use std::time::Duration;

use crate::domain::audit::AuditAction;
use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::conclude::Conclusion;
use super::plan::DepartmentPlan;
use super::{Progress, SyncError};
use crate::context::Context;
use crate::domain::ids::DeptId;
use crate::domain::person::{Department, LeftCause};
use crate::store::employment::{self, SyncLock, lock_sync};
use crate::store::sync_run::Run;
use crate::store::sync_staging;
use crate::store::{StoreError, audit, department, directory, unionid_conflict};

use rows::Rows;

/// Maximum number of attempts when Postgres is unreachable or reports a deadlock.
const TRIES: u32 = 4;
/// One transaction for a hundred thousand people takes tens of seconds; anything longer hangs.
const TIMEOUT: Duration = Duration::from_mins(15);

/// What to apply, and on whose behalf.
pub struct ApplyRequest<'a> {
    pub run: Run,
    /// The actor in the audit log.
    pub actor: audit::Actor<'a>,
    /// People observed since then are not marked as left.
    pub guard: DateTime<Utc>,
    /// Whether people who are not marked as left for that reason are reported as skipped.
    pub reports_superseded: bool,
    /// Number of records in the plan, in total and by kind.
    pub records: u64,
    pub counts: SyncCounts,
    pub departments: &'a DepartmentPlan,
}

/// Applies a plan and finishes the run in the same transaction; returns the counts of what was done.
pub async fn apply(
    ctx: &Context,
    request: &ApplyRequest<'_>,
    conclusion: &Conclusion<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<SyncCounts, SyncError> {
    let mut tries = 1;
    loop {
        match apply_once(ctx, request, conclusion, progress).await {
            Err(SyncError::Store(StoreError::Unavailable(cause))) if tries < TRIES => {
                let cause = cause.map(|cause| cause.to_string());
                tracing::warn!(run = request.run.id, cause, "retrying apply");
                tokio::time::sleep(Duration::from_millis(100 << tries)).await;
                tries += 1;
            }
            result => return result,
        }
    }
}

async fn apply_once(
    ctx: &Context,
    request: &ApplyRequest<'_>,
    conclusion: &Conclusion<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<SyncCounts, SyncError> {
    ctx.db
        .tx_once_within(TIMEOUT, async |tx| {
            apply_in(tx, request, conclusion, progress).await
        })
        .await
}

async fn apply_in(
    tx: &mut Conn,
    request: &ApplyRequest<'_>,
    conclusion: &Conclusion<'_>,
    progress: &mut (dyn FnMut(Progress) + Send),
) -> Result<SyncCounts, SyncError> {
    let run = request.run;
    let Some(mut sync) = lock_sync(tx, run).await? else {
        return Err(SyncError::Interrupted);
    };
    let kept = sync_staging::keep(&mut sync, run.id).await?;
    if kept != request.records {
        return Err(SyncError::Forgotten);
    }
    let mut rows = Rows::new(&mut sync, request, progress);
    rows.write(Step::Leave).await?;
    rows.release_unionids().await?;
    for step in [Step::Move, Step::Return, Step::Add] {
        rows.write(step).await?;
    }
    write_departments(rows.sync, request, &mut rows.counts).await?;
    rows.write(Step::Change).await?;
    let counts = rows.counts;
    finalize(&mut sync, request).await?;
    conclusion.conclude(&mut sync, counts).await?;
    Ok(counts)
}

/// Writes the departments, and counts how many were added, changed and removed.
async fn write_departments(
    tx: &mut Conn,
    request: &ApplyRequest<'_>,
    counts: &mut SyncCounts,
) -> Result<(), StoreError> {
    let plan = request.departments;
    let wanted: Vec<(Department, DateTime<Utc>)> = plan
        .written
        .iter()
        .map(|wanted| (wanted.department.clone(), wanted.asked_at))
        .collect();
    let stood: Vec<DeptId> = department::ids(tx).await?;
    let written = department::upsert_all(tx, &wanted).await?;
    let removed = department::remove_all(tx, &plan.gone, request.run.started_at).await?;
    let ids = wanted.iter().map(|(department, _)| department.dept_id);
    let superseded: Vec<DeptId> = ids
        .filter(|id| !written.contains(id))
        .chain(plan.gone.iter().copied().filter(|id| !removed.contains(id)))
        .collect();
    sync_staging::record_skipped_departments(tx, request.run.id, &superseded).await?;
    let changed = written.iter().filter(|id| stood.contains(id)).count();
    counts.departments_added = SyncCounts::of(written.len() - changed);
    counts.departments_changed = SyncCounts::of(changed);
    counts.departments_removed = SyncCounts::of(removed.len());
    Ok(())
}

/// Last, because other transactions may wait for these locks.
async fn finalize(sync: &mut SyncLock<'_>, request: &ApplyRequest<'_>) -> Result<(), StoreError> {
    let run = request.run;
    directory::record_unionid_changes(sync, request.actor).await?;
    directory::finish(sync).await?;
    directory::block_leave_events(sync).await?;
    apply_blocked_leave_events(sync).await?;
    directory::unblock_leave_events(sync).await?;
    unionid_conflict::tidy(sync, run.id, run.started_at).await
}

/// Terminates the people added by the run whose leave event was stored meanwhile, as if it had been stored right
/// after.
async fn apply_blocked_leave_events(sync: &mut SyncLock<'_>) -> Result<(), StoreError> {
    let cause = LeftCause::Event;
    let (mut people, leavers, left_at) = sync.lock_blocked_leavers().await?;
    employment::terminate_at(&mut people, &leavers, &left_at, cause).await?;
    directory::record_in_audit(
        &mut people,
        audit::Actor::System,
        &leavers,
        AuditAction::StaffLeft,
        cause.as_str(),
    )
    .await
}
