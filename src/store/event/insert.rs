//! Stores received events, any number with one statement.

use std::collections::{HashMap, HashSet};

use chrono::{DateTime, Utc};

use crate::domain::event::{Event, EventState};
use crate::domain::ids::{DeptId, UserId};
use crate::store::{Conn, StoreError, webhook};

/// The state in which an event is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InitialState {
    Waiting,
    Applied,
    /// With the reason.
    Failed(&'static str),
    /// Recorded and not applied, with the reason.
    Ignored(&'static str),
}

impl InitialState {
    pub fn state(self) -> EventState {
        match self {
            Self::Waiting => EventState::Waiting,
            Self::Applied => EventState::Applied,
            Self::Failed(_) => EventState::Failed,
            Self::Ignored(_) => EventState::Ignored,
        }
    }

    fn reason(self) -> Option<&'static str> {
        match self {
            Self::Failed(reason) | Self::Ignored(reason) => Some(reason),
            Self::Waiting | Self::Applied => None,
        }
    }
}

/// A received event and the state in which it is stored.
#[derive(Debug, Clone)]
pub struct NewEvent {
    pub event: Event,
    pub arrival: InitialState,
}

/// Makes the statements of this transaction fail that wait longer than 100 ms for a lock.
pub async fn limit_lock_waits(conn: &mut Conn) -> Result<(), StoreError> {
    sqlx::query!("SELECT set_config('lock_timeout', '100ms', true)")
        .fetch_one(conn)
        .await?;
    Ok(())
}

/// Stores the events that are not known, with a webhook message for those whose type is subscribed; returns the keys of
/// the new ones. An event is known by its key or, if these identify it, by its type, time and ids. No two of the
/// events may be the same.
// Long because the statement takes an array for each column.
pub async fn insert_all(
    conn: &mut Conn,
    events: &[&NewEvent],
) -> Result<HashSet<String>, StoreError> {
    let columns = Columns::of(events);
    let rows = sqlx::query!(
        // An array cannot hold lists of different lengths: each event has a slice of all ids.
        r#"INSERT INTO event (dedupe_key, event_type, event_time, userids, dept_ids, body, state, last_error, applied_at)
         SELECT key, type, time, e.userids, e.dept_ids, body::jsonb, e.state, reason,
             CASE WHEN e.state = 'applied' THEN now() END
         FROM (SELECT *, ($10::text[])[user_from:user_to] AS userids, ($11::bigint[])[dept_from:dept_to] AS dept_ids
               FROM unnest($1::text[], $2::text[], $3::timestamptz[], $4::text[], $5::text[], $6::text[],
                   $7::timestamptz[], $8::integer[], $9::integer[], $12::integer[], $13::integer[])
                   AS c (key, type, time, body, state, reason, identifying_time, user_from, user_to, dept_from, dept_to)
         ) AS e
         -- The same event under another key: with an id of its own, or without one. Not EXISTS, which the planner
         -- might turn into a join that reads the whole table.
         WHERE identifying_time IS NULL OR (
             SELECT id FROM event AS old WHERE old.event_time = identifying_time AND old.event_type = type
                 -- Not `=`, for which the planner may take the GIN index, whose pending list is read from end to end.
                 AND old.userids IS NOT DISTINCT FROM e.userids AND old.dept_ids IS NOT DISTINCT FROM e.dept_ids
             LIMIT 1) IS NULL
         -- Ordered, so that two instances that store the same events do not wait for each other.
         ORDER BY key
         ON CONFLICT (dedupe_key) DO NOTHING
         RETURNING id, dedupe_key, state <> 'ignored' AND EXISTS (
             SELECT FROM webhook_subscription WHERE event_type = ANY (event_types)) AS "is_subscribed!""#,
        &columns.keys as &[&str],
        &columns.types as &[&str],
        &columns.times as &[Option<DateTime<Utc>>],
        &columns.bodies,
        &columns.states as &[&str],
        &columns.reasons as &[Option<&str>],
        &columns.identifying_times as &[Option<DateTime<Utc>>],
        &columns.userids.first,
        &columns.userids.last,
        &columns.userids.all as &[&str],
        &columns.dept_ids.all,
        &columns.dept_ids.first,
        &columns.dept_ids.last,
    )
    .fetch_all(&mut *conn)
    .await?;
    let subscribed = rows.iter().filter(|row| row.is_subscribed);
    let ids: HashMap<&str, i64> = subscribed
        .map(|row| (row.dedupe_key.as_str(), row.id))
        .collect();
    // In order of arrival, in which the messages are sent.
    let in_order = columns.keys.iter().filter_map(|key| ids.get(key).copied());
    webhook::enqueue_events(conn, &in_order.collect::<Vec<i64>>()).await?;
    Ok(rows.into_iter().map(|row| row.dedupe_key).collect())
}

/// The columns of several events.
#[derive(Default)]
struct Columns<'a> {
    keys: Vec<&'a str>,
    types: Vec<&'a str>,
    times: Vec<Option<DateTime<Utc>>>,
    bodies: Vec<String>,
    states: Vec<&'static str>,
    reasons: Vec<Option<&'static str>>,
    identifying_times: Vec<Option<DateTime<Utc>>>,
    userids: Slices<&'a str>,
    dept_ids: Slices<DeptId>,
}

impl<'a> Columns<'a> {
    fn of(events: &[&'a NewEvent]) -> Self {
        let mut columns = Self::default();
        for NewEvent { event, arrival } in events {
            columns.keys.push(&event.dedupe_key);
            columns.types.push(&event.event_type);
            columns.times.push(event.event_time);
            columns.bodies.push(event.body.to_string());
            columns.states.push(arrival.state().as_str());
            columns.reasons.push(arrival.reason());
            columns.identifying_times.push(event.identifying_time());
            columns
                .userids
                .push(event.userids.iter().map(UserId::as_str));
            columns.dept_ids.push(event.dept_ids.iter().copied());
        }
        columns
    }
}

/// Lists of different lengths one after the other, and where each begins and ends, as Postgres counts.
#[derive(Default)]
struct Slices<T> {
    all: Vec<T>,
    first: Vec<i32>,
    last: Vec<i32>,
}

impl<T> Slices<T> {
    fn push(&mut self, items: impl Iterator<Item = T>) {
        self.first.push(self.len().saturating_add(1));
        self.all.extend(items);
        self.last.push(self.len());
    }

    fn len(&self) -> i32 {
        i32::try_from(self.all.len()).unwrap_or(i32::MAX)
    }
}
