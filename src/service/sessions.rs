//! Sessions: begun by a login, ended by their person, an administrator, or a leaving.

mod end;

pub use end::{end_session, end_sessions};

use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::admins;
use super::login::random_secret;
use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::store::audit::{self, Entry};
use crate::store::web_session::{self, NewSession};
use crate::store::{StoreError, staff, unmatched};

/// The circumstances of a request that may start a session.
#[derive(Debug, Clone, Copy)]
pub struct ClientInfo<'a> {
    /// The number that the page and the log bear.
    pub reference: &'a str,
    /// The client's address, as far as trusted proxies tell.
    pub address: &'a str,
    pub user_agent: &'a str,
}

/// What stands in the table for a key.
pub fn key_hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// Starts a session of somebody who is employed at the moment of the commit; gives its key, or nothing
/// when the person has left or been rejected meanwhile.
pub async fn start(
    ctx: &Context,
    visit: &ClientInfo<'_>,
    userid: &UserId,
    unionid: &UnionId,
    method: &str,
) -> Result<Option<String>, StoreError> {
    let key = random_secret();
    let user_agent: String = visit
        .user_agent
        .chars()
        .filter(|c| !c.is_control())
        .take(300)
        .collect();
    let new = NewSession {
        id: Uuid::new_v4(),
        key_hash: &key_hash(&key),
        userid,
        unionid,
        csrf_token: &random_secret(),
        idle: ctx.config.login.session_idle,
        max: ctx.config.login.session_max,
        method,
        address: visit.address,
        user_agent: &user_agent,
    };
    ctx.db
        .tx(async |tx| {
            if !web_session::create(tx, &new).await? {
                return Ok(None);
            }
            admins::bind_at_login(ctx, tx, userid, unionid).await?;
            // Whoever is in has nothing to wait for.
            unmatched::close_for(tx, Some(unionid), userid).await?;
            let name = staff::find(tx, userid).await?.map(|row| row.name);
            audit::append(tx, &login_entry(visit, &new, name.as_deref())).await?;
            Ok(Some(key))
        })
        .await
}

fn login_entry<'a>(
    visit: &ClientInfo<'a>,
    new: &NewSession<'a>,
    name: Option<&'a str>,
) -> Entry<'a> {
    Entry {
        actor: audit::Actor::Person(new.userid),
        action: "login",
        userid: Some(new.userid.as_str()),
        unionid: Some(new.unionid.as_str()),
        name,
        status: "in",
        reason: Some(new.method),
        reference: Some(visit.reference),
        address: Some(visit.address),
    }
}

/// Ends the session of somebody who signs out.
pub async fn sign_out(
    ctx: &Context,
    userid: &UserId,
    id: Uuid,
    visit: &ClientInfo<'_>,
) -> Result<(), StoreError> {
    ctx.db
        .tx(async |tx| {
            if web_session::end_one(tx, id).await?.is_some() {
                let entry = own_entry(visit, userid, "logout", "out");
                audit::append(tx, &entry).await?;
            }
            Ok(())
        })
        .await
}

/// Ends one of a person's own sessions; gives the browser that it was in, or nothing where it was over
/// or never theirs.
pub async fn end_own(
    ctx: &Context,
    userid: &UserId,
    id: Uuid,
    visit: &ClientInfo<'_>,
) -> Result<Option<String>, StoreError> {
    ctx.db
        .tx(async |tx| {
            let Some(user_agent) = web_session::end_own(tx, userid, id).await? else {
                return Ok(None);
            };
            audit::append(tx, &own_entry(visit, userid, "session.end", "1")).await?;
            Ok(Some(user_agent))
        })
        .await
}

/// Ends all of a person's sessions but the one they are in; gives how many there were.
pub async fn end_others(
    ctx: &Context,
    userid: &UserId,
    keep: Uuid,
    visit: &ClientInfo<'_>,
) -> Result<i64, StoreError> {
    ctx.db
        .tx(async |tx| {
            let ended = web_session::end_others(tx, userid, keep).await?;
            if ended > 0 {
                let count = ended.to_string();
                let entry = own_entry(visit, userid, "session.end", &count);
                audit::append(tx, &entry).await?;
            }
            Ok(ended)
        })
        .await
}

/// What somebody did to sessions of their own.
fn own_entry<'a>(
    visit: &ClientInfo<'a>,
    userid: &'a UserId,
    action: &'static str,
    status: &'a str,
) -> Entry<'a> {
    Entry {
        actor: audit::Actor::Person(userid),
        action,
        userid: Some(userid.as_str()),
        status,
        reference: Some(visit.reference),
        address: Some(visit.address),
        ..Entry::default()
    }
}
