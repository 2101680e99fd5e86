//! Sessions that an administrator ends.

use std::collections::BTreeMap;

use uuid::Uuid;

use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{UnionId, UserId};
use crate::service::actor::Actor;
use crate::service::admins::{self, ActError};
use crate::store::audit::{self, Entry};
use crate::store::{Conn, StoreError, staff, web_session};

/// Ends one session; returns the name of its person, or `None` if it had already ended.
pub async fn end_session(
    ctx: &Context,
    by: &Actor<'_>,
    id: Uuid,
) -> Result<Option<String>, ActError> {
    admins::act(ctx, by.userid, async |tx| {
        let Some(userid) = web_session::end_one(tx, id).await? else {
            return Ok(None);
        };
        let name = record_end(tx, by, &userid, 1).await?;
        Ok(Some(name))
    })
    .await
}

/// Ends several sessions in one transaction, with an audit entry for each person; returns how many sessions there
/// were, and of how many people.
pub async fn end_sessions(
    ctx: &Context,
    by: &Actor<'_>,
    ids: &[Uuid],
) -> Result<(usize, usize), ActError> {
    admins::act(ctx, by.userid, async |tx| {
        let ended = web_session::end_these(tx, ids).await?;
        let mut people: BTreeMap<&str, (&UserId, usize)> = BTreeMap::new();
        for userid in &ended {
            people.entry(userid.as_str()).or_insert((userid, 0)).1 += 1;
        }
        for (userid, count) in people.values() {
            record_end(tx, by, userid, *count).await?;
        }
        Ok((ended.len(), people.len()))
    })
    .await
}

/// Audits the end of a person's sessions; returns the person's name.
async fn record_end(
    tx: &mut Conn,
    by: &Actor<'_>,
    userid: &UserId,
    count: usize,
) -> Result<String, StoreError> {
    let person = staff::find(tx, userid).await?;
    let unionid = person.as_ref().and_then(|row| row.unionid.as_ref());
    let count = count.to_string();
    let entry = Entry {
        userid: Some(userid.as_str()),
        unionid: unionid.map(UnionId::as_str),
        name: person.as_ref().map(|row| row.name.as_str()),
        ip: by.address,
        ..Entry::new(
            audit::Actor::Person(by.userid),
            AuditAction::SessionEnd,
            &count,
        )
    };
    audit::append(tx, &entry).await?;
    Ok(person
        .map(|row| row.name)
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| userid.as_str().to_owned()))
}
