//! The audit trail: written here, never changed.

use crate::store::Conn;

use super::StoreError;

/// All that is ever done to somebody.
pub const ACTIONS: [&str; 20] = [
    "login",
    "refusal",
    "logout",
    "session.end",
    "review.approve",
    "review.reject",
    "review.reopen",
    "staff.added",
    "staff.returned",
    "staff.left",
    "staff.restored",
    "admin.grant",
    "admin.revoke",
    "event.release",
    "sync.approve",
    "sync.discard",
    "webhook.resend",
    "app.create",
    "app.update",
    "app.delete",
];

/// One line of the audit trail: who did what to whom, and how it ended.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry<'a> {
    /// A userid, `system` for events and syncs, or `command:<login name>`.
    pub actor: &'a str,
    /// One of [`ACTIONS`].
    pub action: &'static str,
    pub userid: Option<&'a str>,
    pub unionid: Option<&'a str>,
    pub name: Option<&'a str>,
    /// How it ended, for example `in`, `left`, `approved`.
    pub status: &'a str,
    pub reason: Option<&'a str>,
    /// The number that the person read on their page.
    pub reference: Option<&'a str>,
    /// The browser's address.
    pub address: Option<&'a str>,
}

/// Appends one line, dated by the transaction it stands in.
pub async fn append(conn: &mut Conn, entry: &Entry<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO audit_entry (actor, action, userid, unionid, name, status, reason, reference, address)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        entry.actor,
        entry.action,
        entry.userid,
        entry.unionid,
        entry.name,
        entry.status,
        entry.reason,
        entry.reference,
        entry.address,
    )
    .execute(conn)
    .await?;
    Ok(())
}
