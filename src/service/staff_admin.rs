//! Decisions of administrators and reviewers about one member of staff: mark as left, restore, end sessions.

mod bulk;

use std::time::Duration;

use crate::domain::audit::AuditAction;
use crate::store::Conn;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::admins::{self, ActError, Target};
use super::employment;
use super::review::{Actor, one_line};
use crate::context::Context;
use crate::domain::employment::{Authority, Decision, Observation, Reason, decide};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::{LeftCause, Person, Status};
use crate::domain::rights::{Action, Rights};
use crate::store::audit::{self, Entry};
use crate::store::employment::{
    PeopleLock, PersonState, employ, lock_people, read, terminate_by_hand,
};
use crate::store::staff::{self, StaffRow};
use crate::store::{StoreError, admin_grant, unmatched, web_session};
use crate::upstream::{ApiError, Priority, UpstreamError};

pub use bulk::{BulkAction, BulkReport, apply_to_many};

/// Why nothing was done to a member of staff.
#[derive(Debug, thiserror::Error)]
pub enum StaffError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Upstream(UpstreamError),
    #[error("there is no such staff row")]
    NotFound,
    #[error("a reason of 1 to 500 characters is needed")]
    Reason,
    #[error("nobody marks themselves as left")]
    CannotTargetSelf,
    #[error("the person was marked as left by hand already")]
    AlreadyMarkedLeft,
    #[error("the person is employed")]
    NotLeft,
    #[error("DingTalk does not list the person as a member of the company")]
    NotListed,
    #[error("the employed {0} has this unionid")]
    UnionidTaken(UserId),
    #[error("the person is signed in nowhere")]
    NoSessions,
    #[error("the person left after DingTalk was asked")]
    LeftMeanwhile,
    #[error("nobody else could administer")]
    LastAdministrator,
    #[error("the person was rejected")]
    Rejected,
    #[error("{0} has the same unionid and was marked as left by hand")]
    HeldElsewhere(UserId),
    #[error("only administrators decide about administrators")]
    AboutAdministrator,
    #[error("only administrators decide about themselves")]
    AboutSelf,
    #[error("the actor no longer has the right")]
    NoLongerAllowed,
}

impl From<ActError> for StaffError {
    fn from(error: ActError) -> Self {
        match error {
            ActError::NoLongerAllowed => Self::NoLongerAllowed,
            ActError::OutOfScope => Self::NotFound,
            ActError::AboutAdministrator => Self::AboutAdministrator,
            ActError::AboutSelf => Self::AboutSelf,
            ActError::Store(error) => Self::Store(error),
        }
    }
}

impl From<UpstreamError> for StaffError {
    fn from(error: UpstreamError) -> Self {
        match error {
            UpstreamError::Store(error) => Self::Store(error),
            error => Self::Upstream(error),
        }
    }
}

/// Timeout for DingTalk's response.
const LOOKUP_TIMEOUT: Duration = Duration::from_secs(8);

fn checked(reason: &str) -> Result<String, StaffError> {
    one_line(reason)
        .filter(|reason| !reason.is_empty())
        .ok_or(StaffError::Reason)
}

/// Marks a person as left by a decision that only [`restore`] ends, whatever events and syncs say, and ends all
/// sessions in the same transaction; returns the previous row and the number of sessions.
pub async fn leave(
    ctx: &Context,
    by: &Actor<'_>,
    userid: &UserId,
    reason: &str,
) -> Result<(StaffRow, u64), StaffError> {
    let reason = checked(reason)?;
    ctx.db
        .tx(async |tx| {
            admin_grant::serialise(tx).await?;
            let people = &mut lock_people(tx, std::slice::from_ref(userid)).await?;
            staff::lock(people, userid).await?;
            let rights = admins::check_actor(ctx, people, by.userid, Action::Decide).await?;
            check_target(ctx, people, by, &rights, userid).await?;
            let left = leave_in(people, by, userid, &reason).await?;
            if admins::is_nobody_left(ctx, people).await? {
                return Err(StaffError::LastAdministrator);
            }
            Ok(left)
        })
        .await
}

/// Does what [`leave`] does, within a transaction; refuses before anything is written.
async fn leave_in(
    people: &mut PeopleLock<'_>,
    by: &Actor<'_>,
    userid: &UserId,
    reason: &str,
) -> Result<(StaffRow, u64), StaffError> {
    if by.userid == userid {
        return Err(StaffError::CannotTargetSelf);
    }
    let now = staff::now(people).await?;
    let state = read(people, userid, None, now).await?;
    let row = state.row.ok_or(StaffError::NotFound)?;
    let dismissal = Observation::at(now, false);
    if decide(&state.current, &dismissal, Authority::Dismissal)
        != Decision::Terminate(LeftCause::Manual)
    {
        return Err(StaffError::AlreadyMarkedLeft);
    }
    let ended = web_session::end_all_of(people, userid).await?;
    terminate_by_hand(people, userid, by.userid.as_str(), reason).await?;
    note(people, by, &row, AuditAction::StaffLeft, "manual", reason).await?;
    Ok((row, ended))
}

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
            employ(people, person, asked_at).await.map_err(|error| {
                // The unionid was taken just after the check above: the next attempt names the holder.
                if error.violates(staff::EMPLOYED_UNIONID) {
                    StoreError::Unavailable(None)
                } else {
                    error
                }
            })?;
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
            let held = state.held_elsewhere.as_ref().unwrap_or(&person.userid);
            return Err(StaffError::HeldElsewhere(held.clone()));
        }
        _ => return Err(StaffError::NotLeft),
    }
    refuse_rival(people, person).await?;
    // A restore does not end a rejection, under either id.
    let unionid = person.unionid.as_ref();
    let rejection = unmatched::rejection(people, unionid, Some(&person.userid)).await?;
    rejection.map_or(Ok(()), |_| Err(StaffError::Rejected))
}

/// Fails unless somebody with these rights may decide about the person; the unionid is that of the row.
async fn check_target(
    ctx: &Context,
    tx: &mut Conn,
    by: &Actor<'_>,
    rights: &Rights,
    userid: &UserId,
) -> Result<(), StaffError> {
    let row = staff::find(tx, userid).await?;
    let target = Target::new(userid, row.and_then(|row| row.unionid).as_ref());
    Ok(admins::check_target(ctx, tx, by.userid, rights, &target).await?)
}

async fn refuse_rival(tx: &mut Conn, person: &Person) -> Result<(), StaffError> {
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

/// Ends one session of a person, or all of them for a reason; returns the name and the number of sessions.
pub async fn end_sessions(
    ctx: &Context,
    by: &Actor<'_>,
    userid: &UserId,
    session: Option<Uuid>,
    reason: &str,
) -> Result<(String, u64), StaffError> {
    let reason = match session {
        None => checked(reason)?,
        Some(_) => one_line(reason).ok_or(StaffError::Reason)?,
    };
    ctx.db
        .tx(async |tx| {
            admin_grant::serialise_shared(tx).await?;
            let row = staff::lock(tx, userid).await?.ok_or(StaffError::NotFound)?;
            let rights = admins::check_actor(ctx, tx, by.userid, Action::Decide).await?;
            check_target(ctx, tx, by, &rights, userid).await?;
            let ended = match session {
                None => web_session::end_all_of(tx, userid).await?,
                Some(id) => end_one(tx, userid, id).await?,
            };
            if ended > 0 {
                note(
                    tx,
                    by,
                    &row,
                    AuditAction::SessionEnd,
                    &ended.to_string(),
                    &reason,
                )
                .await?;
            }
            Ok((row.name, ended))
        })
        .await
}

/// Ends a session if it belongs to this person: the page names the person whose devices are meant.
async fn end_one(tx: &mut Conn, userid: &UserId, id: Uuid) -> Result<u64, StaffError> {
    let is_theirs = web_session::list_of(tx, userid)
        .await?
        .iter()
        .any(|session| session.id == id);
    if !is_theirs {
        return Ok(0);
    }
    Ok(web_session::end_one(tx, id).await?.map_or(0, |_| 1))
}

async fn note(
    tx: &mut Conn,
    by: &Actor<'_>,
    row: &StaffRow,
    action: AuditAction,
    status: &str,
    reason: &str,
) -> Result<(), StoreError> {
    let entry = Entry {
        actor: audit::Actor::Person(by.userid),
        action,
        userid: Some(row.userid.as_str()),
        unionid: row.unionid.as_ref().map(UnionId::as_str),
        name: Some(&row.name),
        status,
        reason: Some(reason).filter(|reason| !reason.is_empty()),
        reference: None,
        ip: by.address,
    };
    audit::append(tx, &entry).await
}
