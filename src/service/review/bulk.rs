//! Bulk decisions: a job that any instance works on, and takes over when the instance working on it dies.

use std::panic::AssertUnwindSafe;

use futures_util::FutureExt as _;

use super::approve::approve_in_job;
use super::{ReviewError, one_line, reject_in_job, reopen_in_job};
use crate::context::Context;
use crate::domain::case::ReviewAction;
use crate::domain::ids::UserId;
use crate::domain::queue::LaneName;
use crate::domain::rights::{Action, Scope};
use crate::service::actor::Actor;
use crate::service::queue::{ClaimBatch, Lane, Outcome, PlainError, Pool, Process, Task, Urgency};
use crate::store::review_job::{self, Item, Job, Place};
use crate::store::{StoreError, admin_grant, unmatched};

/// The outcome for a person without a decision because the job's creator no longer has the right.
const NO_LONGER_ALLOWED: &str = "no_longer_admin";
/// The outcome for a person whose decision failed for a reason in Dinggate.
const FAULT: &str = "fault";

/// Stores a job about these cases and returns its id; a rejection needs a reason. Cases that do not exist or that the
/// scope does not cover are left out; if none is left, the error is [`ReviewError::NotFound`].
pub async fn start_bulk(
    ctx: &Context,
    by: &UserId,
    scope: &Scope,
    action: ReviewAction,
    reason: &str,
    case_ids: &[i64],
) -> Result<i64, ReviewError> {
    let reason = one_line(reason).ok_or(ReviewError::Reason)?;
    if action == ReviewAction::Reject && reason.is_empty() {
        return Err(ReviewError::Reason);
    }
    let created = ctx
        .db
        .read(async |conn| {
            let covered = unmatched::within(conn, case_ids, scope).await?;
            let in_order = |id: &i64| covered.contains(id);
            let ids: Vec<i64> = case_ids.iter().copied().filter(in_order).collect();
            review_job::create(conn, action, &reason, by, &ids).await
        })
        .await?;
    created.ok_or(ReviewError::NotFound)
}

/// The lane of bulk reviews: one job at a time, which any instance takes over when this one dies.
pub struct ReviewLane {
    ctx: Context,
    claimed: Option<i64>,
}

impl ReviewLane {
    /// Creates the lane without a claim.
    pub fn new(ctx: &Context) -> Self {
        Self {
            ctx: ctx.clone(),
            claimed: None,
        }
    }
}

impl Task for Job {
    type Subject = i64;
    type Error = PlainError;

    fn subject(&self) -> i64 {
        self.id
    }

    fn urgency(&self) -> Urgency {
        Urgency::now(false, true)
    }

    /// A job is claimed once.
    fn merge(&mut self, _same: Self) {}
}

impl Lane for ReviewLane {
    type Task = Job;
    type Claim = ();

    const NAME: LaneName = LaneName::Reviews;
    const CONCURRENCY: usize = 1;

    fn process(&self) -> Process<Job> {
        let ctx = self.ctx.clone();
        Box::new(move |job| {
            let (ctx, job) = (ctx.clone(), job.clone());
            Box::pin(async move {
                match work_job(&ctx, &job).await {
                    Ok(()) => Outcome::Done,
                    Err(error) => Outcome::Failed(PlainError::Recorded(error.to_string())),
                }
            })
        })
    }

    fn next_claim(&self, _pool: &Pool<Job>) -> Option<()> {
        self.claimed.is_none().then_some(())
    }

    async fn claim(&mut self, (): ()) -> Result<ClaimBatch<Job>, StoreError> {
        let (db, instance) = (&self.ctx.db, self.ctx.instance);
        let job = db
            .read(async |conn| review_job::claim(conn, instance).await)
            .await?;
        self.claimed = job.as_ref().map(|job| job.id);
        Ok(ClaimBatch::for_slots(job.into_iter().collect(), 1))
    }

    /// A job that failed, or was taken over, is left to its lease.
    async fn finish(&mut self, _job: Job, _: Outcome<PlainError>) -> Result<(), StoreError> {
        self.claimed = None;
        Ok(())
    }

    async fn renew(&mut self) -> Result<(), StoreError> {
        let (db, instance) = (&self.ctx.db, self.ctx.instance);
        let ids: Vec<i64> = self.claimed.into_iter().collect();
        db.read(async |conn| review_job::renew(conn, instance, &ids).await)
            .await?;
        Ok(())
    }
}

/// Works on a job until every person in it has an outcome, or the job is taken over. A refusal does not stop the rest.
/// Fails if Postgres does, and the job can then be taken over.
async fn work_job(ctx: &Context, job: &Job) -> Result<(), StoreError> {
    while let Some(item) = next_item(ctx, job).await? {
        let is_claimed = ctx
            .db
            .read(async |conn| review_job::is_claimed(conn, job.id, ctx.instance).await);
        if !is_claimed.await? {
            tracing::warn!(job = job.id, "review job taken over by another instance");
            return Ok(());
        }
        let work = AssertUnwindSafe(Box::pin(work_item(ctx, job, &item)));
        if let Ok(done) = work.catch_unwind().await {
            done?;
        } else {
            // It would panic again, on each instance that takes the job over.
            tracing::error!(
                job = job.id,
                position = item.position,
                "bulk review panicked for one case"
            );
            let place = Place {
                job_id: job.id,
                position: item.position,
            };
            refuse(ctx, place, FAULT).await?;
        }
    }
    Ok(())
}

/// Returns the next person of a job; finishes the job if there is none.
async fn next_item(ctx: &Context, job: &Job) -> Result<Option<Item>, StoreError> {
    ctx.db
        .read(async |conn| {
            let item = review_job::next_item(conn, job.id).await?;
            if item.is_none() {
                review_job::finish(conn, job.id).await?;
            }
            Ok(item)
        })
        .await
}

async fn work_item(ctx: &Context, job: &Job, item: &Item) -> Result<(), StoreError> {
    let place = Place {
        job_id: job.id,
        position: item.position,
    };
    if !may_decide(ctx, job).await? {
        return refuse(ctx, place, NO_LONGER_ALLOWED).await;
    }
    let by = Actor {
        userid: &job.created_by,
        address: None,
    };
    let done = match job.action {
        ReviewAction::Approve => approve_in_job(ctx, &by, item.case_id, None, Some(place)).await,
        ReviewAction::Reject => {
            reject_in_job(ctx, &by, item.case_id, &job.reason, Some(place)).await
        }
        ReviewAction::Reopen => {
            reopen_in_job(ctx, &by, item.case_id, &job.reason, Some(place)).await
        }
    };
    let outcome = match done {
        Ok(_) => return Ok(()),
        Err(ReviewError::Store(error @ StoreError::Unavailable(_))) => return Err(error),
        Err(error) => outcome(&error),
    };
    refuse(ctx, place, &outcome).await
}

/// Returns whether the job's creator still has the right under the same pair: nothing is decided in the name
/// of somebody who has left, or whose rights were revoked meanwhile.
async fn may_decide(ctx: &Context, job: &Job) -> Result<bool, StoreError> {
    let (by, listed) = (&job.created_by, &ctx.config.login.admins);
    let unionid = job.created_by_unionid.as_ref();
    let rights = ctx
        .db
        .read(async |conn| admin_grant::rights(conn, by, unionid, listed).await)
        .await?;
    Ok(rights.is_some_and(|rights| rights.may(Action::Decide)))
}

async fn refuse(ctx: &Context, place: Place, outcome: &str) -> Result<(), StoreError> {
    let settled = ctx
        .db
        .read(async |conn| review_job::settle(conn, place, Some(outcome)).await);
    settled.await?;
    Ok(())
}

/// Returns a refusal as it is stored: its code, and the userid that it concerns.
fn outcome(error: &ReviewError) -> String {
    match error {
        ReviewError::Refused(objection) => match objection.subject() {
            Some(userid) => format!("{}:{userid}", objection.code()),
            None => objection.code().to_owned(),
        },
        ReviewError::NoLongerAllowed => NO_LONGER_ALLOWED.to_owned(),
        ReviewError::NotFound => "not_found".to_owned(),
        ReviewError::Reason => "reason".to_owned(),
        ReviewError::Upstream(error) if error.is_unavailable() => "unavailable".to_owned(),
        ReviewError::Upstream(error) => {
            tracing::error!(%error, "DingTalk refused a question of a review job");
            "misconfigured".to_owned()
        }
        ReviewError::Store(error) => {
            tracing::error!(%error, "bulk review failed for one case");
            FAULT.to_owned()
        }
    }
}
