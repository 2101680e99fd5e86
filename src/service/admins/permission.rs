//! Checks, in the transaction that acts, what the actor may do, and to which people.

use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::rights::{Action, Rights, Role};
use crate::store::{Conn, StoreError, admin_grant, staff, staff_list};

/// Why an action was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ActError {
    #[error("the actor no longer has the right")]
    NoLongerAllowed,
    /// Treated as not found: a limited reviewer learns nothing about other people.
    #[error("the person is outside the departments that the actor is limited to")]
    OutOfScope,
    #[error("only administrators decide about administrators")]
    AboutAdministrator,
    #[error("nobody but an administrator decides about themselves")]
    AboutSelf,
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// The person an action concerns.
#[derive(Debug, Clone, Default)]
pub struct Target {
    /// The userids of all staff rows that may be the person's.
    pub userids: Vec<String>,
    pub unionid: Option<UnionId>,
}

impl Target {
    pub fn new(userid: &UserId, unionid: Option<&UnionId>) -> Self {
        Self {
            userids: vec![userid.as_str().to_owned()],
            unionid: unionid.cloned(),
        }
    }
}

/// Fails unless a person who is about to act still may, and locks that right until the commit; returns the rights.
/// [`admin_grant::serialise`] or [`admin_grant::serialise_shared`] and the locks of staff rows must precede it.
pub async fn check_actor(
    ctx: &Context,
    tx: &mut Conn,
    userid: &UserId,
    action: Action,
) -> Result<Rights, ActError> {
    admin_grant::lock_rights(tx, userid).await?;
    let rights = admin_grant::rights(tx, userid, None, &ctx.config.login.admins).await?;
    rights
        .filter(|rights| rights.may(action))
        .ok_or(ActError::NoLongerAllowed)
}

/// Fails unless somebody with these rights may decide about a person: within the granted departments and, but for
/// administrators, neither about administrators nor about themselves.
pub async fn check_target(
    ctx: &Context,
    tx: &mut Conn,
    by: &UserId,
    rights: &Rights,
    target: &Target,
) -> Result<(), ActError> {
    if !staff_list::are_within(tx, &target.userids, &rights.scope()).await? {
        return Err(ActError::OutOfScope);
    }
    check_protected(ctx, tx, by, rights, target).await
}

/// Fails for a reviewer if the person is an administrator or the reviewer. Whether the person is within the granted
/// departments is checked by the caller.
pub async fn check_protected(
    ctx: &Context,
    tx: &mut Conn,
    by: &UserId,
    rights: &Rights,
    target: &Target,
) -> Result<(), ActError> {
    if rights.role() == Role::Admin {
        return Ok(());
    }
    let own = staff::find(tx, by).await?.and_then(|row| row.unionid);
    let is_own = |userid: &String| userid == by.as_str();
    if target.userids.iter().any(is_own) || own.is_some() && own == target.unionid {
        return Err(ActError::AboutSelf);
    }
    let listed = &ctx.config.login.admins;
    let (userids, unionid) = (&target.userids, target.unionid.as_ref());
    if admin_grant::is_administrators(tx, userids, unionid, listed).await? {
        return Err(ActError::AboutAdministrator);
    }
    Ok(())
}

/// Runs an administrator's action in one transaction, unless the actor has lost the right meanwhile. For actions that
/// lock no staff row.
pub async fn act<T, E: From<ActError> + From<StoreError>>(
    ctx: &Context,
    userid: &UserId,
    action: impl AsyncFnOnce(&mut Conn) -> Result<T, E> + Clone,
) -> Result<T, E> {
    ctx.db
        .tx(async |tx| {
            admin_grant::serialise_shared(tx).await?;
            check_actor(ctx, tx, userid, Action::Administer).await?;
            action(tx).await
        })
        .await
}
