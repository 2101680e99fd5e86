//! Releases parked events to the inbox as if they had just been received.

use crate::domain::audit::AuditAction;
use crate::store::Conn;

use super::initial_state::initial_state;
use super::offboarding;
use crate::context::Context;
use crate::domain::event::{Event, Kind};
use crate::domain::queue::LaneName;
use crate::domain::rights::Action;
use crate::service::admins::{self, ActError};
use crate::store::StoreError;
use crate::store::audit::{self, Entry};
use crate::store::employment::lock_people;
use crate::store::event_parked::{self, ParkedRow, ReleasedEvent};
use crate::store::webhook;
use crate::store::{admin_grant, staff};
use crate::upstream;

/// A person who releases parked events, as recorded in the audit log.
#[derive(Debug, Clone, Copy)]
pub struct ReleasedBy<'a> {
    pub actor: audit::Actor<'a>,
    pub address: Option<&'a str>,
}

/// Returns the parked events, in the order in which they are released.
pub async fn parked(ctx: &Context) -> Result<Vec<ParkedRow>, StoreError> {
    ctx.db
        .read(async |conn| event_parked::list(conn).await)
        .await
}

/// Releases all parked events in the order of their times, or only the one with this id; returns how many. A release
/// by a person is written to the audit log.
///
/// Fails unless a person of the company who releases events still is an administrator, before the first one.
pub async fn release(
    ctx: &Context,
    id: Option<i64>,
    releaser: Option<ReleasedBy<'_>>,
) -> Result<usize, ActError> {
    let (mut count, mut releaser) = (0, releaser);
    while release_next(ctx, id, releaser.take()).await? {
        count += 1;
        ctx.work.wake(LaneName::Events);
    }
    Ok(count)
}

/// Releases the first event in its own transaction: a leave event takes the same locks, in the same order, as one
/// received as a callback. An event that cannot be released does not block the others.
async fn release_next(
    ctx: &Context,
    id: Option<i64>,
    releaser: Option<ReleasedBy<'_>>,
) -> Result<bool, ActError> {
    ctx.db
        .tx(async |tx| {
            let by = releaser.and_then(|releaser| match releaser.actor {
                audit::Actor::Person(by) => Some(by),
                _ => None,
            });
            if by.is_some() {
                admin_grant::serialise_shared(tx).await?;
            }
            let next = event_parked::lock_next(tx, id).await?;
            if let Some(by) = by {
                // People and rows before rights, as in all code that locks both: the event may end the actor's own.
                let userids = next.as_ref().map_or(&[][..], |next| &next.userids);
                let people = &mut lock_people(tx, userids).await?;
                staff::lock_all(people, userids).await?;
                admins::check_actor(ctx, people, by, Action::Administer).await?;
            }
            let Some(next) = next else {
                return Ok(false);
            };
            if let Some(releaser) = releaser {
                note_in_audit(tx, id, releaser).await?;
            }
            let outcome = tx.savepoint(async |tx| release_one(tx, &next).await).await;
            match outcome {
                Ok(()) => {}
                Err(StoreError::Statement(cause)) => {
                    tracing::error!(id = next.id, %cause, "could not release a parked event");
                    event_parked::fail(tx, next.id, "a fault in Dinggate: see the log").await?;
                }
                Err(StoreError::UnknownValue(cause)) => {
                    tracing::error!(id = next.id, %cause, "could not release a parked event");
                    event_parked::fail(tx, next.id, &cause.to_string()).await?;
                }
                Err(error) => return Err(error.into()),
            }
            Ok(true)
        })
        .await
}

async fn release_one(tx: &mut Conn, released: &ReleasedEvent) -> Result<(), StoreError> {
    let event = as_event(released);
    if event.kind == Kind::UserLeft {
        offboarding::terminate_unless_relisted(tx, &event.userids, event.event_time).await?;
    }
    event_parked::release(tx, released.id, initial_state(&event).state()).await?;
    webhook::enqueue_event(tx, released.id, &released.event_type).await
}

/// Applies the parked event that a callback repeats, exactly as if the callback had been the first: DingTalk reports
/// it now, so a leave event takes effect at once.
pub(super) async fn release_repeated(tx: &mut Conn, event: &Event) -> Result<(), StoreError> {
    let Some(id) = event_parked::lock_repeated(tx, event).await? else {
        return Ok(());
    };
    if event.kind == Kind::UserLeft {
        offboarding::terminate(tx, &event.userids).await?;
    }
    event_parked::release(tx, id, initial_state(event).state()).await?;
    webhook::enqueue_event(tx, id, &event.event_type).await
}

/// Returns what determines an event's initial state in the inbox; the row keeps its reason and its body.
fn as_event(released: &ReleasedEvent) -> Event {
    Event {
        event_time: released.event_time,
        userids: released.userids.clone(),
        dept_ids: released.dept_ids.clone(),
        problem: released.problem.as_ref().map(|_| "the row says what"),
        ..upstream::event::of_callback(&serde_json::json!({"EventType": released.event_type}))
    }
}

async fn note_in_audit(
    tx: &mut Conn,
    id: Option<i64>,
    releaser: ReleasedBy<'_>,
) -> Result<(), StoreError> {
    let count = match id {
        Some(_) => 1,
        None => event_parked::count(tx).await?,
    };
    audit::append(
        tx,
        &Entry {
            reference: id.map(|id| id.to_string()).as_deref(),
            ip: releaser.address,
            ..Entry::new(
                releaser.actor,
                AuditAction::EventRelease,
                &count.to_string(),
            )
        },
    )
    .await
}
