//! Who may administer: those whom the settings name, and those who were made administrators.

use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::Status;
use crate::store::audit::{self, Entry};
use crate::store::staff::{self, StaffRow};
use crate::store::{StoreError, admin_grant};

/// An administrator, and what makes them one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    pub userid: UserId,
    /// None where the staff table does not hold the person.
    pub name: Option<String>,
    pub is_in_settings: bool,
    pub is_granted: bool,
}

/// Why a person cannot be made an administrator.
#[derive(Debug, thiserror::Error)]
pub enum GrantError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "{0} is not in the staff table: let the person sign in or run `dinggate sync` first, or name the userid in DINGGATE_ADMINS"
    )]
    Unknown(UserId),
    #[error("{0} has left: only who works here can be an administrator")]
    Left(UserId),
}

/// Why a person stays an administrator, or never was one.
#[derive(Debug, thiserror::Error)]
pub enum RevokeError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(
        "{0} is an administrator through DINGGATE_ADMINS: take the userid out there and start again"
    )]
    InSettings(UserId),
    #[error("{0} is not an administrator")]
    NotGranted(UserId),
}

/// Whether the person may administer; those in the settings may without any grant.
pub async fn is_admin(ctx: &Context, userid: &UserId) -> Result<bool, StoreError> {
    if ctx.config.login.admins.contains(userid) {
        return Ok(true);
    }
    ctx.db
        .read(async |conn| admin_grant::exists(conn, userid).await)
        .await
}

/// Makes an employed person an administrator; false where a grant stood already.
pub async fn grant(ctx: &Context, userid: &UserId, actor: &str) -> Result<bool, GrantError> {
    ctx.db
        .tx(async |tx| {
            // Locked, so that a leaving cannot slip in between.
            let person = staff::lock(tx, userid).await?;
            let person = person.ok_or_else(|| GrantError::Unknown(userid.clone()))?;
            if person.status != Status::Employed {
                return Err(GrantError::Left(userid.clone()));
            }
            let is_new = admin_grant::insert(tx, userid, actor).await?;
            if is_new {
                let line = entry(actor, "admin.grant", "granted", userid, Some(&person));
                audit::append(tx, &line).await?;
            }
            Ok(is_new)
        })
        .await
}

/// Takes a grant back. The person stays signed in, without the administrator's pages.
pub async fn revoke(ctx: &Context, userid: &UserId, actor: &str) -> Result<(), RevokeError> {
    if ctx.config.login.admins.contains(userid) {
        return Err(RevokeError::InSettings(userid.clone()));
    }
    ctx.db
        .tx(async |tx| {
            let person = staff::find(tx, userid).await?;
            if !admin_grant::delete(tx, userid).await? {
                return Err(RevokeError::NotGranted(userid.clone()));
            }
            let line = entry(actor, "admin.revoke", "revoked", userid, person.as_ref());
            audit::append(tx, &line).await?;
            Ok(())
        })
        .await
}

/// All administrators, by userid.
pub async fn list(ctx: &Context) -> Result<Vec<Administrator>, StoreError> {
    let settings = &ctx.config.login.admins;
    let named: Vec<String> = settings.iter().map(ToString::to_string).collect();
    let rows = ctx
        .db
        .read(async |conn| admin_grant::list(conn, &named).await)
        .await?;
    Ok(rows
        .into_iter()
        .map(|row| Administrator {
            is_in_settings: settings.contains(&row.userid),
            userid: row.userid,
            name: row.name,
            is_granted: row.is_granted,
        })
        .collect())
}

fn entry<'a>(
    actor: &'a str,
    action: &'static str,
    status: &'a str,
    userid: &'a UserId,
    person: Option<&'a StaffRow>,
) -> Entry<'a> {
    Entry {
        actor,
        action,
        userid: Some(userid.as_str()),
        unionid: person
            .and_then(|person| person.unionid.as_ref())
            .map(UnionId::as_str),
        name: person.map(|person| person.name.as_str()),
        status,
        ..Entry::default()
    }
}
