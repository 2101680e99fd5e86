//! Held events go into the inbox as if they had just been pushed.

use sqlx::PgConnection;

use super::{door, receive};
use crate::context::Context;
use crate::domain::event::{Event, Kind};
use crate::store::audit::{self, Entry};
use crate::store::event_held::{self, HeldRow, Released};
use crate::store::{Db, StoreError};

/// As many as one transaction carries out while nobody waits long for its locks.
const BATCH: i64 = 50;
/// Fifty leavings are a few hundred statements.
const PATIENCE: std::time::Duration = std::time::Duration::from_secs(10);

/// A person who has held events released, as the audit trail names them.
#[derive(Debug, Clone, Copy)]
pub struct Releaser<'a> {
    /// A userid, or `command:<login name>`.
    pub actor: &'a str,
    pub address: Option<&'a str>,
}

/// The held events, in the order in which they are released.
pub async fn held(ctx: &Context) -> Result<Vec<HeldRow>, StoreError> {
    ctx.db
        .within(async { event_held::list(&mut *ctx.db.acquire().await?).await })
        .await
}

/// Releases all held events in the order of their times, or the one with this id; gives how many. A
/// person's doing stands on the audit trail.
pub async fn release(
    ctx: &Context,
    id: Option<i64>,
    releaser: Option<Releaser<'_>>,
) -> Result<usize, StoreError> {
    let (mut count, mut releaser) = (0, releaser);
    loop {
        let released = Db::within_time(PATIENCE, async {
            let mut tx = ctx.db.begin().await?;
            let batch = event_held::lock_next(&mut tx, id, BATCH).await?;
            if let Some(releaser) = releaser.filter(|_| !batch.is_empty()) {
                note_in_audit(&mut tx, id, releaser).await?;
            }
            for event in &batch {
                release_one(&mut tx, event).await?;
            }
            tx.commit().await?;
            Ok::<_, StoreError>(batch.len())
        })
        .await?;
        if released == 0 {
            return Ok(count);
        }
        count += released;
        releaser = None;
        ctx.work.notify_one();
    }
}

async fn release_one(tx: &mut PgConnection, released: &Released) -> Result<(), StoreError> {
    let event = as_event(released);
    if event.kind == Kind::UserLeft {
        door::close_late(tx, &event.userids, event.event_time).await?;
    }
    event_held::release(tx, released.id, receive::arrival(&event).state()).await
}

/// What decides about an event's way into the inbox; the row keeps its reason and its body.
fn as_event(released: &Released) -> Event {
    Event {
        kind: Kind::of(&released.event_type),
        event_type: released.event_type.clone(),
        event_time: released.event_time,
        userids: released.userids.clone(),
        dept_ids: released.dept_ids.clone(),
        problem: released.problem.as_ref().map(|_| "the row says what"),
        dedupe_key: String::new(),
        body: serde_json::Value::Null,
    }
}

async fn note_in_audit(
    tx: &mut PgConnection,
    id: Option<i64>,
    releaser: Releaser<'_>,
) -> Result<(), StoreError> {
    let count = match id {
        Some(_) => 1,
        None => event_held::count(tx).await?,
    };
    audit::append(
        tx,
        &Entry {
            actor: releaser.actor,
            action: "event.release",
            status: &count.to_string(),
            reference: id.map(|id| id.to_string()).as_deref(),
            address: releaser.address,
            ..Entry::default()
        },
    )
    .await
}
