//! Approval: DingTalk is asked first, with no transaction open; its answer is written only if neither the case nor
//! the person has changed meanwhile.

use std::time::Duration;

use crate::domain::audit::AuditAction;
use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::{Decision, RejectedDecision, ReviewError, check_actor, decide};
use crate::context::Context;
use crate::domain::case::CaseState;
use crate::domain::employment::{self as rule, Authority, Observation, Reason};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{Person, Status};
use crate::domain::rights::{Rights, Scope};
use crate::service::actor::Actor;
use crate::service::admins::Target;
use crate::service::{admins, employment};
use crate::store::audit::{self, Entry};
use crate::store::employment::{PeopleLock, PersonState, employ, lock_people, read};
use crate::store::review_job::Place;
use crate::store::staff::{self, StaffRow};
use crate::store::unmatched::{self, Case};
use crate::store::{admin_grant, staff_list};
use crate::upstream::{ApiError, Priority, UpstreamError};

/// Timeout for all of DingTalk's responses together.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(8);

/// Approves a person DingTalk lists as an internal member: the staff row is added or updated, and employed.
/// With `link`, only if that is the row that DingTalk names, and the row has no unionid or another one.
pub async fn approve(
    ctx: &Context,
    by: &Actor<'_>,
    case_id: i64,
    link: Option<&str>,
) -> Result<Case, ReviewError> {
    approve_in_job(ctx, by, case_id, link, None).await
}

pub(super) async fn approve_in_job(
    ctx: &Context,
    by: &Actor<'_>,
    case_id: i64,
    link: Option<&str>,
    place: Option<Place>,
) -> Result<Case, ReviewError> {
    let (case, asked_at) = read_waiting(ctx, by, case_id, link).await?;
    let answer = tokio::time::timeout(LOOKUP_TIMEOUT, ask(ctx, &case, asked_at, link)).await;
    let person = answer.unwrap_or_else(|_| Err(timed_out()))?;
    let decision = Decision {
        by,
        state: CaseState::Approved,
        action: AuditAction::ReviewApprove,
        reason: None,
        place,
    };
    admit(ctx, &case, &person, asked_at, &decision).await?;
    ctx.waiting_cases.clear();
    Ok(case)
}

fn timed_out() -> ReviewError {
    ReviewError::Upstream(UpstreamError::Api(ApiError::Timeout {
        api: "topapi/v2/user/get",
    }))
}

/// Reads the case and the time, and checks everything that can be checked without DingTalk.
async fn read_waiting(
    ctx: &Context,
    by: &Actor<'_>,
    case_id: i64,
    link: Option<&str>,
) -> Result<(Case, DateTime<Utc>), ReviewError> {
    ctx.db
        .tx(async |conn| {
            admin_grant::serialise_shared(conn).await?;
            let case = unmatched::find(conn, case_id)
                .await?
                .ok_or(ReviewError::NotFound)?;
            let rights = check_actor(ctx, conn, by, &case).await?;
            if case.state != CaseState::Waiting {
                return Err(RejectedDecision::NotWaiting.into());
            }
            if let Some(userid) = link {
                check_link(conn, &case, userid, &rights.scope()).await?;
            }
            let asked_at = staff::now(conn).await?;
            Ok((case, asked_at))
        })
        .await
}

async fn check_link(
    conn: &mut Conn,
    case: &Case,
    userid: &str,
    scope: &Scope,
) -> Result<(), ReviewError> {
    // A person outside the scope is reported as no person: otherwise anybody's userid could be tried here.
    let is_within = staff_list::are_within(conn, &[userid.to_owned()], scope).await?;
    let row = match UserId::parse(userid) {
        Ok(userid) if is_within => staff::find(conn, &userid).await?,
        _ => None,
    };
    let row = row.ok_or_else(|| RejectedDecision::NoSuchRow(userid.to_owned()))?;
    refuse_held(&row)?;
    if row.unionid.as_ref() == Some(&case.unionid) {
        return Err(RejectedDecision::HasThisUnionid(row.userid).into());
    }
    Ok(())
}

fn refuse_held(row: &StaffRow) -> Result<(), RejectedDecision> {
    if row.is_held {
        Err(RejectedDecision::Held(row.userid.clone()))
    } else {
        Ok(())
    }
}

/// Asks DingTalk who the person of a case is, and about every employed person whose unionid conflicts.
async fn ask(
    ctx: &Context,
    case: &Case,
    asked_at: DateTime<Utc>,
    link: Option<&str>,
) -> Result<Person, ReviewError> {
    let contact = listed(
        ctx.dingtalk
            .userid_by_unionid(Priority::Join, &case.unionid)
            .await,
    )?;
    if !contact.is_internal {
        return Err(RejectedDecision::External.into());
    }
    if link.is_some_and(|userid| userid != contact.userid.as_str()) {
        return Err(RejectedDecision::SomebodyElse(contact.userid).into());
    }
    let mut person = listed(ctx.dingtalk.user(Priority::Join, &contact.userid).await)?;
    // If the app may not read the unionid, the result of the lookup by unionid confirms it.
    if person.unionid.get_or_insert_with(|| case.unionid.clone()) != &case.unionid {
        return Err(RejectedDecision::OtherUnionid(contact.userid).into());
    }
    employment::settle_unionid(ctx, Priority::Join, &person, asked_at).await?;
    Ok(person)
}

fn listed<T>(answer: Result<T, UpstreamError>) -> Result<T, ReviewError> {
    answer.map_err(|error| {
        if error.is_unknown_person() {
            RejectedDecision::NotListed.into()
        } else {
            error.into()
        }
    })
}

/// Writes the approval and the employment, unless something has changed meanwhile.
async fn admit(
    ctx: &Context,
    case: &Case,
    person: &Person,
    asked_at: DateTime<Utc>,
    decision: &Decision<'_>,
) -> Result<(), ReviewError> {
    ctx.db
        .tx(async |tx| {
            // The approval may give the row another account, which ends the rights of the former one.
            admin_grant::serialise(tx).await?;
            let people = &mut lock_people(tx, std::slice::from_ref(&person.userid)).await?;
            let unionid = person.unionid.as_ref();
            let state = read(people, &person.userid, unionid, asked_at).await?;
            let rights = check_actor(ctx, people, decision.by, case).await?;
            // Somebody without a row is in no department yet: what the approval writes decides, below.
            if state.row.is_some() {
                check_target(ctx, people, decision.by, &rights, person).await?;
            }
            check_person(people, &state, case, person, asked_at).await?;
            // The unionid may have been taken just after the check above: the next attempt names the holder.
            employ(people, person, asked_at)
                .await
                .map_err(|error| error.retry_if_violates(staff::EMPLOYED_UNIONID))?;
            // The employment itself closes a waiting case.
            match unmatched::lock(people, case.id)
                .await?
                .map(|case| case.state)
            {
                Some(CaseState::Waiting | CaseState::Closed) => {}
                Some(_) => return Err(RejectedDecision::NotWaiting.into()),
                None => return Err(ReviewError::NotFound),
            }
            let approved = Case {
                userid: Some(person.userid.clone()),
                ..case.clone()
            };
            decide(ctx, people, &approved, decision).await?;
            record_employment(people, state.row.as_ref(), person, decision).await?;
            if admins::is_nobody_left(ctx, people).await? {
                return Err(RejectedDecision::LastAdministrator.into());
            }
            // DingTalk may have named other departments since.
            check_target(ctx, people, decision.by, &rights, person).await
        })
        .await
}

/// Fails unless somebody with these rights may decide about the person DingTalk has named for the case.
async fn check_target(
    ctx: &Context,
    tx: &mut Conn,
    by: &Actor<'_>,
    rights: &Rights,
    person: &Person,
) -> Result<(), ReviewError> {
    let target = Target::new(&person.userid, person.unionid.as_ref());
    Ok(admins::check_target(ctx, tx, by.userid, rights, &target).await?)
}

/// Refuses an approval that the rule of employment, another decision or another employed row forbids.
async fn check_person(
    people: &mut PeopleLock<'_>,
    state: &PersonState,
    case: &Case,
    person: &Person,
    asked_at: DateTime<Utc>,
) -> Result<(), ReviewError> {
    let listing = Observation::at(asked_at, true);
    let decision = rule::decide(&state.current, &listing, Authority::Approval);
    match decision {
        rule::Decision::Add | rule::Decision::Return | rule::Decision::Update => {}
        rule::Decision::Ignore(Reason::Held) => {
            return Err(RejectedDecision::Held(person.userid.clone()).into());
        }
        rule::Decision::Ignore(Reason::HeldElsewhere) | rule::Decision::UpdateKeepingUnionid => {
            let held = state.held_elsewhere.as_ref().unwrap_or(&person.userid);
            return Err(RejectedDecision::Held(held.clone()).into());
        }
        _ => return Err(RejectedDecision::LeftMeanwhile.into()),
    }
    // Another case of this person: an approval does not end its rejection, which applies to either id.
    if let Some(rejection) =
        unmatched::rejection(people, Some(&case.unionid), Some(&person.userid)).await?
        && rejection.case_id != case.id
    {
        return Err(RejectedDecision::RejectedElsewhere(rejection.case_id).into());
    }
    let holder = staff::find_by_unionid(people, &case.unionid).await?;
    match holder
        .filter(|holder| holder.status == Status::Employed && holder.userid != person.userid)
    {
        Some(holder) => Err(RejectedDecision::UnionidTaken(holder.userid).into()),
        None => Ok(()),
    }
}

/// Audits that the approval has added or restored a person.
async fn record_employment(
    tx: &mut Conn,
    row: Option<&StaffRow>,
    person: &Person,
    decision: &Decision<'_>,
) -> Result<(), ReviewError> {
    let actor = audit::Actor::Person(decision.by.userid);
    employment::record_unionid_change(tx, actor, decision.by.address, row, person).await?;
    let action = match row.map(|row| row.status) {
        None => AuditAction::StaffAdded,
        Some(Status::Left) => AuditAction::StaffReturned,
        Some(Status::Employed) => return Ok(()),
    };
    let entry = Entry {
        actor,
        action,
        userid: Some(person.userid.as_str()),
        unionid: person.unionid.as_ref().map(UnionId::as_str),
        name: Some(&person.name),
        status: Status::Employed.as_str(),
        reason: None,
        reference: None,
        ip: decision.by.address,
    };
    Ok(audit::append(tx, &entry).await?)
}
