//! The audit trail: append-only.

use crate::store::Conn;

use super::StoreError;
use crate::domain::ids::UserId;

/// All actions of the audit trail.
pub const ACTIONS: [&str; 27] = [
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
    "staff.unionid",
    "admin.grant",
    "admin.revoke",
    "admin.bind",
    "staff.export",
    "review.export",
    "audit.export",
    "alert.dismiss",
    "event.retry",
    "event.release",
    "sync.approve",
    "sync.discard",
    "webhook.resend",
    "app.create",
    "app.update",
    "app.delete",
];

/// Who acted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Actor<'a> {
    Person(&'a UserId),
    /// `command:<login name>`.
    Command(&'a str),
    #[default]
    System,
}

impl<'a> Actor<'a> {
    /// Returns the name that belongs to [`Self::kind`].
    pub fn name(self) -> &'a str {
        match self {
            Self::Person(userid) => userid.as_str(),
            Self::Command(name) => name,
            Self::System => "system",
        }
    }

    pub fn kind(self) -> ActorKind {
        match self {
            Self::Person(_) => ActorKind::Person,
            Self::Command(_) => ActorKind::Command,
            Self::System => ActorKind::System,
        }
    }
}

/// Whether a person, a command or the system acted. The name alone is ambiguous: a userid may be `system`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ActorKind {
    Person,
    Command,
    System,
}

impl ActorKind {
    /// Parses a kind as stored in the table; its CHECK allows no fourth value.
    pub fn parse(text: &str) -> Self {
        match text {
            "command" => Self::Command,
            "system" => Self::System,
            _ => Self::Person,
        }
    }

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Person => "person",
            Self::Command => "command",
            Self::System => "system",
        }
    }
}

/// One entry of the audit trail: who did what to whom, and with what result.
#[derive(Debug, Clone, Copy, Default)]
pub struct Entry<'a> {
    pub actor: Actor<'a>,
    /// One of [`ACTIONS`].
    pub action: &'static str,
    pub userid: Option<&'a str>,
    pub unionid: Option<&'a str>,
    pub name: Option<&'a str>,
    /// The result, for example `in`, `left`, `approved`.
    pub status: &'a str,
    pub reason: Option<&'a str>,
    /// The request id shown on the person's page.
    pub reference: Option<&'a str>,
    /// The browser's IP address.
    pub address: Option<&'a str>,
}

/// Appends an entry, dated by its transaction.
pub async fn append(conn: &mut Conn, entry: &Entry<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO audit_entry (actor, actor_kind, action, userid, unionid, name, status, reason, reference, address)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        entry.actor.name(),
        entry.actor.kind().as_str(),
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
