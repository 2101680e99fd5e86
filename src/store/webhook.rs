//! Webhook messages for the company's own systems: stored with their subject, claimed by one instance at a time, and
//! kept with every delivery attempt.
//! Long because it holds every state that a message passes through.

use std::time::Duration;

use crate::store::Conn;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::StoreError;
use super::lease::leases;
use super::record::known;
use crate::domain::webhook::{DeliveryError, DeliveryState};

/// Stores for all instances and commands which messages to send; `None` disables webhooks, and drops recorded staff
/// changes that are not yet messages.
pub async fn set_subscription(
    conn: &mut Conn,
    event_types: Option<&[String]>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_subscription SET includes_staff = $1, event_types = $2",
        event_types.is_some(),
        event_types.unwrap_or_default(),
    )
    .execute(&mut *conn)
    .await?;
    if event_types.is_none() {
        sqlx::query!("DELETE FROM staff_change")
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// Stores a message for an event whose type is subscribed, in the transaction that stores the event; a second call
/// has no effect.
pub async fn enqueue_event(
    conn: &mut Conn,
    event_id: i64,
    event_type: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO webhook_delivery (message_type, event_id)
         SELECT $2, $1 FROM webhook_subscription WHERE $2 = ANY (event_types)
         ON CONFLICT (event_id) DO NOTHING",
        event_id,
        event_type,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Stores a message for each of these events, whose types are subscribed, in this order and in the transaction that
/// stores the events.
pub async fn enqueue_events(conn: &mut Conn, event_ids: &[i64]) -> Result<(), StoreError> {
    if event_ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "INSERT INTO webhook_delivery (message_type, event_id)
         SELECT event_type, id FROM event WHERE id = ANY ($1) ORDER BY array_position($1, id)
         ON CONFLICT (event_id) DO NOTHING",
        event_ids,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A message whose body has yet to be rendered from its event.
#[derive(Debug, Clone)]
pub struct PendingPayload {
    pub id: i64,
    /// Number of attempts in this series, including this one.
    pub attempts: i32,
    pub event_id: i64,
    pub event_type: String,
    pub event_time: Option<DateTime<Utc>>,
    pub received_at: DateTime<Utc>,
    /// Age of the event, in seconds.
    pub age: f64,
    /// The decrypted event; `None` once it has been dropped for its age.
    pub event: Option<Value>,
}

/// Claims messages without a body, those that have been due longest first.
pub async fn claim_pending(
    conn: &mut Conn,
    instance: Uuid,
    limit: i64,
) -> Result<Vec<PendingPayload>, StoreError> {
    let claimed = sqlx::query_as!(
        PendingPayload,
        r#"WITH due AS (
             SELECT id FROM webhook_delivery
             WHERE state = 'waiting' AND body IS NULL AND next_attempt_at <= now() AND is_free(claimed_until)
             ORDER BY next_attempt_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
         ), claimed AS (
             UPDATE webhook_delivery d SET claimed_by = $1, claimed_until = lease_end(), attempts = d.attempts + 1
             FROM due WHERE d.id = due.id RETURNING d.id, d.attempts, d.event_id
         )
         SELECT c.id AS "id!", c.attempts AS "attempts!", e.id AS event_id, e.event_type, e.event_time, e.received_at,
             extract(epoch FROM clock_timestamp() - e.received_at)::float8 AS "age!", e.body AS event
         FROM claimed c JOIN event e ON e.id = c.event_id"#,
        instance,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(claimed)
}

/// Stores the body of a claimed message, which becomes due at once with no attempts.
pub async fn store_body(
    conn: &mut Conn,
    instance: Uuid,
    id: i64,
    subject: &str,
    body: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE webhook_delivery SET subject = $3, body = $4, attempts = 0, next_attempt_at = clock_timestamp(),
             last_status = NULL, last_error = NULL, claimed_by = NULL, claimed_until = NULL
         WHERE id = $1 AND claimed_by = $2 AND state = 'waiting'",
        id,
        instance,
        subject,
        body,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// A message to be sent now.
#[derive(Debug, Clone)]
pub struct ReadyDelivery {
    pub id: i64,
    pub message_id: String,
    pub body: String,
    /// Number of attempts in this series, including this one.
    pub attempts: i32,
    /// The current time in Unix seconds, by Postgres's clock.
    pub now: i64,
}

/// Claims messages to be sent, those that have been due longest first.
pub async fn claim_due(
    conn: &mut Conn,
    instance: Uuid,
    limit: i64,
) -> Result<Vec<ReadyDelivery>, StoreError> {
    let due = sqlx::query_as!(
        ReadyDelivery,
        r#"WITH due AS (
             SELECT id FROM webhook_delivery
             WHERE state = 'waiting' AND body IS NOT NULL AND next_attempt_at <= now() AND is_free(claimed_until)
             ORDER BY next_attempt_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE webhook_delivery d SET claimed_by = $1, claimed_until = lease_end(), attempts = d.attempts + 1
         FROM due WHERE d.id = due.id
         RETURNING d.id, d.message_id, d.body AS "body!", d.attempts, extract(epoch FROM clock_timestamp())::bigint AS "now!""#,
        instance,
        limit,
    )
    .fetch_all(conn)
    .await?;
    Ok(due)
}

/// A completed delivery attempt.
#[derive(Debug, Clone, Copy)]
pub struct DeliveryAttempt {
    pub duration: Duration,
    /// The receiver's HTTP status, if it returned one.
    pub status: Option<u16>,
    pub error: Option<DeliveryError>,
}

/// The outcome of an attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryEnd {
    Delivered,
    /// Retried after `delay`, but failed once this series has lasted for `patience`.
    Retry {
        delay: Duration,
        patience: Duration,
    },
    Failed,
}

leases!("webhook_delivery", order: "id", open: "state = 'waiting'", undo: ", attempts = greatest(attempts - 1, 0)", due: "next_attempt_at");

/// Records how an attempt ended, unless another instance has claimed the message; returns the message's new state.
pub async fn record_attempt(
    conn: &mut Conn,
    instance: Uuid,
    id: i64,
    attempt: &DeliveryAttempt,
    end: DeliveryEnd,
) -> Result<Option<DeliveryState>, StoreError> {
    let status = attempt.status.and_then(|status| i16::try_from(status).ok());
    let (wanted, delay, patience) = match end {
        DeliveryEnd::Delivered => (DeliveryState::Delivered, 0.0, 0.0),
        DeliveryEnd::Failed => (DeliveryState::Failed, 0.0, 0.0),
        DeliveryEnd::Retry { delay, patience } => (
            DeliveryState::Waiting,
            delay.as_secs_f64(),
            patience.as_secs_f64(),
        ),
    };
    // The last attempt falls on the very end of the series.
    let state = sqlx::query_scalar!(
        r#"WITH noted AS (
             UPDATE webhook_delivery SET
                 state = CASE WHEN $3 = 'waiting' AND clock_timestamp() >= least(series_started_at, clock_timestamp()) + make_interval(secs => $5) THEN 'failed' ELSE $3 END,
                 next_attempt_at = CASE WHEN $3 = 'waiting'
                     THEN least(clock_timestamp() + make_interval(secs => $4), series_started_at + make_interval(secs => $5)) ELSE next_attempt_at END,
                 delivered_at = CASE WHEN $3 = 'delivered' THEN clock_timestamp() ELSE delivered_at END,
                 last_status = $6, last_error = $7, claimed_by = NULL, claimed_until = NULL
             WHERE id = $1 AND claimed_by = $2 AND state = 'waiting'
             RETURNING id, state
         ), kept AS (
             INSERT INTO webhook_attempt (delivery_id, duration_ms, status, error) SELECT id, $8, $6, $7 FROM noted
         )
         SELECT state AS "state!" FROM noted"#,
        id,
        instance,
        wanted.as_str(),
        delay,
        patience,
        status,
        attempt.error.map(DeliveryError::as_str),
        i32::try_from(attempt.duration.as_millis()).unwrap_or(i32::MAX),
    )
    .fetch_optional(conn)
    .await?;
    let column = ("webhook_delivery", "state");
    let parse = |text: String| known(DeliveryState::parse, column, || id.to_string(), &text);
    state.map(parse).transpose()
}

/// A message that was queued again.
#[derive(Debug, Clone)]
pub struct QueuedDelivery {
    pub message_type: String,
    pub userid: Option<String>,
    pub subject: String,
}

/// Resends a message in a new series of attempts; returns `None` if it is being sent right now, or if neither its
/// body nor its event is kept any more. A body that lacks required details is rendered again, as long as its event
/// is kept.
pub async fn redeliver(conn: &mut Conn, id: i64) -> Result<Option<QueuedDelivery>, StoreError> {
    let queued = sqlx::query_as!(
        QueuedDelivery,
        r#"UPDATE webhook_delivery d SET state = 'waiting', series_started_at = now(), attempts = 0, next_attempt_at = now(),
             last_status = NULL, last_error = NULL, claimed_by = NULL, claimed_until = NULL,
             body = CASE WHEN strpos(body, '"process_instance_error":') > 0 AND EXISTS (SELECT FROM event e WHERE e.id = d.event_id AND e.body IS NOT NULL)
                 THEN NULL ELSE body END
         WHERE id = $1 AND is_free(claimed_until)
           AND (body IS NOT NULL OR EXISTS (SELECT FROM event e WHERE e.id = d.event_id AND e.body IS NOT NULL))
         RETURNING message_type, userid, subject"#,
        id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(queued)
}

/// Resends all failed messages that can be resent; returns how many there were.
pub async fn redeliver_failed(conn: &mut Conn) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        r#"UPDATE webhook_delivery d SET state = 'waiting', series_started_at = now(), attempts = 0, next_attempt_at = now(),
             last_status = NULL, last_error = NULL,
             body = CASE WHEN strpos(body, '"process_instance_error":') > 0 AND EXISTS (SELECT FROM event e WHERE e.id = d.event_id AND e.body IS NOT NULL)
                 THEN NULL ELSE body END
         WHERE state = 'failed'
           AND (body IS NOT NULL OR EXISTS (SELECT FROM event e WHERE e.id = d.event_id AND e.body IS NOT NULL))"#
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Drops the bodies of messages delivered before `bodies`, the retention of the events that they repeat, and deletes
/// all messages stored before `messages`; returns how many rows it touched.
pub async fn sweep(
    conn: &mut Conn,
    bodies: Duration,
    messages: Duration,
) -> Result<u64, StoreError> {
    let bodies = sqlx::query!(
        "UPDATE webhook_delivery SET body = NULL
         WHERE body IS NOT NULL AND state = 'delivered' AND delivered_at < now() - make_interval(secs => $1)",
        bodies.as_secs_f64()
    )
    .execute(&mut *conn)
    .await?;
    let rows = sqlx::query!(
        "DELETE FROM webhook_delivery WHERE created_at < now() - make_interval(secs => $1)",
        messages.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(bodies.rows_affected() + rows.rows_affected())
}
