//! The audit of exports.

use super::actor::Actor;
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::store::StoreError;
use crate::store::audit::{self, Entry};

/// Audits an export; the query says what was exported.
pub async fn record_export(
    ctx: &Context,
    by: &Actor<'_>,
    action: AuditAction,
    format: &str,
    query: &str,
) -> Result<(), StoreError> {
    let entry = Entry {
        reason: Some(query).filter(|query| !query.is_empty()),
        ip: by.address,
        ..Entry::new(audit::Actor::Person(by.userid), action, format)
    };
    ctx.db
        .read(async |conn| audit::append(conn, &entry).await)
        .await
}
