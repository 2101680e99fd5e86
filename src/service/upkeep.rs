//! What administrators do to the machinery: try events again, dismiss alerts, end sessions.

use std::collections::BTreeMap;

use crate::store::Conn;
use uuid::Uuid;

use super::review::Actor;
use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::store::audit::{self, Entry};
use crate::store::{StoreError, alert, event, staff, web_session};

/// Has one failed event tried again at once; false where it is not failed.
pub async fn retry_event(ctx: &Context, id: i64) -> Result<bool, StoreError> {
    let is_queued = ctx
        .db
        .read(async |conn| event::retry_one(conn, id).await)
        .await?;
    if is_queued {
        ctx.work.notify_one();
    }
    Ok(is_queued)
}

/// Has all failed events tried again at once; gives how many there were.
pub async fn retry_failed_events(ctx: &Context) -> Result<u64, StoreError> {
    let count = ctx
        .db
        .read(async |conn| event::retry_all_failed(conn).await)
        .await?;
    if count > 0 {
        ctx.work.notify_one();
    }
    Ok(count)
}

/// Takes an alert down until its cause comes back; false where it did not stand, or is about the
/// directory, which only a complete sync puts right.
pub async fn dismiss_alert(ctx: &Context, kind: &str) -> Result<bool, StoreError> {
    if alert::is_of_directory(kind) {
        return Ok(false);
    }
    ctx.db
        .read(async |conn| alert::dismiss(conn, kind).await)
        .await
}

/// Ends one session; gives the name of its person, or nothing where it was over already.
pub async fn end_session(
    ctx: &Context,
    by: &Actor<'_>,
    id: Uuid,
) -> Result<Option<String>, StoreError> {
    ctx.db
        .tx(async |tx| {
            let Some(userid) = web_session::end_one(tx, id).await? else {
                return Ok(None);
            };
            let name = note_ended(tx, by, &userid, 1).await?;
            Ok(Some(name))
        })
        .await
}

/// Ends several sessions in one transaction, with a line of the audit trail for each person; gives how many
/// there still were, and of how many people.
pub async fn end_sessions(
    ctx: &Context,
    by: &Actor<'_>,
    ids: &[Uuid],
) -> Result<(usize, usize), StoreError> {
    ctx.db
        .tx(async |tx| {
            let ended = web_session::end_these(tx, ids).await?;
            let mut people: BTreeMap<&str, (&UserId, usize)> = BTreeMap::new();
            for userid in &ended {
                people.entry(userid.as_str()).or_insert((userid, 0)).1 += 1;
            }
            for (userid, count) in people.values() {
                note_ended(tx, by, userid, *count).await?;
            }
            Ok((ended.len(), people.len()))
        })
        .await
}

/// Puts the end of a person's sessions on the audit trail; gives the name.
async fn note_ended(
    tx: &mut Conn,
    by: &Actor<'_>,
    userid: &UserId,
    count: usize,
) -> Result<String, StoreError> {
    let person = staff::find(tx, userid).await?;
    let unionid = person.as_ref().and_then(|row| row.unionid.as_ref());
    let entry = Entry {
        actor: by.userid.as_str(),
        action: "session.end",
        userid: Some(userid.as_str()),
        unionid: unionid.map(UnionId::as_str),
        name: person.as_ref().map(|row| row.name.as_str()),
        status: &count.to_string(),
        reason: None,
        reference: None,
        address: by.address,
    };
    audit::append(tx, &entry).await?;
    Ok(person
        .map(|row| row.name)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| userid.as_str().to_owned()))
}
