//! Events that DingTalk could not deliver: parked, and released into the inbox later.

use std::collections::HashSet;

use crate::store::Conn;
use chrono::{DateTime, Utc};
use serde_json::Value;

use super::StoreError;
use super::event::NewEvent;
use super::record::record;
use crate::domain::event::{Event, EventState};
use crate::domain::ids::{DeptId, UserId};

record! {
    /// A parked event, or a listed one that could not be read or names another company, without its body.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ParkedRow from ParkedRecord in "event" by id {
        pub id: i64,
        pub event_type: String,
        pub event_time: Option<DateTime<Utc>>,
        pub userids: Vec<String>,
        pub dept_ids: Vec<DeptId>,
    }
    closed {
        pub state: EventState,
    }
}

/// An event that is being released.
#[derive(Debug, Clone)]
pub struct ReleasedEvent {
    pub id: i64,
    pub event_type: String,
    pub event_time: Option<DateTime<Utc>>,
    pub userids: Vec<UserId>,
    pub dept_ids: Vec<DeptId>,
    /// Which part of it could not be read.
    pub problem: Option<String>,
}

/// Stores an entry of DingTalk's list of failed callbacks unless its event is already stored, under the same key or,
/// for a push with its own id, with the same type, time and ids. If these are not its full content, `is_contained_in`
/// says whether the body of a stored event contains it. An entry that cannot be applied at all is stored as
/// failed.
pub async fn insert_once(
    conn: &mut Conn,
    event: &Event,
    is_contained_in: impl Fn(&Event, &Value) -> bool,
) -> Result<Option<ParkedRow>, StoreError> {
    if is_stored(conn, event, is_contained_in).await? {
        return Ok(None);
    }
    let userids: Vec<String> = event
        .userids
        .iter()
        .map(|id| id.as_str().to_owned())
        .collect();
    let state = if event.is_foreign {
        EventState::Ignored
    } else if event.problem.is_some() && !event.names_something() {
        EventState::Failed
    } else {
        EventState::Parked
    };
    let row = sqlx::query_as!(
        ParkedRecord,
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
        state.as_str(),
        event.problem,
    )
    .fetch_optional(conn)
    .await?;
    row.map(TryInto::try_into).transpose()
}

async fn is_stored(
    conn: &mut Conn,
    event: &Event,
    is_contained_in: impl Fn(&Event, &Value) -> bool,
) -> Result<bool, StoreError> {
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
    Ok(if event.kind.is_identified_by_ids() {
        !bodies.is_empty()
    } else {
        bodies
            .iter()
            .flatten()
            .any(|body| is_contained_in(event, body))
    })
}

/// Returns the parked events, in the order in which they are released.
pub async fn list(conn: &mut Conn) -> Result<Vec<ParkedRow>, StoreError> {
    let rows = sqlx::query_as!(
        ParkedRecord,
        "SELECT id, event_type, event_time, userids, dept_ids, state FROM event
         WHERE state = 'parked' ORDER BY event_time, id"
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}

/// Returns how many events are parked.
pub async fn count(conn: &mut Conn) -> Result<i64, StoreError> {
    let count =
        sqlx::query_scalar!(r#"SELECT count(*) AS "count!" FROM event WHERE state = 'parked'"#)
            .fetch_one(conn)
            .await?;
    Ok(count)
}

/// Finds the first parked event, or the one with this id, and locks it until the commit.
pub async fn lock_next(
    conn: &mut Conn,
    id: Option<i64>,
) -> Result<Option<ReleasedEvent>, StoreError> {
    // One releaser at a time: two would put the events into the inbox out of order.
    sqlx::query!("SELECT pg_advisory_xact_lock(hashtextextended('release held events', 0))")
        .fetch_one(&mut *conn)
        .await?;
    let row = sqlx::query_as!(
        ReleasedEvent,
        r#"SELECT id, event_type, event_time, userids AS "userids: Vec<UserId>", dept_ids, last_error AS problem
         FROM event WHERE state = 'parked' AND ($1::bigint IS NULL OR id = $1)
         ORDER BY event_time, id LIMIT 1 FOR UPDATE"#,
        id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row)
}

/// Returns the id of the parked event that this one repeats, locked until the commit. They are the same by key or,
/// if these identify it, by type, time and ids.
pub async fn lock_repeated(conn: &mut Conn, event: &Event) -> Result<Option<i64>, StoreError> {
    let userids: Vec<String> = event
        .userids
        .iter()
        .map(|id| id.as_str().to_owned())
        .collect();
    let id = sqlx::query_scalar!(
        "SELECT id FROM event
         -- One whose release has failed has not taken effect either.
         WHERE (state = 'parked' OR state = 'failed' AND source = 'failed_list') AND (dedupe_key = $1
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

/// Returns the keys of those of these events that may repeat a parked one, without locking it. They are the same by
/// key or, if these identify them, by time: [`lock_repeated`] looks at the rest.
pub async fn find_repeated(
    conn: &mut Conn,
    events: &[&NewEvent],
) -> Result<HashSet<String>, StoreError> {
    if events.is_empty() {
        return Ok(HashSet::new());
    }
    let key = |new: &&NewEvent| new.event.dedupe_key.clone();
    let keys: Vec<String> = events.iter().map(key).collect();
    let times = events.iter().filter_map(|new| new.event.identifying_time());
    let times: Vec<DateTime<Utc>> = times.collect();
    let parked = sqlx::query!(
        "SELECT dedupe_key, event_time FROM event
         WHERE (state = 'parked' OR state = 'failed' AND source = 'failed_list')
             AND (dedupe_key = ANY ($1) OR event_time = ANY ($2))",
        &keys,
        &times,
    )
    .fetch_all(conn)
    .await?;
    let is_repeat = |new: &&&NewEvent| {
        let (key, time) = (&new.event.dedupe_key, new.event.identifying_time());
        parked
            .iter()
            .any(|row| row.dedupe_key == *key || time.is_some() && row.event_time == time)
    };
    let repeats = events.iter().filter(is_repeat);
    Ok(repeats.map(key).collect())
}

/// Sets a parked event to the state in which a push of it would have been stored.
pub async fn release(conn: &mut Conn, id: i64, state: EventState) -> Result<(), StoreError> {
    let released = sqlx::query!(
        "UPDATE event SET state = $2, next_attempt_at = now(), applied_at = CASE WHEN $2 = 'applied' THEN now() END
         WHERE id = $1 AND state IN ('parked', 'failed')",
        id,
        state.as_str(),
    )
    .execute(conn)
    .await?;
    StoreError::unless_written(released.rows_affected(), 1, "event", || id.to_string())
}

/// Marks a parked event that cannot be released as failed.
pub async fn fail(conn: &mut Conn, id: i64, reason: &str) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE event SET state = 'failed', last_error = $2 WHERE id = $1 AND state = 'parked'",
        id,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns the employed people among these whose leave event is outdated, because DingTalk has listed them since: in
/// an answer requested ten minutes after it, in one that followed a join event with a later time than the leave
/// event, or in a complete sync that began after it.
pub async fn listed_since(
    conn: &mut Conn,
    userids: &[UserId],
    left_at: DateTime<Utc>,
) -> Result<Vec<UserId>, StoreError> {
    let ids: Vec<String> = userids.iter().map(|id| id.as_str().to_owned()).collect();
    // One minute is allowed for clock differences between DingTalk and us.
    let listed = sqlx::query_scalar!(
        r#"SELECT userid AS "userid: UserId" FROM staff s
         WHERE userid = ANY ($1) AND status = 'employed' AND (
             observed_at > $2::timestamptz + interval '11 minutes'
             OR EXISTS (
                 SELECT FROM event j
                 WHERE j.event_type IN ('user_add_org', 'user_active_org') AND j.userids @> ARRAY[s.userid]
                     AND j.event_time > $2 AND j.state = 'applied' AND s.observed_at >= j.received_at)
             OR EXISTS (
                 SELECT FROM sync_run r WHERE r.state = 'done' AND r.is_complete AND r.started_at > $2::timestamptz + interval '1 minute'))"#,
        &ids,
        left_at,
    )
    .fetch_all(conn)
    .await?;
    Ok(listed)
}
