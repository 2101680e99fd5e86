//! Events that DingTalk could not deliver: stored as held, released into the inbox later.

use crate::store::Conn;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::StoreError;
use crate::domain::event::Event;
use crate::domain::ids::{DeptId, UserId};

/// A held event, or one of the list that could not be read, without its body.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParkedRow {
    pub id: i64,
    pub event_type: String,
    pub event_time: Option<DateTime<Utc>>,
    pub userids: Vec<String>,
    pub dept_ids: Vec<DeptId>,
    /// `held`, `failed` where it cannot be read, or `ignored` where it names another company.
    pub state: String,
}

/// An event that is being released.
#[derive(Debug, Clone)]
pub struct ReleasedEvent {
    pub id: i64,
    pub event_type: String,
    pub event_time: Option<DateTime<Utc>>,
    pub userids: Vec<UserId>,
    pub dept_ids: Vec<DeptId>,
    /// What could not be read of it.
    pub problem: Option<String>,
}

/// Stores an entry of DingTalk's list unless its event is stored already, under the same key or, for a
/// push that bore an id of its own, with the same type, time and ids. One that cannot be applied at
/// all is stored as failed.
pub async fn insert_once(conn: &mut Conn, event: &Event) -> Result<Option<ParkedRow>, StoreError> {
    if is_stored(conn, event).await? {
        return Ok(None);
    }
    let userids: Vec<String> = event
        .userids
        .iter()
        .map(|id| id.as_str().to_owned())
        .collect();
    let state = if event.is_foreign {
        "ignored"
    } else if event.problem.is_some() && !event.names_something() {
        "failed"
    } else {
        "held"
    };
    let row = sqlx::query_as!(
        ParkedRow,
        "INSERT INTO event (dedupe_key, source, event_type, event_time, userids, dept_ids, body, state, last_error)
         VALUES ($1, 'failed_list', $2, $3, $4, $5, $6, $7, $8)
         ON CONFLICT (dedupe_key) DO NOTHING
         RETURNING id, event_type, event_time, userids, dept_ids, state",
        event.dedupe_key,
        event.event_type,
        event.event_time,
        &userids,
        &event.dept_ids,
        event.body,
        state,
        event.problem,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

async fn is_stored(conn: &mut Conn, event: &Event) -> Result<bool, StoreError> {
    let Some(event_time) = event.event_time.filter(|_| event.problem.is_none()) else {
        return Ok(false);
    };
    let userids: Vec<String> = event
        .userids
        .iter()
        .map(|id| id.as_str().to_owned())
        .collect();
    let bodies: Vec<Option<Value>> = sqlx::query_scalar!(
        "SELECT body FROM event
         WHERE event_time = $1 AND event_type = $2 AND userids = $3 AND dept_ids = $4 LIMIT 500",
        event_time,
        event.event_type,
        &userids,
        &event.dept_ids,
    )
    .fetch_all(conn)
    .await?;
    Ok(if event.is_told_by_its_ids() {
        !bodies.is_empty()
    } else {
        bodies.iter().flatten().any(|body| event.is_told_in(body))
    })
}

/// The held events, in the order in which they are released.
pub async fn list(conn: &mut Conn) -> Result<Vec<ParkedRow>, StoreError> {
    let rows = sqlx::query_as!(
        ParkedRow,
        "SELECT id, event_type, event_time, userids, dept_ids, state FROM event
         WHERE state = 'held' ORDER BY event_time, id"
    )
    .fetch_all(conn)
    .await?;
    Ok(rows)
}

/// How many events are held.
pub async fn count(conn: &mut Conn) -> Result<i64, StoreError> {
    let count =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM event WHERE state = 'held'"#)
            .fetch_one(conn)
            .await?;
    Ok(count)
}

/// The held event that comes first, or the one with this id; until the commit nobody else's.
pub async fn lock_next(
    conn: &mut Conn,
    id: Option<i64>,
) -> Result<Option<ReleasedEvent>, StoreError> {
    // One releaser at a time: two would put them into the inbox out of order.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('release held events', 0))")
        .fetch_one(&mut *conn)
        .await?;
    let row = sqlx::query_as!(
        ReleasedEvent,
        r#"SELECT id, event_type, event_time, userids AS "userids: Vec<UserId>", dept_ids, last_error AS problem
         FROM event WHERE state = 'held' AND ($1::bigint IS NULL OR id = $1)
         ORDER BY event_time, id LIMIT 1 FOR UPDATE"#,
        id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// The id of the held event that this one repeats, locked until the commit. It is the same by its key or, where
/// these say all about it, by its type, time and ids.
pub async fn lock_repeated(conn: &mut Conn, event: &Event) -> Result<Option<i64>, StoreError> {
    let userids: Vec<String> = event
        .userids
        .iter()
        .map(|id| id.as_str().to_owned())
        .collect();
    let id = sqlx::query_scalar!(
        "SELECT id FROM event
         -- One whose release has failed has not taken effect either.
         WHERE (state = 'held' OR state = 'failed' AND source = 'failed_list') AND (dedupe_key = $1
             OR event_time = $2 AND event_type = $3 AND userids = $4 AND dept_ids = $5)
         ORDER BY id LIMIT 1 FOR UPDATE",
        event.dedupe_key,
        event.identifying_time(),
        event.event_type,
        &userids,
        &event.dept_ids,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id)
}

/// Puts a held event into the state in which a push of it would have been stored.
pub async fn release(conn: &mut Conn, id: i64, state: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE event SET state = $2, next_attempt_at = now(), applied_at = CASE WHEN $2 = 'applied' THEN now() END
         WHERE id = $1 AND state IN ('held', 'failed')",
        id,
        state,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Parks a held event that cannot be released.
pub async fn fail(conn: &mut Conn, id: i64, reason: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE event SET state = 'failed', last_error = $2 WHERE id = $1 AND state = 'held'",
        id,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Which of these employed people DingTalk has listed so long after a leaving that it no longer speaks
/// of now: in an answer asked for ten minutes after it, in one that followed a joining told later than
/// the leaving, or in a complete sync that began after it.
pub async fn listed_since(
    conn: &mut Conn,
    userids: &[UserId],
    left_at: DateTime<Utc>,
) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    // A minute is left to DingTalk's clock and ours.
    let listed = sqlx::query_scalar!(
        r#"SELECT userid AS "userid: UserId" FROM staff s
         WHERE userid = ANY ($1) AND status = 'employed' AND (
             looked_at > $2::timestamptz + interval '11 minutes'
             OR EXISTS (
                 SELECT FROM event j
                 WHERE j.event_type IN ('user_add_org', 'user_active_org') AND j.userids @> ARRAY[s.userid]
                     AND j.event_time > $2 AND j.state = 'applied' AND s.looked_at >= j.received_at)
             OR EXISTS (
                 SELECT FROM sync_run r WHERE r.state = 'done' AND r.is_complete AND r.started_at > $2::timestamptz + interval '1 minute'))"#,
        &ids,
        left_at,
    )
    .fetch_all(conn)
    .await?;
    Ok(listed)
}
