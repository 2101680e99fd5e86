//! What administrators do to the machinery: retry events, dismiss alerts, end sessions, export.

use std::collections::BTreeMap;

use crate::store::Conn;
use uuid::Uuid;

use super::events;
use super::review::Actor;
use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::store::audit::{self, Entry};
use crate::store::{StoreError, alert, event, staff, web_session};

/// Retries one failed event at once; false where it is not failed.
pub async fn retry_event(ctx: &Context, by: &Actor<'_>, id: i64) -> Result<bool, StoreError> {
    let is_queued = ctx
        .db
        .tx(async |tx| {
            let is_queued = event::retry_one(tx, id).await?;
            if is_queued {
                note_retry(tx, by, Some(id), 1).await?;
            }
            Ok::<_, StoreError>(is_queued)
        })
        .await?;
    if is_queued {
        events::release(ctx, Some(id), None).await?;
        ctx.work.notify_one();
    }
    Ok(is_queued)
}

/// Retries all failed events at once; returns how many there were.
pub async fn retry_failed_events(ctx: &Context, by: &Actor<'_>) -> Result<u64, StoreError> {
    let retried = ctx
        .db
        .tx(async |tx| {
            let retried = event::retry_all_failed(tx).await?;
            if retried.count > 0 {
                note_retry(tx, by, None, retried.count).await?;
            }
            Ok::<_, StoreError>(retried)
        })
        .await?;
    // What is not released here, because the process ends, is released as any held event.
    for id in retried.leave_ids {
        events::release(ctx, Some(id), None).await?;
    }
    if retried.count > 0 {
        ctx.work.notify_one();
    }
    Ok(retried.count)
}

async fn note_retry(
    tx: &mut Conn,
    by: &Actor<'_>,
    id: Option<i64>,
    count: u64,
) -> Result<(), StoreError> {
    let (count, id) = (count.to_string(), id.map(|id| id.to_string()));
    let entry = Entry {
        status: &count,
        reference: id.as_deref(),
        ..entry(by, "event.retry")
    };
    audit::append(tx, &entry).await
}

/// Dismisses an alert until its cause comes back; false where it did not stand, or is about the
/// directory, which only a complete sync puts right.
pub async fn dismiss_alert(ctx: &Context, by: &Actor<'_>, kind: &str) -> Result<bool, StoreError> {
    if alert::is_of_directory(kind) {
        return Ok(false);
    }
    ctx.db
        .tx(async |tx| {
            let is_dismissed = alert::dismiss(tx, kind).await?;
            if is_dismissed {
                let entry = Entry {
                    name: Some(kind),
                    status: "dismissed",
                    ..entry(by, "alert.dismiss")
                };
                audit::append(tx, &entry).await?;
            }
            Ok(is_dismissed)
        })
        .await
}

/// Audits an export: the query says what was exported.
pub async fn note_export(
    ctx: &Context,
    by: &Actor<'_>,
    action: &'static str,
    query: &str,
) -> Result<(), StoreError> {
    let entry = Entry {
        status: "csv",
        reason: Some(query).filter(|query| !query.is_empty()),
        ..entry(by, action)
    };
    ctx.db
        .read(async |conn| audit::append(conn, &entry).await)
        .await
}

fn entry<'a>(by: &Actor<'a>, action: &'static str) -> Entry<'a> {
    Entry {
        actor: audit::Actor::Person(by.userid),
        action,
        address: by.address,
        ..Entry::default()
    }
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
        actor: audit::Actor::Person(by.userid),
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
