//! Administrators' actions on several members of staff at once: one transaction, in which a refusal for one person
//! does not stop the others.

use crate::domain::audit::AuditAction;
use crate::domain::closed_set::closed_set;
use crate::store::Conn;
use crate::store::employment::{PeopleLock, lock_people};

use super::{StaffError, check_target, checked, leave_in, note};
use crate::context::Context;
use crate::domain::ids::UserId;
use crate::domain::rights::{Action, Rights};
use crate::service::actor::Actor;
use crate::service::admins;
use crate::store::{StoreError, admin_grant, staff, staff_list, web_session};

/// The result for one person: how many sessions were ended, or why nothing was done.
#[derive(Debug)]
pub struct BulkReport {
    pub userid: UserId,
    /// Empty if there is no such person.
    pub name: String,
    pub result: Result<u64, StaffError>,
}

closed_set! {
    /// The bulk action, as forms spell it.
    pub enum BulkAction {
        Leave = "leave",
        EndSessions = "end-sessions",
    }
}

/// Applies one action to each of these people for a reason, with an audit entry for each person affected; returns
/// the outcomes in the order of the userids, or [`StaffError::NotFound`] if the actor's scope covers none of them.
pub async fn apply_to_many(
    ctx: &Context,
    by: &Actor<'_>,
    action: BulkAction,
    userids: &[UserId],
    reason: &str,
) -> Result<Vec<BulkReport>, StaffError> {
    let reason = checked(reason)?;
    let mut userids = userids.to_vec();
    userids.sort_by(|one, other| one.as_str().cmp(other.as_str()));
    userids.dedup();
    ctx.db
        .tx(async |tx| {
            admin_grant::serialise(tx).await?;
            // Locked before any row: concurrent writers of several of these people wait and do not deadlock.
            let people = &mut lock_people(tx, &userids).await?;
            // Rows before rights, as in all code that locks both.
            staff::lock_all(people, &userids).await?;
            let rights = admins::check_actor(ctx, people, by.userid, Action::Decide).await?;
            if rights.scope().is_limited() && !is_any_within(people, &userids, &rights).await? {
                return Err(StaffError::NotFound);
            }
            let mut outcomes = Vec::with_capacity(userids.len());
            for userid in &userids {
                let done = people.savepoint(async |people| {
                    one(ctx, people, (by, &rights), action, userid, &reason).await
                });
                outcomes.push(match done.await {
                    Err(StaffError::LastAdministrator) => {
                        last_administrator(people, userid).await?
                    }
                    done => done?,
                });
            }
            Ok(outcomes)
        })
        .await
}

async fn is_any_within(
    tx: &mut Conn,
    userids: &[UserId],
    rights: &Rights,
) -> Result<bool, StoreError> {
    let userids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    let within = staff_list::chosen(tx, &userids, &rights.scope()).await?;
    Ok(!within.is_empty())
}

/// Returns the outcome for the last administrator.
async fn last_administrator(tx: &mut Conn, userid: &UserId) -> Result<BulkReport, StaffError> {
    let name = staff::find(tx, userid).await?.map(|row| row.name);
    Ok(refused(userid, name, StaffError::LastAdministrator))
}

/// Acts on one person. All refusals except that of the last administrator come before anything is written; that one
/// is returned as an error, which undoes the writes.
async fn one(
    ctx: &Context,
    people: &mut PeopleLock<'_>,
    (by, rights): (&Actor<'_>, &Rights),
    action: BulkAction,
    userid: &UserId,
    reason: &str,
) -> Result<BulkReport, StaffError> {
    let name = staff::find(people, userid).await?.map(|row| row.name);
    if let Err(error) = check_target(ctx, people, by, rights, userid).await {
        return match error {
            StaffError::Store(error) => Err(error.into()),
            // The name of a person outside the scope is not reported.
            StaffError::NotFound => Ok(refused(userid, None, error)),
            error => Ok(refused(userid, name, error)),
        };
    }
    let result = match action {
        BulkAction::Leave => leave_in(people, by, userid, reason)
            .await
            .map(|(_, ended)| ended),
        BulkAction::EndSessions => end_all(people, by, userid, reason).await,
    };
    match result {
        Err(StaffError::Store(error)) => Err(error.into()),
        Ok(_) if action == BulkAction::Leave && admins::is_nobody_left(ctx, people).await? => {
            Err(StaffError::LastAdministrator)
        }
        result => Ok(BulkReport {
            userid: userid.clone(),
            name: name.unwrap_or_default(),
            result,
        }),
    }
}

fn refused(userid: &UserId, name: Option<String>, error: StaffError) -> BulkReport {
    BulkReport {
        userid: userid.clone(),
        name: name.unwrap_or_default(),
        result: Err(error),
    }
}

async fn end_all(
    tx: &mut Conn,
    by: &Actor<'_>,
    userid: &UserId,
    reason: &str,
) -> Result<u64, StaffError> {
    let row = staff::lock(tx, userid).await?.ok_or(StaffError::NotFound)?;
    let ended = web_session::end_all_of(tx, userid).await?;
    if ended == 0 {
        return Err(StaffError::NoSessions);
    }
    note(
        tx,
        by,
        &row,
        AuditAction::SessionEnd,
        &ended.to_string(),
        reason,
    )
    .await?;
    Ok(ended)
}
