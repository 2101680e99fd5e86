//! The administrator's decision about leavers withheld by the leaver threshold. Approving them starts a separate
//! run, which first asks DingTalk about each of them.

use crate::domain::sync::{ChangeKind, SyncCause, SyncDecision};
use chrono::{DateTime, Utc};
use tokio::sync::oneshot;

use super::apply::{self, ApplyRequest};
use super::conclude::{Conclusion, note_decision};
use super::finish::{delete_staging, end_unless_ended};
use super::lease::{self, Calls};
use super::plan::DepartmentPlan;
use super::plan_writer::{DB_TIMEOUT, PlanWriter};
use super::summary::Outcome;
use super::{Abort, State, Summary, SyncError, dingtalk_problem, fail_interrupted, verify_absent};
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::ids::UserId;
use crate::domain::skip_reason::SkipReason;
use crate::service::actor::Actor;
use crate::service::admins::{self, ActError};
use crate::store::sync_list::{self, ChangeFilter};
use crate::store::sync_run::{self, Run};
use crate::store::{StoreError, audit};

/// Why no decision was recorded.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// The run has withheld no leavers, was already decided, or ended more than 24 hours ago.
    #[error("this run does not wait for a decision")]
    NotWaiting,
    #[error("a full sync is running, started by {by} at {}", since.format("%Y-%m-%d %H:%M:%S UTC"))]
    AlreadyRunning { by: String, since: DateTime<Utc> },
    #[error("the actor no longer has the right")]
    NoLongerAllowed,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<ActError> for ApproveError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::Store(error) => Self::Store(error),
            _ => Self::NoLongerAllowed,
        }
    }
}

/// Records the decision that the leavers of a stopped run are kept.
pub async fn discard(ctx: &Context, run_id: i64, by: &Actor<'_>) -> Result<(), ApproveError> {
    let discarded = admins::act(ctx, by.userid, async |tx| {
        if sync_run::lock_waiting(tx, run_id).await?.is_none() {
            return Err(ApproveError::NotWaiting);
        }
        if !sync_run::decide(tx, run_id, SyncDecision::Discarded, Some(by.userid)).await? {
            return Err(ApproveError::NotWaiting);
        }
        note_decision(
            tx,
            run_id,
            by,
            AuditAction::SyncDiscard,
            SyncDecision::Discarded,
        )
        .await?;
        Ok(())
    })
    .await;
    // Its alert is dismissed with it.
    ctx.alerts.clear();
    discarded
}

/// An administrator's approval of the leavers of a stopped run.
struct Approval {
    run: Run,
    stopped: i64,
    /// Start of the stopped run: people observed since then are kept.
    guard: DateTime<Utc>,
    by: UserId,
    /// The administrator's IP address.
    address: Option<String>,
}

impl Approval {
    fn decider(&self) -> Actor<'_> {
        Actor {
            userid: &self.by,
            address: self.address.as_deref(),
        }
    }
}

/// Starts a run in the background of this process that marks the leavers of a stopped run as left; returns its run
/// id.
///
/// People that DingTalk knows again are skipped. If DingTalk does not answer, nobody is marked, and the stopped run
/// keeps waiting for a decision.
pub async fn approve(ctx: &Context, run_id: i64, by: &Actor<'_>) -> Result<i64, ApproveError> {
    let (sender, begun) = oneshot::channel();
    let background = ctx.clone();
    let (userid, address) = (by.userid.clone(), by.address.map(str::to_owned));
    // `begin` runs in the task too, as in every sync.
    ctx.background.spawn(async move {
        let by = Actor {
            userid: &userid,
            address: address.as_deref(),
        };
        let approval = match begin(&background, run_id, &by).await {
            Ok(approval) => approval,
            Err(error) => {
                let _caller_gone = sender.send(Err(error));
                return;
            }
        };
        let id = approval.run.id;
        let _caller_gone = sender.send(Ok(id));
        if let Err(error) = go_through(&background, &approval).await {
            tracing::error!(run = id, %error, "approved leavers were not processed");
        }
    });
    begun
        .await
        .unwrap_or(Err(StoreError::Unavailable(None).into()))
}

async fn begin(ctx: &Context, stopped: i64, by: &Actor<'_>) -> Result<Approval, ApproveError> {
    fail_interrupted(ctx).await?;
    admins::act(ctx, by.userid, async |tx| {
        let Some(guard) = sync_run::lock_waiting(tx, stopped).await? else {
            return Err(ApproveError::NotWaiting);
        };
        let cause = SyncCause::Approval;
        let begun = sync_run::start(
            tx,
            cause,
            by.userid.as_str(),
            Some(stopped),
            false,
            ctx.instance,
        )
        .await?;
        let run = begun.map_err(|other| ApproveError::AlreadyRunning {
            by: other.by,
            since: other.since,
        })?;
        Ok(Approval {
            run,
            stopped,
            guard,
            by: by.userid.clone(),
            address: by.address.map(str::to_owned),
        })
    })
    .await
}

async fn go_through(ctx: &Context, approval: &Approval) -> Result<(), SyncError> {
    let (run, calls) = (approval.run, Calls::default());
    tracing::info!(
        run = run.id,
        stopped = approval.stopped,
        "approved leavers are being processed"
    );
    let work = Box::pin(carry_out(ctx, approval, &calls));
    let outcome = lease::keep_while(ctx, run, &calls, work).await;
    end_unless_ended(ctx, run, SyncCause::Approval, &calls, &outcome).await?;
    delete_staging(ctx, run).await;
    outcome?.summary.log(run.id);
    Ok(())
}

// Long because the request and the conclusion of a run are written out field by field.
async fn carry_out(
    ctx: &Context,
    approval: &Approval,
    calls: &Calls,
) -> Result<Outcome, SyncError> {
    let failed = |state, problem| {
        let summary = Summary::failed(calls, problem);
        Ok(Outcome::idle(Summary { state, ..summary }))
    };
    let mut writer = PlanWriter::new(ctx, approval.run);
    copy_leavers(&mut writer, approval.stopped).await?;
    let mut answered = false;
    let verified = verify_absent::people(
        &mut writer,
        calls,
        &SkipReason::KnownAgain,
        &mut |_| {},
        &mut |_| answered = true,
    )
    .await;
    match verified {
        Ok(None) => {}
        Ok(Some(error)) => {
            let state = if answered {
                State::Partial
            } else {
                State::Failed
            };
            return failed(state, dingtalk_problem(&error));
        }
        Err(Abort::Problem(problem)) => return failed(State::Failed, *problem),
        Err(Abort::Store(error)) => return Err(error.into()),
    }
    let request = ApplyRequest {
        run: approval.run,
        actor: audit::Actor::Person(&approval.by),
        guard: approval.guard,
        reports_superseded: true,
        records: writer.records,
        counts: writer.counts,
        departments: &DepartmentPlan::default(),
    };
    let conclusion = Conclusion {
        run: approval.run,
        calls,
        state: State::Done,
        problem: None,
        is_complete: false,
        approves: Some((approval.stopped, approval.decider())),
        is_full: false,
    };
    let counts = apply::apply(ctx, &request, &conclusion, &mut |_| {}).await?;
    let planned = Summary::new(State::Done, writer.counts, calls);
    Ok(planned.once_applied(counts, calls))
}

/// Copies the withheld leavers of the stopped run to the plan.
async fn copy_leavers(writer: &mut PlanWriter<'_>, stopped: i64) -> Result<(), StoreError> {
    let withheld = ChangeFilter {
        kind: Some(ChangeKind::Withheld),
        ..ChangeFilter::default()
    };
    let mut offset = 0;
    loop {
        let ctx = writer.ctx;
        let page = ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                sync_list::changes(conn, stopped, &withheld, 1_000, offset).await
            })
            .await?;
        if page.is_empty() {
            return Ok(());
        }
        offset += 1_000;
        let people = page.into_iter().filter_map(|record| {
            let userid = UserId::parse(record.userid?).ok()?;
            Some((userid, record.name))
        });
        writer.append_leavers(people).await?;
    }
}
