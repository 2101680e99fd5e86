//! Finishes a run in the transaction that applies its plan: writes its counts, and updates waiting runs and alerts.

use crate::domain::alert::DirectoryDoubt;
use crate::domain::sync::{SyncCounts, SyncDecision};
use crate::domain::sync_problem::SyncProblem;
use std::sync::atomic::Ordering;

use crate::domain::audit::AuditAction;
use crate::store::Conn;

use super::lease::Calls;
use super::{State, SyncError};
use crate::service::actor::Actor;
use crate::store::audit::{self, Entry};
use crate::store::sync_run::{self, Ending, Run};
use crate::store::{StoreError, alert, sync_staging};

/// Alerts that a complete run resolves.
const RESOLVED: [DirectoryDoubt; 2] = [DirectoryDoubt::FailedEvents, DirectoryDoubt::LostEvents];

/// How to finish a run once its plan has been applied.
pub struct Conclusion<'a> {
    pub run: Run,
    pub calls: &'a Calls,
    pub state: State,
    pub problem: Option<&'a SyncProblem>,
    /// Whether everything was read.
    pub is_complete: bool,
    /// Whether it is a full sync, not just a check of some people.
    pub is_full: bool,
    /// The stopped run whose leavers this run marks, and the administrator who approved them.
    pub approves: Option<(i64, Actor<'a>)>,
}

impl Conclusion<'_> {
    /// Finishes the run; fails if this instance no longer holds it.
    pub async fn conclude(&self, tx: &mut Conn, counts: SyncCounts) -> Result<(), SyncError> {
        if let Some((stopped, by)) = self.approves {
            approve(tx, stopped, &by).await?;
        }
        let unannounced = self.unannounced(tx).await?;
        if self.is_complete {
            sync_run::supersede(tx, self.run).await?;
            for doubt in RESOLVED {
                alert::dismiss_older(tx, doubt, self.run.started_at).await?;
            }
            alert_unannounced(tx, self.run, unannounced).await?;
        }
        if self.is_full {
            raise_alert(tx, self.run.id, self.state).await?;
        }
        let ending = Ending {
            state: self.state.into(),
            is_complete: self.is_complete,
            calls: self.calls.load(Ordering::Relaxed),
            counts,
            unannounced,
            problem: self.problem,
        };
        if !sync_run::finish(tx, self.run, &ending).await? {
            return Err(SyncError::Interrupted);
        }
        Ok(())
    }

    /// Returns how many people have changed without an event; 0 for the first complete run, or if this one is
    /// incomplete.
    async fn unannounced(&self, tx: &mut Conn) -> Result<i32, StoreError> {
        if !self.is_complete || !sync_run::has_complete(tx).await? {
            return Ok(0);
        }
        let count = sync_staging::count_unannounced(tx, self.run.id, self.run.started_at).await?;
        Ok(i32::try_from(count).unwrap_or(i32::MAX))
    }
}

async fn approve(tx: &mut Conn, stopped: i64, by: &Actor<'_>) -> Result<(), SyncError> {
    if !sync_run::decide(tx, stopped, SyncDecision::Approved, Some(by.userid)).await? {
        return Err(SyncError::NotWaiting);
    }
    note_decision(
        tx,
        stopped,
        by,
        AuditAction::SyncApprove,
        SyncDecision::Approved,
    )
    .await?;
    Ok(())
}

/// Writes an administrator's decision about a stopped run to the audit log, and dismisses its alert.
pub async fn note_decision(
    tx: &mut Conn,
    stopped: i64,
    by: &Actor<'_>,
    action: AuditAction,
    decision: SyncDecision,
) -> Result<(), StoreError> {
    let run = stopped.to_string();
    let entry = Entry {
        reference: Some(&run),
        ip: by.address,
        ..Entry::new(audit::Actor::Person(by.userid), action, decision.as_str())
    };
    audit::append(tx, &entry).await?;
    let detail = detail(stopped, State::Stopped);
    alert::dismiss_detail(tx, DirectoryDoubt::Sync, &detail).await
}

/// Returns the detail of the alert about an unsuccessful run.
fn detail(run_id: i64, state: State) -> String {
    format!("{run_id}:{}", state.as_str())
}

/// Raises an alert about the state of the last full sync, or dismisses it if the sync succeeded.
pub async fn raise_alert(tx: &mut Conn, run_id: i64, state: State) -> Result<(), StoreError> {
    if state == State::Done {
        alert::dismiss(tx, DirectoryDoubt::Sync).await?;
    } else {
        alert::raise(tx, DirectoryDoubt::Sync, &detail(run_id, state)).await?;
    }
    Ok(())
}

async fn alert_unannounced(tx: &mut Conn, run: Run, unannounced: i32) -> Result<(), StoreError> {
    if unannounced == 0 {
        alert::dismiss(tx, DirectoryDoubt::Unannounced).await?;
    } else {
        let detail = format!("{}:{unannounced}", run.id);
        alert::raise(tx, DirectoryDoubt::Unannounced, &detail).await?;
    }
    Ok(())
}
