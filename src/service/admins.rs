//! Roles: pairs of userid and unionid that have a grant, or that `DINGGATE_ADMINS` lists as administrators.

mod bind;
mod list;
mod permission;

use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::listed_admins::ListedAdmins;
use crate::domain::person::Status;
use crate::domain::rights::{Rights, Role};
use crate::store::admin_grant::Binding;
use crate::store::audit::{self, Entry};
use crate::store::staff::{self, StaffRow};
use crate::store::{Conn, StoreError, admin_grant, department, unmatched};

pub use bind::{bind_at_login, bind_listed};
pub use list::{Administrator, administrators, list};
pub use permission::{ActError, Target, act, check_actor, check_protected, check_target};

/// What a grant has changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GrantOutcome {
    Unchanged,
    /// The person had no grant in force.
    Granted,
    /// The person had these rights before.
    Changed(Rights),
}

/// Why a person cannot be given a role.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "{0} is not in the staff table: let the person sign in or run `dinggate sync` first, or name the userid in DINGGATE_ADMINS"
    )]
    Unknown(UserId),
    #[error("{0} has left: only who works here can have a role")]
    Left(UserId),
    #[error(
        "{0} is an administrator through DINGGATE_ADMINS, which grants no other role: take the userid out there and start again"
    )]
    InSettings(UserId),
    #[error("there is no department {}: run `dinggate sync` if it is new", list_of(.0))]
    UnknownDepartments(Vec<DeptId>),
    #[error(
        "the unionid of {0} is not known yet: let the person sign in or run `dinggate sync` first"
    )]
    NoUnionid(UserId),
    #[error(
        "the account of {userid} has changed: the entry in DINGGATE_ADMINS is bound to unionid {bound}, and the staff table has {current}. If that is the right person, run `dinggate admin grant {userid} --rebind`"
    )]
    AccountChanged {
        userid: UserId,
        bound: UnionId,
        current: UnionId,
    },
}

/// Why an administrator's grant was not revoked.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "{0} is an administrator through DINGGATE_ADMINS: take the userid out there and start again"
    )]
    InSettings(UserId),
    #[error("{0} is not an administrator and has no other role")]
    NotGranted(UserId),
}

/// Returns whether no administrator would be left, in a transaction that has just ended somebody's rights.
/// [`admin_grant::serialise`] must precede it.
pub async fn is_nobody_left(ctx: &Context, tx: &mut Conn) -> Result<bool, StoreError> {
    Ok(admin_grant::count(tx, &ctx.config.login.admins).await? == 0)
}

/// Returns whether a login adds this member to the staff table without a review: the settings list the pair, its
/// rights have not been ended, and neither id has a row or a decision.
pub async fn may_enter_unreviewed(
    conn: &mut Conn,
    listed: &ListedAdmins,
    userid: &UserId,
    unionid: &UnionId,
) -> Result<bool, StoreError> {
    let is_named = listed.contains(userid)
        && listed
            .demanded(userid)
            .is_none_or(|demanded| demanded == unionid);
    if !is_named
        || unmatched::rejection(conn, Some(unionid), Some(userid))
            .await?
            .is_some()
        || staff::find(conn, userid).await?.is_some()
        || staff::find_by_unionid(conn, unionid).await?.is_some()
        || staff::leave_event_time(conn, userid).await?.is_some()
    {
        return Ok(false);
    }
    Ok(match admin_grant::binding(conn, userid).await? {
        Some(binding) => !binding.is_ended && binding.unionid.as_ref() == Some(unionid),
        None => true,
    })
}

/// Gives an employed person a role under their present pair, in place of any other by a grant. The role of an
/// administrator also puts an entry in the settings back in force; one that is bound to another account only with
/// `rebinds`.
pub async fn grant(
    ctx: &Context,
    userid: &UserId,
    rights: &Rights,
    rebinds: bool,
    actor: audit::Actor<'_>,
) -> Result<GrantOutcome, GrantError> {
    let is_listed = ctx.config.login.admins.contains(userid);
    if is_listed && rights.role() != Role::Admin {
        return Err(GrantError::InSettings(userid.clone()));
    }
    ctx.db
        .tx(async |tx| {
            // As in a revocation: the role of an administrator may end here.
            admin_grant::serialise(tx).await?;
            // Locked, so that the person cannot leave in between.
            let person = staff::lock(tx, userid).await?;
            let person = person.ok_or_else(|| GrantError::Unknown(userid.clone()))?;
            if person.status != Status::Employed {
                return Err(GrantError::Left(userid.clone()));
            }
            let Some(unionid) = person.unionid.clone() else {
                return Err(GrantError::NoUnionid(userid.clone()));
            };
            check_departments(tx, rights).await?;
            let before = admin_grant::granted(tx, userid, &unionid).await?;
            let mut is_changed = before.as_ref() != Some(rights);
            if is_changed {
                admin_grant::upsert(tx, userid, &unionid, rights, actor.name()).await?;
            }
            if is_listed {
                let bound = admin_grant::binding(tx, userid).await?;
                refuse_other_account(userid, &unionid, bound, rebinds)?;
                is_changed |= admin_grant::rebind(tx, userid, &unionid).await?;
            }
            if !is_changed {
                return Ok(GrantOutcome::Unchanged);
            }
            let before = before.filter(|before| before != rights);
            record_grant(tx, actor, &person, before.as_ref(), rights).await?;
            Ok(before.map_or(GrantOutcome::Granted, GrantOutcome::Changed))
        })
        .await
}

async fn check_departments(tx: &mut Conn, rights: &Rights) -> Result<(), GrantError> {
    let scope = rights.scope();
    let Some(ids) = scope.departments() else {
        return Ok(());
    };
    let names = department::names(tx, ids).await?;
    let is_unknown = |id: &DeptId| !names.iter().any(|names| names.dept_id == *id);
    let unknown: Vec<DeptId> = ids.iter().copied().filter(is_unknown).collect();
    if unknown.is_empty() {
        Ok(())
    } else {
        Err(GrantError::UnknownDepartments(unknown))
    }
}

fn list_of(ids: &[DeptId]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(", ")
}

/// Audits a grant: the rights before, if there were any, and the rights now.
async fn record_grant(
    tx: &mut Conn,
    actor: audit::Actor<'_>,
    person: &StaffRow,
    before: Option<&Rights>,
    now: &Rights,
) -> Result<(), StoreError> {
    let (status, change) = match before {
        Some(before) => ("changed", format!("{before} → {now}")),
        None => ("granted", now.to_string()),
    };
    let line = Entry {
        reason: Some(&change),
        ..entry(
            actor,
            AuditAction::AdminGrant,
            status,
            &person.userid,
            Some(person),
        )
    };
    audit::append(tx, &line).await
}

fn refuse_other_account(
    userid: &UserId,
    unionid: &UnionId,
    binding: Option<Binding>,
    rebinds: bool,
) -> Result<(), GrantError> {
    let bound = binding.and_then(|binding| binding.unionid);
    match bound.filter(|bound| !rebinds && bound != unionid) {
        Some(bound) => Err(GrantError::AccountChanged {
            userid: userid.clone(),
            bound,
            current: unionid.clone(),
        }),
        None => Ok(()),
    }
}

/// Revokes a grant; returns its role. The person stays signed in, without the administration pages.
pub async fn revoke(
    ctx: &Context,
    userid: &UserId,
    actor: audit::Actor<'_>,
) -> Result<Role, RevokeError> {
    if ctx.config.login.admins.contains(userid) {
        return Err(RevokeError::InSettings(userid.clone()));
    }
    ctx.db
        .tx(async |tx| {
            // The admin pages count the remaining administrators; two concurrent changes could remove the last one.
            admin_grant::serialise(tx).await?;
            let person = staff::find(tx, userid).await?;
            let Some(revoked) = admin_grant::delete(tx, userid).await? else {
                return Err(RevokeError::NotGranted(userid.clone()));
            };
            let line = Entry {
                reason: Some(&revoked.to_string()),
                ..entry(
                    actor,
                    AuditAction::AdminRevoke,
                    "revoked",
                    userid,
                    person.as_ref(),
                )
            };
            audit::append(tx, &line).await?;
            Ok(revoked.role())
        })
        .await
}

fn entry<'a>(
    actor: audit::Actor<'a>,
    action: AuditAction,
    status: &'a str,
    userid: &'a UserId,
    person: Option<&'a StaffRow>,
) -> Entry<'a> {
    Entry {
        userid: Some(userid.as_str()),
        unionid: person
            .and_then(|person| person.unionid.as_ref())
            .map(UnionId::as_str),
        name: person.map(|person| person.name.as_str()),
        ..Entry::new(actor, action, status)
    }
}
