//! Alerts for administrators.

use std::sync::Arc;

use super::actor::Actor;
use super::admins::{self, ActError};
use crate::context::Context;
use crate::domain::alert::AlertKind;
use crate::domain::audit::AuditAction;
use crate::store::StoreError;
use crate::store::alert::{self, Alert};
use crate::store::audit::{self, Entry};

/// Dismisses an alert until its cause recurs; returns false if it was not raised, or is about the directory, which
/// only a complete sync resolves.
pub async fn dismiss_alert(ctx: &Context, by: &Actor<'_>, kind: &str) -> Result<bool, ActError> {
    let Some(dismissed) =
        AlertKind::parse(kind).filter(|kind| !matches!(kind, AlertKind::Directory(_)))
    else {
        return Ok(false);
    };
    let is_dismissed = admins::act(ctx, by.userid, async |tx| {
        let is_dismissed = alert::dismiss(tx, dismissed.clone()).await?;
        if is_dismissed {
            let entry = Entry {
                name: Some(kind),
                ip: by.address,
                ..Entry::new(
                    audit::Actor::Person(by.userid),
                    AuditAction::AlertDismiss,
                    "dismissed",
                )
            };
            audit::append(tx, &entry).await?;
        }
        Ok::<_, ActError>(is_dismissed)
    })
    .await?;
    ctx.alerts.clear();
    Ok(is_dismissed)
}

/// Returns the open alerts, at most a second old.
pub async fn current(ctx: &Context) -> Result<Arc<Vec<Alert>>, StoreError> {
    let read = async || ctx.db.read(async |conn| alert::current(conn).await).await;
    ctx.alerts.get(read).await
}
