//! Restores a person who has left, if DingTalk lists them.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{StaffError, check_target, checked, note};
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::employment::{Authority, Decision, Observation, Reason, decide};
use crate::domain::ids::UserId;
use crate::domain::person::{Person, Status};
use crate::domain::rights::Action;
use crate::service::actor::Actor;
use crate::service::{admins, employment};
use crate::store::employment::{PeopleLock, PersonState, employ, lock_people, read};
use crate::store::staff::{self, StaffRow};
use crate::store::{Conn, admin_grant, audit, unmatched};
use crate::upstream::{ApiError, Priority, UpstreamError};

/// Timeout for DingTalk's response.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(8);

/// Employs a person again who had left for any reason, if DingTalk lists them; returns the name.
pub async fn restore(
    ctx: &Context,
    by: &Actor<'_>,
    userid: &UserId,
    reason: &str,
) -> Result<String, StaffError> {
    let reason = checked(reason)?;
    let (row, asked_at) = read_leaver(ctx, by, userid).await?;
    let mut person =
        match tokio::time::timeout(LOOKUP_TIMEOUT, ctx.dingtalk.user(Priority::Join, userid)).await
        {
            Ok(Ok(person)) => person,
            Ok(Err(error)) if error.is_unknown_person() => return Err(StaffError::NotListed),
            Ok(Err(error)) => return Err(error.into()),
            Err(_) => {
                return Err(UpstreamError::Api(ApiError::Timeout {
                    api: "topapi/v2/user/get",
                })
                .into());
            }
        };
    person.unionid = person.unionid.or(row.unionid);
    settle_unionid(ctx, &person, asked_at).await?;
    write_restored(ctx, by, &person, asked_at, &reason).await?;
    Ok(person.name)
}

/// Looks up the employed holder of the person's unionid, because that row may be out of date.
async fn settle_unionid(
    ctx: &Context,
    person: &Person,
    asked_at: DateTime<Utc>,
) -> Result<(), StaffError> {
    let settled = employment::settle_unionid(ctx, Priority::Join, person, asked_at);
    match tokio::time::timeout(LOOKUP_TIMEOUT, settled).await {
        Ok(settled) => Ok(settled?),
        Err(_) => Err(UpstreamError::Api(ApiError::Timeout {
            api: "topapi/v2/user/get",
        })
        .into()),
    }
}

/// Reads the row, if the actor may decide about the person: nobody else may cause calls to DingTalk.
async fn read_leaver(
    ctx: &Context,
    by: &Actor<'_>,
    userid: &UserId,
) -> Result<(StaffRow, DateTime<Utc>), StaffError> {
    let asked_at = employment::time_now(ctx).await?;
    let found = ctx.db.tx(async |tx| {
        admin_grant::serialise_shared(tx).await?;
        let rights = admins::check_actor(ctx, tx, by.userid, Action::Decide).await?;
        check_target(ctx, tx, by, &rights, userid).await?;
        Ok::<_, StaffError>(staff::find(tx, userid).await?)
    });
    let row = found.await?.ok_or(StaffError::NotFound)?;
    if row.status == Status::Left {
        Ok((row, asked_at))
    } else {
        Err(StaffError::NotLeft)
    }
}

async fn write_restored(
    ctx: &Context,
    by: &Actor<'_>,
    person: &Person,
    asked_at: DateTime<Utc>,
    reason: &str,
) -> Result<(), StaffError> {
    ctx.db
        .tx(async |tx| {
            admin_grant::serialise_shared(tx).await?;
            let people = &mut lock_people(tx, std::slice::from_ref(&person.userid)).await?;
            let unionid = person.unionid.as_ref();
            let state = read(people, &person.userid, unionid, asked_at).await?;
            let row = state.row.as_ref().ok_or(StaffError::NotFound)?;
            let rights = admins::check_actor(ctx, people, by.userid, Action::Decide).await?;
            check_target(ctx, people, by, &rights, &person.userid).await?;
            check_leaver(people, &state, person, asked_at).await?;
            // The unionid may have been taken just after the check above: the next attempt names the holder.
            employ(people, person, asked_at)
                .await
                .map_err(|error| error.retry_if_violates(staff::EMPLOYED_UNIONID))?;
            employment::record_unionid_change(
                people,
                audit::Actor::Person(by.userid),
                by.address,
                Some(row),
                person,
            )
            .await?;
            note(
                people,
                by,
                row,
                AuditAction::StaffRestored,
                Status::Employed.as_str(),
                reason,
            )
            .await?;
            // DingTalk may have named other departments since.
            check_target(ctx, tx, by, &rights, &person.userid).await
        })
        .await
}

/// Refuses a restore that the rule of employment, another employed row or another decision forbids.
async fn check_leaver(
    people: &mut PeopleLock<'_>,
    state: &PersonState,
    person: &Person,
    asked_at: DateTime<Utc>,
) -> Result<(), StaffError> {
    let listing = Observation::at(asked_at, true);
    match decide(&state.current, &listing, Authority::Restore) {
        Decision::Return => {}
        Decision::Ignore(Reason::LeftSince) => return Err(StaffError::LeftMeanwhile),
        Decision::Ignore(Reason::HeldElsewhere) => {
            let owner = state.held_elsewhere.as_ref().unwrap_or(&person.userid);
            return Err(StaffError::HeldElsewhere(owner.clone()));
        }
        _ => return Err(StaffError::NotLeft),
    }
    refuse_taken_unionid(people, person).await?;
    // A restore does not end a rejection, under either id.
    let unionid = person.unionid.as_ref();
    let rejection = unmatched::rejection(people, unionid, Some(&person.userid)).await?;
    rejection.map_or(Ok(()), |_| Err(StaffError::Rejected))
}

async fn refuse_taken_unionid(tx: &mut Conn, person: &Person) -> Result<(), StaffError> {
    let Some(unionid) = &person.unionid else {
        return Ok(());
    };
    let holder = staff::find_by_unionid(tx, unionid).await?;
    match holder
        .filter(|holder| holder.status == Status::Employed && holder.userid != person.userid)
    {
        Some(holder) => Err(StaffError::UnionidTaken(holder.userid)),
        None => Ok(()),
    }
}
