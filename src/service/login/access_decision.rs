//! Decides who may sign in, by the staff table and by DingTalk, in this order.

use super::{ExternalIdentity, LoginError};
use crate::config::UnknownStaff;
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::case::Refusal;
use crate::domain::employment::{self as rule, Authority, Observation, Reason};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{Person, Status};
use crate::service::{admins, employment};
use crate::store::audit::{self, Entry};
use crate::store::employment::{employ, lock_people, read, read_unlocked};
use crate::store::staff::{self, StaffRow};
use crate::store::{StoreError, unmatched};
use crate::upstream::{Contact, Priority, UpstreamError};

/// The decision.
pub(super) enum Decision {
    Employed(UserId),
    Refused(Denial),
}

/// A refusal, and the person it concerns.
pub(super) struct Denial {
    pub refusal: Refusal,
    pub userid: Option<UserId>,
    /// Whether to recheck the person later.
    pub look: bool,
}

fn refused(refusal: Refusal, userid: Option<UserId>) -> Decision {
    Decision::Refused(Denial {
        refusal,
        userid,
        look: false,
    })
}

/// Decides about a caller. The tables are checked before DingTalk is asked.
pub(super) async fn decide(
    ctx: &Context,
    caller: &ExternalIdentity,
) -> Result<Decision, LoginError> {
    let (is_rejected, row) = known(ctx, caller).await?;
    if is_rejected {
        // The case gains the userid that DingTalk names, and shows which id matched.
        let named = caller.userid.clone();
        return Ok(refused(
            Refusal::Rejected,
            named.or_else(|| row.map(|row| row.userid)),
        ));
    }
    let row = match row {
        Some(row) if row.status == Status::Left => {
            return Ok(refused(Refusal::Left, Some(row.userid)));
        }
        row => row,
    };
    let Some(contact) = look_up_member(ctx, caller, row.as_ref()).await? else {
        return Ok(match row {
            Some(row) => Decision::Refused(Denial {
                refusal: Refusal::Left,
                userid: Some(row.userid),
                look: true,
            }),
            None => refused(Refusal::NotEmployee, None),
        });
    };
    if !contact.is_internal {
        return Ok(refused(Refusal::NotEmployee, Some(contact.userid)));
    }
    // For the row's userid this was checked before DingTalk was asked.
    if row.as_ref().is_none_or(|row| row.userid != contact.userid)
        && has_rejection(ctx, caller, &contact.userid).await?
    {
        return Ok(refused(Refusal::Rejected, Some(contact.userid)));
    }
    match row {
        Some(row) if row.userid == contact.userid => Ok(Decision::Employed(row.userid)),
        Some(_) => Ok(refused(Refusal::PendingReview, Some(contact.userid))),
        None => without_row(ctx, caller, contact.userid).await,
    }
}

async fn known(
    ctx: &Context,
    caller: &ExternalIdentity,
) -> Result<(bool, Option<StaffRow>), StoreError> {
    ctx.db
        .read(async |conn| {
            let row = staff::find_by_unionid(conn, &caller.unionid).await?;
            let userid = row.as_ref().map(|row| &row.userid);
            let userid = caller.userid.as_ref().or(userid);
            let rejection = unmatched::rejection(conn, Some(&caller.unionid), userid).await?;
            Ok((rejection.is_some(), row))
        })
        .await
}

/// Returns whether the caller's unionid, or the userid that DingTalk names, was rejected.
async fn has_rejection(
    ctx: &Context,
    caller: &ExternalIdentity,
    userid: &UserId,
) -> Result<bool, StoreError> {
    let rejection = ctx
        .db
        .read(async |conn| unmatched::rejection(conn, Some(&caller.unionid), Some(userid)).await)
        .await?;
    Ok(rejection.is_some())
}

/// Asks DingTalk which member of the company the caller is; returns `None` if it knows nobody.
async fn look_up_member(
    ctx: &Context,
    caller: &ExternalIdentity,
    row: Option<&StaffRow>,
) -> Result<Option<Contact>, UpstreamError> {
    // An in-app code already names the userid, but an external contact has one, too.
    if let Some(userid) =
        (caller.userid.as_ref()).filter(|userid| row.is_some_and(|row| row.userid == **userid))
    {
        return Ok(Some(Contact {
            userid: userid.clone(),
            is_internal: true,
        }));
    }
    match ctx
        .dingtalk
        .userid_by_unionid(Priority::Login, &caller.unionid)
        .await
    {
        Ok(contact) => Ok(Some(contact)),
        Err(error) if error.is_unknown_person() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Decides about a member of the company whose unionid is in no row.
async fn without_row(
    ctx: &Context,
    caller: &ExternalIdentity,
    userid: UserId,
) -> Result<Decision, LoginError> {
    let listed = &ctx.config.login.admins;
    let (decision, is_administrator) = ctx
        .db
        .read(async |conn| {
            let now = staff::now(conn).await?;
            let state = read_unlocked(conn, &userid, Some(&caller.unionid), now).await?;
            let listing = Observation::at(now, true);
            let decision = rule::decide(&state.current, &listing, Authority::Provision);
            let is_administrator =
                admins::may_enter_unreviewed(conn, listed, &userid, &caller.unionid).await?;
            Ok::<_, StoreError>((decision, is_administrator))
        })
        .await?;
    let may_be_added =
        is_administrator || ctx.config.login.unknown_staff == UnknownStaff::Provision;
    match decision {
        rule::Decision::Ignore(Reason::HasLeft | Reason::Held | Reason::LeftSince) => {
            Ok(refused(Refusal::Left, Some(userid)))
        }
        rule::Decision::Add if may_be_added => provision(ctx, caller, userid).await,
        // With a row, somebody decides whether this is the same person.
        _ => Ok(refused(Refusal::PendingReview, Some(userid))),
    }
}

/// Adds a person DingTalk confirms to be in the company.
async fn provision(
    ctx: &Context,
    caller: &ExternalIdentity,
    userid: UserId,
) -> Result<Decision, LoginError> {
    let asked_at = employment::time_now(ctx).await?;
    let mut person = match ctx.dingtalk.user(Priority::Login, &userid).await {
        Ok(person) => person,
        Err(error) if error.is_unknown_person() => {
            return Ok(refused(Refusal::PendingReview, Some(userid)));
        }
        Err(error) => return Err(error.into()),
    };
    if *person.unionid.get_or_insert_with(|| caller.unionid.clone()) != caller.unionid {
        return Ok(refused(Refusal::PendingReview, Some(userid)));
    }
    let added = ctx
        .db
        .tx(async |tx| {
            let people = &mut lock_people(tx, std::slice::from_ref(&userid)).await?;
            // Another transaction may have decided while DingTalk answered.
            let state = read(people, &userid, person.unionid.as_ref(), asked_at).await?;
            let answer = Observation::at(asked_at, true);
            let decision = rule::decide(&state.current, &answer, Authority::Provision);
            let rejection =
                unmatched::rejection(people, Some(&caller.unionid), Some(&userid)).await?;
            if decision != rule::Decision::Add || rejection.is_some() {
                return Ok(false);
            }
            employ(people, &person, asked_at).await?;
            audit::append(people, &addition(&person)).await?;
            Ok::<_, StoreError>(true)
        })
        .await;
    match added {
        Ok(true) => Ok(Decision::Employed(userid)),
        Ok(false) => decide_after_conflict(ctx, caller, userid).await,
        Err(error) if error.violates(staff::EMPLOYED_UNIONID) => {
            decide_after_conflict(ctx, caller, userid).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Decides by what another transaction has just written about the person.
async fn decide_after_conflict(
    ctx: &Context,
    caller: &ExternalIdentity,
    userid: UserId,
) -> Result<Decision, LoginError> {
    if has_rejection(ctx, caller, &userid).await? {
        return Ok(refused(Refusal::Rejected, Some(userid)));
    }
    let (_, row) = known(ctx, caller).await?;
    Ok(match row {
        Some(row) if row.userid == userid && row.status == Status::Employed => {
            Decision::Employed(userid)
        }
        Some(row) if row.status == Status::Employed => {
            refused(Refusal::PendingReview, Some(userid))
        }
        _ => refused(Refusal::Left, Some(userid)),
    })
}

fn addition(person: &Person) -> Entry<'_> {
    Entry {
        userid: Some(person.userid.as_str()),
        unionid: person.unionid.as_ref().map(UnionId::as_str),
        name: Some(&person.name),
        ..Entry::new(audit::Actor::System, AuditAction::StaffAdded, "employed")
    }
}

/// Returns why a person who was about to be signed in is refused.
pub(super) async fn denial_reason(
    ctx: &Context,
    caller: &ExternalIdentity,
) -> Result<Refusal, StoreError> {
    let (is_rejected, _) = known(ctx, caller).await?;
    Ok(if is_rejected {
        Refusal::Rejected
    } else {
        Refusal::Left
    })
}
