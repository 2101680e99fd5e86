//! Retries of failed events on an administrator's request.

use super::release;
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::queue::LaneName;
use crate::service::actor::Actor;
use crate::service::admins::{self, ActError};
use crate::store::audit::{self, Entry};
use crate::store::{Conn, StoreError, event};

/// Retries one failed event at once; returns false if it has not failed.
pub async fn retry_event(ctx: &Context, by: &Actor<'_>, id: i64) -> Result<bool, ActError> {
    let is_queued = admins::act(ctx, by.userid, async |tx| {
        let is_queued = event::retry_one(tx, id).await?;
        if is_queued {
            note_retry(tx, by, Some(id), 1).await?;
        }
        Ok::<_, ActError>(is_queued)
    })
    .await?;
    if is_queued {
        ctx.work.wake(LaneName::Events);
        release(ctx, Some(id), None).await?;
    }
    Ok(is_queued)
}

/// Retries all failed events at once; returns how many there were.
pub async fn retry_failed_events(ctx: &Context, by: &Actor<'_>) -> Result<u64, ActError> {
    let retried = admins::act(ctx, by.userid, async |tx| {
        let retried = event::retry_all_failed(tx).await?;
        if retried.count > 0 {
            note_retry(tx, by, None, retried.count).await?;
        }
        Ok::<_, ActError>(retried)
    })
    .await?;
    if retried.count > 0 {
        ctx.work.wake(LaneName::Events);
    }
    // If the process ends here, the remaining ones are released like any parked event.
    for id in retried.leave_ids {
        release(ctx, Some(id), None).await?;
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
        reference: id.as_deref(),
        ip: by.address,
        ..Entry::new(
            audit::Actor::Person(by.userid),
            AuditAction::EventRetry,
            &count,
        )
    };
    audit::append(tx, &entry).await
}
