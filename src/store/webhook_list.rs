//! Lists the webhook messages for the company's own systems.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;
use super::record::record;
use crate::domain::rights::ContactView;
use crate::domain::webhook::{DeliveryError, DeliveryState};

/// Which messages to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// `None` for all.
    pub state: Option<DeliveryState>,
    /// Only these types; empty for all.
    pub types: Vec<&'static str>,
    /// Excludes these types.
    pub other_than: Vec<&'static str>,
    /// A message's row id or message id, an event's id, a userid, or part of a subject; empty for all. A subject that
    /// is shown masked is not searched.
    pub q: String,
    pub contacts: ContactView,
}

impl DeliveryFilter {
    /// Returns the filter with the search text alone.
    #[must_use]
    pub fn text_only(&self) -> Self {
        Self {
            q: self.q.clone(),
            contacts: self.contacts,
            ..Self::default()
        }
    }
}

record! {
    /// A message without its body.
    #[derive(Debug, Clone)]
    pub struct DeliveryRow from DeliveryRecord in "webhook_delivery" by id {
        pub id: i64,
        pub message_id: String,
        pub message_type: String,
        pub event_id: Option<i64>,
        pub userid: Option<String>,
        /// The review case that the message is about.
        pub case_id: Option<i64>,
        pub subject: String,
        /// Attempts of this series.
        pub attempts: i32,
        pub is_being_sent: bool,
        /// Whether its body or event is still stored.
        pub is_kept: bool,
        pub created_at: DateTime<Utc>,
        pub next_attempt_at: DateTime<Utc>,
        pub last_status: Option<i16>,
        pub delivered_at: Option<DateTime<Utc>>,
    }
    closed {
        pub state: DeliveryState,
    }
    optional {
        pub last_error: DeliveryError,
    }
}

/// Returns one page of messages, the latest first.
pub async fn list(
    conn: &mut Conn,
    filter: &DeliveryFilter,
    limit: i64,
    offset: i64,
) -> Result<Vec<DeliveryRow>, StoreError> {
    select(conn, filter, i64::MAX, limit, offset).await
}

/// Returns the next messages of an export, after the message `after`.
pub async fn batch(
    conn: &mut Conn,
    filter: &DeliveryFilter,
    after: Option<i64>,
    limit: i64,
) -> Result<Vec<DeliveryRow>, StoreError> {
    select(conn, filter, after.unwrap_or(i64::MAX), limit, 0).await
}

async fn select(
    conn: &mut Conn,
    filter: &DeliveryFilter,
    before: i64,
    limit: i64,
    offset: i64,
) -> Result<Vec<DeliveryRow>, StoreError> {
    let (types, other_than) = (owned(&filter.types), owned(&filter.other_than));
    let rows = sqlx::query_as!(
        DeliveryRecord,
        r#"SELECT d.id, message_id, message_type, event_id, userid, case_id, subject, state, attempts,
             NOT is_free(claimed_until) AS "is_being_sent!",
             (body IS NOT NULL OR EXISTS (SELECT FROM event e WHERE e.id = d.event_id AND e.body IS NOT NULL)) AS "is_kept!",
             created_at, next_attempt_at, last_status, last_error, delivered_at
         FROM webhook_delivery d
         WHERE d.id < $8 AND ($1::text IS NULL OR state = $1)
           AND (cardinality($2::text[]) = 0 OR message_type = ANY ($2))
           AND NOT message_type = ANY ($3::text[])
           AND ($4 = '' OR d.id::text = $4 OR event_id::text = $4 OR message_id = $4 OR userid = $4
                OR $7 AND strpos(lower(subject), lower($4)) > 0)
         ORDER BY d.id DESC LIMIT $5 OFFSET $6"#,
        filter.state.map(DeliveryState::as_str),
        &types,
        &other_than,
        filter.q,
        limit,
        offset,
        !filter.contacts.is_masked(),
        before,
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// How many messages there are.
#[derive(Debug, Clone, Copy)]
pub struct Counts {
    pub matching: i64,
    /// Those that have failed and wait for an administrator, whatever the filter.
    pub failed: i64,
}

/// Counts messages.
pub async fn count(conn: &mut Conn, filter: &DeliveryFilter) -> Result<Counts, StoreError> {
    let (types, other_than) = (owned(&filter.types), owned(&filter.other_than));
    let counts = sqlx::query_as!(
        Counts,
        r#"SELECT count(*) AS "matching!",
             (SELECT count(*) FROM webhook_delivery WHERE state = 'failed') AS "failed!"
         FROM webhook_delivery d
         WHERE ($1::text IS NULL OR state = $1)
           AND (cardinality($2::text[]) = 0 OR message_type = ANY ($2))
           AND NOT message_type = ANY ($3::text[])
           AND ($4 = '' OR d.id::text = $4 OR event_id::text = $4 OR message_id = $4 OR userid = $4
                OR $5 AND strpos(lower(subject), lower($4)) > 0)"#,
        filter.state.map(DeliveryState::as_str),
        &types,
        &other_than,
        filter.q,
        !filter.contacts.is_masked(),
    )
    .fetch_one(conn)
    .await?;
    Ok(counts)
}

record! {
    /// One attempt to deliver a message.
    #[derive(Debug, Clone)]
    pub struct AttemptRow from AttemptRecord in "webhook_attempt" by id {
        pub at: DateTime<Utc>,
        pub duration_ms: i32,
        pub status: Option<i16>,
    }
    identity {
        id: i64,
    }
    optional {
        pub error: DeliveryError,
    }
}

/// A message with its body and all attempts so far, the latest first.
#[derive(Debug, Clone)]
pub struct DeliveryDetail {
    pub row: DeliveryRow,
    pub body: Option<String>,
    pub attempts: Vec<AttemptRow>,
}

/// Finds a message with all that is stored about it.
pub async fn find(conn: &mut Conn, id: i64) -> Result<Option<DeliveryDetail>, StoreError> {
    let row = sqlx::query_as!(
        DeliveryRecord,
        r#"SELECT d.id, message_id, message_type, event_id, userid, case_id, subject, state, attempts,
             NOT is_free(claimed_until) AS "is_being_sent!",
             (body IS NOT NULL OR EXISTS (SELECT FROM event e WHERE e.id = d.event_id AND e.body IS NOT NULL)) AS "is_kept!",
             created_at, next_attempt_at, last_status, last_error, delivered_at
         FROM webhook_delivery d WHERE d.id = $1"#,
        id
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let body = sqlx::query_scalar!("SELECT body FROM webhook_delivery WHERE id = $1", id)
        .fetch_optional(&mut *conn)
        .await?;
    let attempts = sqlx::query_as!(
        AttemptRecord,
        "SELECT id, at, duration_ms, status, error FROM webhook_attempt WHERE delivery_id = $1 ORDER BY id DESC LIMIT 200",
        id
    )
    .fetch_all(conn)
    .await?;
    Ok(Some(DeliveryDetail {
        row: row.try_into()?,
        body: body.flatten(),
        attempts: attempts
            .into_iter()
            .map(TryInto::try_into)
            .collect::<Result<_, _>>()?,
    }))
}

fn owned(names: &[&'static str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
