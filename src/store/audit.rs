//! The audit trail: append-only.

use crate::store::Conn;

use super::StoreError;
use crate::domain::audit::{ActorKind, AuditAction};
use crate::domain::ids::UserId;

/// Who acted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Actor<'a> {
    Person(&'a UserId),
    /// `command:<login name>`.
    Command(&'a str),
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

/// One entry of the audit trail: actor, action, subject and result.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    pub actor: Actor<'a>,
    pub action: AuditAction,
    pub userid: Option<&'a str>,
    pub unionid: Option<&'a str>,
    pub name: Option<&'a str>,
    /// The result, for example `in`, `left`, `approved`.
    pub status: &'a str,
    pub reason: Option<&'a str>,
    /// The request id shown on the person's page.
    pub reference: Option<&'a str>,
    /// The browser's IP address.
    pub ip: Option<&'a str>,
}

impl<'a> Entry<'a> {
    /// Creates an entry that names nobody but the actor.
    pub fn new(actor: Actor<'a>, action: AuditAction, status: &'a str) -> Self {
        Self {
            actor,
            action,
            userid: None,
            unionid: None,
            name: None,
            status,
            reason: None,
            reference: None,
            ip: None,
        }
    }
}

/// Appends an entry, dated by its transaction.
pub async fn append(conn: &mut Conn, entry: &Entry<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO audit_entry (actor, actor_kind, action, userid, unionid, name, status, reason, reference, ip)
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        entry.actor.name(),
        entry.actor.kind().as_str(),
        entry.action.as_str(),
        entry.userid,
        entry.unionid,
        entry.name,
        entry.status,
        entry.reason,
        entry.reference,
        entry.ip,
    )
    .execute(conn)
    .await?;
    Ok(())
}
