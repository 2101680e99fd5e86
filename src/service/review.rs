//! The review of people who scanned and could not be let in: approve, reject, re-open; one at a time or in bulk.

mod approve;
mod bulk;
mod directory_lookup;
mod error;
mod waiting_count;

pub use approve::approve;
pub use bulk::{ReviewLane, start_bulk};
pub use directory_lookup::{LookupLane, request_lookup};
pub use error::{RejectedDecision, ReviewError};
pub use waiting_count::waiting_count;

use crate::domain::audit::AuditAction;
use crate::store::Conn;

use super::actor::Actor;
use super::admins::{self, ActError, Target};
use super::webhooks;
use crate::context::Context;
use crate::domain::case::{CaseState, DecisionScope};
use crate::domain::ids::UserId;
use crate::domain::queue::LaneName;
use crate::domain::rights::{Action, Rights};
use crate::store::audit::{self, Entry};
use crate::store::review_job::{self, Place};
use crate::store::unmatched::{self, Case, lookup};
use crate::store::{StoreError, admin_grant, staff, web_session};

/// Maximum length of a reason, in characters.
pub const MAX_REASON: usize = 500;

/// Returns a reason as it is stored: one line, trimmed; `None` if it is too long. Postgres rejects NUL.
pub(super) fn one_line(reason: &str) -> Option<String> {
    let line: String = reason
        .chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect();
    let line = line.trim();
    (line.chars().count() <= MAX_REASON).then(|| line.to_owned())
}

/// Rejects a person for a reason: until the case is re-opened no event, sync or approval lets the person in. Ends
/// all sessions of the person in the same transaction.
pub async fn reject(
    ctx: &Context,
    by: &Actor<'_>,
    case_id: i64,
    reason: &str,
) -> Result<Case, ReviewError> {
    reject_in_job(ctx, by, case_id, reason, None).await
}

async fn reject_in_job(
    ctx: &Context,
    by: &Actor<'_>,
    case_id: i64,
    reason: &str,
    place: Option<Place>,
) -> Result<Case, ReviewError> {
    let reason = one_line(reason)
        .filter(|reason| !reason.is_empty())
        .ok_or(ReviewError::Reason)?;
    let rejected = ctx
        .db
        .tx(async |tx| {
            admin_grant::serialise(tx).await?;
            let case = unmatched::find(tx, case_id)
                .await?
                .ok_or(ReviewError::NotFound)?;
            end_sessions(tx, &case).await?;
            check_actor(ctx, tx, by, &case).await?;
            if lock_unchanged(tx, &case).await? != CaseState::Waiting {
                return Err(RejectedDecision::NotWaiting.into());
            }
            let decision = Decision {
                by,
                state: CaseState::Rejected,
                action: AuditAction::ReviewReject,
                reason: Some(&reason),
                place,
            };
            decide(ctx, tx, &case, &decision).await?;
            if admins::is_nobody_left(ctx, tx).await? {
                return Err(RejectedDecision::LastAdministrator.into());
            }
            Ok(case)
        })
        .await;
    ctx.waiting_cases.clear();
    rejected
}

/// Ends the sessions of the people with the unionid or the userid of a case. The staff rows are locked first, so
/// that a concurrent login ends before this or sees the rejection.
async fn end_sessions(tx: &mut Conn, case: &Case) -> Result<(), StoreError> {
    let holder = staff::find_by_unionid(tx, &case.unionid)
        .await?
        .map(|row| row.userid);
    let mut userids: Vec<UserId> = holder.into_iter().chain(case.userid.clone()).collect();
    userids.sort();
    userids.dedup();
    staff::lock_all(tx, &userids).await?;
    for userid in &userids {
        web_session::end_all_of(tx, userid).await?;
    }
    Ok(())
}

/// Locks a case, after the people: as everywhere. Fails if it names another userid than when it was read, because a
/// login or a lookup came between: the rights were checked, and the sessions ended, for that one.
async fn lock_unchanged(tx: &mut Conn, case: &Case) -> Result<CaseState, ReviewError> {
    let locked = unmatched::lock(tx, case.id).await?;
    let locked = locked.ok_or(ReviewError::NotFound)?;
    if locked.userid == case.userid {
        Ok(locked.state)
    } else {
        Err(StoreError::Unavailable(None).into())
    }
}

/// Fails unless the actor still has the right to decide about the person of this case; returns the rights.
async fn check_actor(
    ctx: &Context,
    tx: &mut Conn,
    by: &Actor<'_>,
    case: &Case,
) -> Result<Rights, ReviewError> {
    let rights = admins::check_actor(ctx, tx, by.userid, Action::Decide).await?;
    let scope = rights.scope();
    if unmatched::within(tx, &[case.id], &scope).await?.is_empty() {
        return Err(ReviewError::NotFound);
    }
    check_protected(ctx, tx, by.userid, &rights, case).await?;
    Ok(rights)
}

/// Fails for a reviewer if the person of this case is an administrator or the reviewer.
pub async fn check_protected(
    ctx: &Context,
    conn: &mut Conn,
    by: &UserId,
    rights: &Rights,
    case: &Case,
) -> Result<(), ActError> {
    let target = Target {
        userids: linked_rows(conn, case).await?,
        unionid: Some(case.unionid.clone()),
    };
    admins::check_protected(ctx, conn, by, rights, &target).await
}

/// Returns the userids of the staff rows that have one of the ids of a case, and the userid that DingTalk has named.
async fn linked_rows(tx: &mut Conn, case: &Case) -> Result<Vec<String>, StoreError> {
    let holder = staff::find_by_unionid(tx, &case.unionid).await?;
    let holder = holder.map(|row| row.userid);
    let userids = holder.into_iter().chain(case.userid.clone());
    Ok(userids.map(UserId::into_string).collect())
}

/// Returns a decided or closed case to waiting. This lets nobody in.
pub async fn reopen(
    ctx: &Context,
    by: &Actor<'_>,
    case_id: i64,
    reason: &str,
) -> Result<Case, ReviewError> {
    reopen_in_job(ctx, by, case_id, reason, None).await
}

async fn reopen_in_job(
    ctx: &Context,
    by: &Actor<'_>,
    case_id: i64,
    reason: &str,
    place: Option<Place>,
) -> Result<Case, ReviewError> {
    let reason = one_line(reason).ok_or(ReviewError::Reason)?;
    let reason = Some(reason.as_str()).filter(|reason| !reason.is_empty());
    let reopened = ctx
        .db
        .tx(async |tx| {
            admin_grant::serialise_shared(tx).await?;
            let case = unmatched::find(tx, case_id)
                .await?
                .ok_or(ReviewError::NotFound)?;
            if case.state == CaseState::Rejected {
                // A session started at the moment of the rejection is not valid now, and must not become valid when
                // the case is re-opened.
                end_sessions(tx, &case).await?;
            }
            check_actor(ctx, tx, by, &case).await?;
            if lock_unchanged(tx, &case).await? == CaseState::Waiting {
                return Err(RejectedDecision::StillWaiting.into());
            }
            let decision = Decision {
                by,
                state: CaseState::Waiting,
                action: AuditAction::ReviewReopen,
                reason,
                place,
            };
            decide(ctx, tx, &case, &decision).await?;
            lookup::schedule(tx, case.id).await?;
            Ok(case)
        })
        .await;
    ctx.waiting_cases.clear();
    ctx.work.wake(LaneName::ReviewLookups);
    reopened
}

/// Limits a rejection to the account, where the userid was given to somebody else: from now on it binds the unionid
/// alone. This ends no session and starts none.
pub async fn limit_to_account(
    ctx: &Context,
    by: &Actor<'_>,
    case_id: i64,
) -> Result<Case, ReviewError> {
    ctx.db
        .tx(async |tx| {
            admin_grant::serialise_shared(tx).await?;
            let case = unmatched::find(tx, case_id)
                .await?
                .ok_or(ReviewError::NotFound)?;
            check_actor(ctx, tx, by, &case).await?;
            lock_unchanged(tx, &case).await?;
            if !unmatched::limit_to_account(tx, case_id).await? {
                return Err(RejectedDecision::NotLimitable.into());
            }
            let entry = Entry {
                userid: case.userid.as_ref().map(UserId::as_str),
                unionid: Some(case.unionid.as_str()),
                name: Some(&case.nick),
                reference: Some(&case.last_request_id),
                ip: by.address,
                ..Entry::new(
                    audit::Actor::Person(by.userid),
                    AuditAction::ReviewLimit,
                    DecisionScope::Account.as_str(),
                )
            };
            audit::append(tx, &entry).await?;
            Ok(case)
        })
        .await
}

/// What is recorded about a decision.
struct Decision<'a> {
    by: &'a Actor<'a>,
    state: CaseState,
    action: AuditAction,
    reason: Option<&'a str>,
    /// The person's position in a bulk job, which is settled in the same transaction as the decision, so that an
    /// instance taking the job over does not decide twice.
    place: Option<Place>,
}

/// Records a decision, in the transaction that carries it out.
async fn decide(
    ctx: &Context,
    tx: &mut Conn,
    case: &Case,
    decision: &Decision<'_>,
) -> Result<(), StoreError> {
    unmatched::decide(
        tx,
        case.id,
        decision.state,
        decision.by.userid,
        decision.reason,
    )
    .await?;
    if decision.state != CaseState::Waiting {
        lookup::withdraw(tx, case.id).await?;
    }
    if let Some(place) = decision.place {
        review_job::settle(tx, place, None).await?;
    }
    let entry = Entry {
        actor: audit::Actor::Person(decision.by.userid),
        action: decision.action,
        userid: case.userid.as_ref().map(UserId::as_str),
        unionid: Some(case.unionid.as_str()),
        name: Some(&case.nick),
        status: decision.state.as_str(),
        reason: decision.reason,
        reference: Some(&case.last_request_id),
        ip: decision.by.address,
    };
    audit::append(tx, &entry).await?;
    webhooks::announce_decision(ctx, tx, case, decision.by.userid, decision.state).await
}
