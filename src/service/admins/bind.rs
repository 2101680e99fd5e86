//! Binding the entries of `DINGGATE_ADMINS`: each userid, once, to the unionid that DingTalk names.

use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::service::upstream::{self, Priority, UpstreamError};
use crate::store::audit::{self, Entry};
use crate::store::{Conn, StoreError, admin_grant};

/// Asks DingTalk about each listed userid that was never bound, and binds it; one that DingTalk does not know
/// is bound to nobody. Fails where DingTalk does not answer, and is then to be called again.
pub async fn bind_listed(ctx: &Context) -> Result<(), UpstreamError> {
    let listed = &ctx.config.login.admins;
    if listed.is_empty() {
        return Ok(());
    }
    let unbound = ctx
        .db
        .read(async |conn| admin_grant::unbound(conn, listed).await)
        .await?;
    let mut failed = None;
    for userid in &unbound {
        let unionid = match upstream::user(ctx, Priority::Join, userid).await {
            Ok(person) if person.unionid.is_none() => {
                // The app may lack the permission; a login names the pair as well.
                tracing::warn!(%userid, "an entry of DINGGATE_ADMINS is not bound: DingTalk names no unionid");
                continue;
            }
            Ok(person) => person.unionid,
            Err(error) if error.is_unknown_person() => None,
            Err(error @ UpstreamError::Store(_)) => return Err(error),
            // One unreadable record must not keep the others from being bound.
            Err(error) => {
                failed = Some(error);
                continue;
            }
        };
        ctx.db
            .tx(async |tx| bind(ctx, tx, userid, unionid.as_ref()).await)
            .await?;
    }
    failed.map_or(Ok(()), Err)
}

/// Binds the entry of somebody who signs in, unless it is bound: DingTalk has just named the pair.
pub async fn bind_at_login(
    ctx: &Context,
    tx: &mut Conn,
    userid: &UserId,
    unionid: &UnionId,
) -> Result<(), StoreError> {
    if !ctx.config.login.admins.contains(userid) {
        return Ok(());
    }
    bind(ctx, tx, userid, Some(unionid)).await
}

async fn bind(
    ctx: &Context,
    tx: &mut Conn,
    userid: &UserId,
    unionid: Option<&UnionId>,
) -> Result<(), StoreError> {
    if !admin_grant::bind(tx, userid, unionid).await? {
        return Ok(());
    }
    let demanded = ctx.config.login.admins.demanded(userid);
    let status = match unionid {
        None => "unknown",
        Some(unionid) if demanded.is_some_and(|demanded| demanded != unionid) => "contradicted",
        Some(_) => "bound",
    };
    if status == "bound" {
        tracing::info!(%userid, "an entry of DINGGATE_ADMINS is bound to its account");
    } else {
        tracing::warn!(%userid, status, "an entry of DINGGATE_ADMINS has no effect");
    }
    let entry = Entry {
        actor: audit::Actor::System,
        action: "admin.bind",
        userid: Some(userid.as_str()),
        unionid: unionid.map(UnionId::as_str),
        status,
        ..Entry::default()
    };
    audit::append(tx, &entry).await
}
