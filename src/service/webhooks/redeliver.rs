//! Redelivery of messages by administrators.

use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::service::actor::Actor;
use crate::service::admins::{self, ActError};
use crate::store::audit::{self, Entry};
use crate::store::webhook;

/// Queues one message for redelivery; returns false if it is being sent now, or is no longer kept.
pub async fn redeliver(ctx: &Context, by: &Actor<'_>, id: i64) -> Result<bool, ActError> {
    let number = id.to_string();
    admins::act(ctx, by.userid, async |tx| {
        let Some(queued) = webhook::redeliver(tx, id).await? else {
            return Ok(false);
        };
        let entry = Entry {
            userid: queued.userid.as_deref(),
            name: Some(queued.subject.as_str()).filter(|name| !name.is_empty()),
            reason: Some(&queued.message_type),
            reference: Some(&number),
            ..line(by, "1")
        };
        audit::append(tx, &entry).await?;
        Ok(true)
    })
    .await
}

/// Queues all failed messages that are still kept for redelivery; returns how many there were.
pub async fn redeliver_failed(ctx: &Context, by: &Actor<'_>) -> Result<u64, ActError> {
    admins::act(ctx, by.userid, async |tx| {
        let count = webhook::redeliver_failed(tx).await?;
        if count > 0 {
            audit::append(tx, &line(by, &count.to_string())).await?;
        }
        Ok(count)
    })
    .await
}

/// Returns the audit entry; `count` is the number of messages.
fn line<'a>(by: &Actor<'a>, count: &'a str) -> Entry<'a> {
    Entry {
        ip: by.address,
        ..Entry::new(
            audit::Actor::Person(by.userid),
            AuditAction::WebhookResend,
            count,
        )
    }
}
