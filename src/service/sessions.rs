//! Sessions: started by a login, ended by their person, an administrator, or a leave event.

mod end;

pub use end::{end_session, end_sessions};

use crate::domain::session::LoginMethod;
use sha2::{Digest, Sha256};
use uuid::Uuid;

use super::admins;
use super::secret::random_secret;
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{UnionId, UserId};
use crate::store::audit::{self, Entry};
use crate::store::web_session::{self, NewSession};
use crate::store::{StoreError, staff, unmatched};

/// The client of a request that may start a session.
#[derive(Debug, Clone)]
pub struct ClientInfo {
    /// The request id that the page and the log show.
    pub request_id: String,
    /// The client's IP address, as reported by trusted proxies; empty if it is unknown.
    pub address: String,
    pub user_agent: String,
}

/// Returns the hash under which a key is stored.
pub fn key_hash(key: &str) -> [u8; 32] {
    Sha256::digest(key).into()
}

/// Starts a session for a person who is employed at commit time; returns its key, or `None` if the person has left
/// or been rejected meanwhile.
pub async fn start(
    ctx: &Context,
    client: &ClientInfo,
    userid: &UserId,
    unionid: &UnionId,
    method: LoginMethod,
) -> Result<Option<String>, StoreError> {
    let key = random_secret();
    let user_agent: String = client
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
        ip: &client.address,
        user_agent: &user_agent,
    };
    ctx.db
        .tx(async |tx| {
            if !web_session::create(tx, &new).await? {
                return Ok(None);
            }
            admins::bind_at_login(ctx, tx, userid, unionid).await?;
            // A person who is signed in needs no review.
            unmatched::close_for(tx, Some(unionid), userid).await?;
            let name = staff::find(tx, userid).await?.map(|row| row.name);
            audit::append(tx, &login_entry(client, &new, name.as_deref())).await?;
            Ok(Some(key))
        })
        .await
}

fn login_entry<'a>(
    client: &'a ClientInfo,
    new: &NewSession<'a>,
    name: Option<&'a str>,
) -> Entry<'a> {
    Entry {
        userid: Some(new.userid.as_str()),
        unionid: Some(new.unionid.as_str()),
        name,
        reason: Some(new.method.as_str()),
        reference: Some(&client.request_id),
        ip: Some(&client.address),
        ..Entry::new(audit::Actor::Person(new.userid), AuditAction::Login, "in")
    }
}

/// Ends the session of a person who signs out.
pub async fn sign_out(
    ctx: &Context,
    userid: &UserId,
    id: Uuid,
    client: &ClientInfo,
) -> Result<(), StoreError> {
    ctx.db
        .tx(async |tx| {
            if web_session::end_one(tx, id).await?.is_some() {
                let entry = own_entry(client, userid, AuditAction::Logout, "out");
                audit::append(tx, &entry).await?;
            }
            Ok(())
        })
        .await
}

/// Ends one of a person's own sessions; returns its browser, or `None` if it was over or never theirs.
pub async fn end_own(
    ctx: &Context,
    userid: &UserId,
    id: Uuid,
    client: &ClientInfo,
) -> Result<Option<String>, StoreError> {
    ctx.db
        .tx(async |tx| {
            let Some(user_agent) = web_session::end_own(tx, userid, id).await? else {
                return Ok(None);
            };
            audit::append(tx, &own_entry(client, userid, AuditAction::SessionEnd, "1")).await?;
            Ok(Some(user_agent))
        })
        .await
}

/// Ends all of a person's sessions except the current one; returns how many there were.
pub async fn end_others(
    ctx: &Context,
    userid: &UserId,
    keep: Uuid,
    client: &ClientInfo,
) -> Result<i64, StoreError> {
    ctx.db
        .tx(async |tx| {
            let ended = web_session::end_others(tx, userid, keep).await?;
            if ended > 0 {
                let count = ended.to_string();
                let entry = own_entry(client, userid, AuditAction::SessionEnd, &count);
                audit::append(tx, &entry).await?;
            }
            Ok(ended)
        })
        .await
}

/// Returns the audit entry of a person's action on their own sessions.
fn own_entry<'a>(
    client: &'a ClientInfo,
    userid: &'a UserId,
    action: AuditAction,
    status: &'a str,
) -> Entry<'a> {
    Entry {
        userid: Some(userid.as_str()),
        reference: Some(&client.request_id),
        ip: Some(&client.address),
        ..Entry::new(audit::Actor::Person(userid), action, status)
    }
}
