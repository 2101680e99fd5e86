//! Binds each userid in `DINGGATE_ADMINS`, once, to the unionid that DingTalk returns for it.

use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::Status;
use crate::service::employment::{self, Trigger, Warrant};
use crate::store::audit::{self, Entry};
use crate::store::employment::lock_people;
use crate::store::{Conn, StoreError, admin_grant, staff};
use crate::upstream::{Priority, UpstreamError};

/// Lookups per entry before the next wait.
const TRIES: usize = 2;

/// Looks up each listed userid that was never bound, and binds it; one that DingTalk does not know is bound to
/// nobody. Returns whether no entry is left to retry. Fails if DingTalk does not answer; the call must then be
/// repeated, too.
pub async fn bind_listed(ctx: &Context) -> Result<bool, UpstreamError> {
    let listed = &ctx.config.login.admins;
    if listed.is_empty() {
        return Ok(true);
    }
    let unbound = ctx
        .db
        .read(async |conn| admin_grant::unbound(conn, listed).await)
        .await?;
    let mut is_done = true;
    let mut failed = None;
    for userid in &unbound {
        match bind_one(ctx, userid).await {
            Ok(is_settled) => is_done &= is_settled,
            Err(error @ UpstreamError::Store(_)) => return Err(error),
            // One unreadable record must not keep the others from being bound.
            Err(error) => failed = Some(error),
        }
    }
    failed.map_or(Ok(is_done), Err)
}

/// Binds one entry; returns false if the employed row of the userid has another unionid than DingTalk returns.
async fn bind_one(ctx: &Context, userid: &UserId) -> Result<bool, UpstreamError> {
    for _ in 0..TRIES {
        let unionid = match ctx.dingtalk.user(Priority::Join, userid).await {
            Ok(person) if person.unionid.is_none() => {
                // The app may lack the permission; a login also names the pair.
                tracing::warn!(%userid, "DINGGATE_ADMINS entry not bound: DingTalk returned no unionid");
                return Ok(true);
            }
            Ok(person) => person.unionid,
            Err(error) if error.is_unknown_person() => None,
            Err(error) => return Err(error),
        };
        let is_settled = ctx
            .db
            .tx(async |tx| bind_unless_changed(ctx, tx, userid, unionid.as_ref()).await)
            .await?;
        if is_settled {
            return Ok(true);
        }
        // Either the response or the row is out of date: another lookup updates the row.
        employment::refresh_person(ctx, Priority::Join, userid, Trigger::Event, Warrant::None)
            .await?;
    }
    tracing::warn!(%userid, "DINGGATE_ADMINS entry not bound yet: the unionid in the staff table differs from DingTalk's");
    Ok(false)
}

/// Binds an entry unless the employed row of the userid has another unionid: the account may have changed since
/// DingTalk answered. A later change sees the binding and ends it.
async fn bind_unless_changed(
    ctx: &Context,
    tx: &mut Conn,
    userid: &UserId,
    unionid: Option<&UnionId>,
) -> Result<bool, StoreError> {
    let people = &mut lock_people(tx, std::slice::from_ref(userid)).await?;
    let row = staff::lock(people, userid).await?;
    let has_changed = row.is_some_and(|row| {
        row.status == Status::Employed && unionid.is_some() && row.unionid.as_ref() != unionid
    });
    if !has_changed {
        bind(ctx, people, userid, unionid).await?;
    }
    Ok(!has_changed)
}

/// Binds the entry of a person who signs in, unless it is bound: DingTalk has just named the pair, and the
/// transaction holds the employed row that has it.
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
        tracing::info!(%userid, "DINGGATE_ADMINS entry bound to its account");
    } else {
        tracing::warn!(%userid, status, "DINGGATE_ADMINS entry has no effect");
    }
    let entry = Entry {
        userid: Some(userid.as_str()),
        unionid: unionid.map(UnionId::as_str),
        ..Entry::new(audit::Actor::System, AuditAction::AdminBind, status)
    };
    audit::append(tx, &entry).await
}
