//! Webhook messages about review cases, stored in the transaction that they report.

use chrono::{DateTime, Utc};

use super::record::record;
use super::{Conn, StoreError};
use crate::domain::case::Refusal;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::webhook::ReviewMessage;

record! {
    /// A case that is announced for the first time.
    #[derive(Debug, Clone)]
    pub struct AnnouncedCase from AnnouncedRecord in "unmatched_login" by id {
        pub id: i64,
        pub unionid: UnionId,
        pub userid: Option<UserId>,
        pub nick: String,
        pub first_seen_at: DateTime<Utc>,
        pub announced_at: DateTime<Utc>,
    }
    closed {
        pub reason: Refusal,
    }
}

/// Marks a waiting case as announced and returns it; `None` if it was announced before, is about an outsider, or if no
/// webhook is configured.
pub async fn mark_announced(
    conn: &mut Conn,
    case_id: i64,
) -> Result<Option<AnnouncedCase>, StoreError> {
    let row = sqlx::query_as!(
        AnnouncedRecord,
        r#"UPDATE unmatched_login SET announced_at = now()
         WHERE id = $1 AND announced_at IS NULL AND state = 'waiting' AND reason <> 'not_employee' AND includes_staff_webhooks()
         RETURNING id, unionid AS "unionid: UnionId", userid AS "userid: UserId", nick, reason, first_seen_at,
             announced_at AS "announced_at!""#,
        case_id,
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

/// A message that is ready to be sent.
#[derive(Debug, Clone)]
pub struct Message<'a> {
    pub message_type: ReviewMessage,
    pub case_id: i64,
    pub userid: Option<&'a UserId>,
    pub subject: &'a str,
    pub body: &'a str,
}

/// Stores a message, if a webhook is configured.
pub async fn enqueue(conn: &mut Conn, message: &Message<'_>) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO webhook_delivery (message_type, case_id, userid, subject, body)
         SELECT $1, $2, $3, $4, $5 WHERE includes_staff_webhooks()",
        message.message_type.as_str(),
        message.case_id,
        message.userid.map(UserId::as_str),
        message.subject,
        message.body,
    )
    .execute(conn)
    .await?;
    Ok(())
}
