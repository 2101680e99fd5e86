//! Decisions of administrators and reviewers about one member of staff: mark as left, restore, end sessions.

mod bulk;
mod restore;

use crate::domain::audit::AuditAction;
use crate::store::Conn;
use uuid::Uuid;

use super::actor::Actor;
use super::admins::{self, ActError, Target};
use super::review::one_line;
use crate::context::Context;
use crate::domain::employment::{Authority, Decision, Observation, decide};
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::LeftCause;
use crate::domain::rights::{Action, Rights};
use crate::store::audit::{self, Entry};
use crate::store::employment::{PeopleLock, lock_people, read, terminate_by_hand};
use crate::store::staff::{self, StaffRow};
use crate::store::{StoreError, admin_grant, web_session};
use crate::upstream::UpstreamError;

pub use bulk::{BulkAction, BulkReport, apply_to_many};
pub use restore::restore;

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
                Some(id) => web_session::end_own(tx, userid, id).await?.map_or(0, |_| 1),
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

async fn note(
    tx: &mut Conn,
    by: &Actor<'_>,
    row: &StaffRow,
    action: AuditAction,
    status: &str,
    reason: &str,
) -> Result<(), StoreError> {
    let entry = Entry {
        userid: Some(row.userid.as_str()),
        unionid: row.unionid.as_ref().map(UnionId::as_str),
        name: Some(&row.name),
        reason: Some(reason).filter(|reason| !reason.is_empty()),
        ip: by.address,
        ..Entry::new(audit::Actor::Person(by.userid), action, status)
    };
    audit::append(tx, &entry).await
}
