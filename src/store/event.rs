//! The inbox: events stored once, claimed in batches by one instance at a time.

use std::collections::HashSet;
use std::time::Duration;

use crate::store::Conn;
use chrono::{DateTime, Utc};
use serde_json::Value;
use uuid::Uuid;

use super::{StoreError, webhook};
use crate::domain::event::{Event, EventState};
use crate::domain::ids::{DeptId, UserId};

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
                 AND old.userids = e.userids AND old.dept_ids = e.dept_ids LIMIT 1) IS NULL
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
    let subscribed: Vec<i64> = subscribed.map(|row| row.id).collect();
    webhook::enqueue_events(conn, &subscribed).await?;
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

/// The order in which waiting events are looked up, as numbered by the SQL function `event_class`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Class {
    /// The first attempt at a join event.
    Join = 0,
    /// The first attempt at any other event.
    Change = 1,
    Retry = 2,
}

/// An event that this instance has claimed.
#[derive(Debug, Clone)]
pub struct ClaimedEvent {
    pub id: i64,
    pub event_type: String,
    pub userids: Vec<UserId>,
    pub dept_ids: Vec<DeptId>,
    /// `None` once it has been dropped for its age.
    pub body: Option<Value>,
    /// Number of attempts, including this one.
    pub attempts: i32,
    /// How many of the earlier attempts ended in a refusal.
    pub refusals: i32,
    /// Whether an earlier attempt has failed.
    pub is_retry: bool,
    /// The userids or department ids that are still to be looked up; `None` means all.
    pub pending: Option<Vec<String>>,
}

/// Claims due events that no live instance has claimed, up to and including `last_class`: join events before
/// changes, first attempts before retries, and within a class those that have been due longest.
pub async fn claim_batch(
    conn: &mut Conn,
    instance: Uuid,
    last_class: Class,
    limit: i64,
) -> Result<Vec<ClaimedEvent>, StoreError> {
    let mut batch = sqlx::query_as!(
        ClaimedEvent,
        r#"WITH due AS (
             SELECT id, event_class(event_type, attempts, last_error) AS class FROM event
             WHERE state = 'waiting' AND next_attempt_at <= now() AND is_free(claimed_until)
               AND event_class(event_type, attempts, last_error) <= $3
             ORDER BY class, next_attempt_at, id LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE event SET claimed_by = $1, claimed_until = lease_end(), attempts = attempts + 1
         FROM due WHERE event.id = due.id
         RETURNING event.id, event_type, userids AS "userids: Vec<UserId>", dept_ids, body, attempts, refusals,
             class = 2 AS "is_retry!", pending_subjects AS pending"#,
        instance,
        limit,
        last_class as i32,
    )
    .fetch_all(conn)
    .await?;
    batch.sort_by_key(|event| event.id);
    Ok(batch)
}

/// Claims the other waiting events about people who are about to be looked up, so that one lookup serves them all.
/// An event about one of them alone need not be due, because the lookup is made anyway. One that names others too
/// must be due, because it leads to further lookups.
pub async fn claim_about(
    conn: &mut Conn,
    instance: Uuid,
    people: &[&UserId],
    limit: i64,
) -> Result<Vec<ClaimedEvent>, StoreError> {
    let people: Vec<String> = people.iter().map(|id| id.as_str().to_owned()).collect();
    let mut batch = sqlx::query_as!(
        ClaimedEvent,
        r#"WITH about AS (
             SELECT id, event_class(event_type, attempts, last_error) AS class FROM event
             WHERE userids && $3 AND state = 'waiting' AND is_free(claimed_until)
               AND (cardinality(userids) = 1 OR next_attempt_at <= now())
             ORDER BY id LIMIT $2 FOR UPDATE SKIP LOCKED
         )
         UPDATE event SET claimed_by = $1, claimed_until = lease_end(), attempts = attempts + 1
         FROM about WHERE event.id = about.id
         RETURNING event.id, event_type, userids AS "userids: Vec<UserId>", dept_ids, body, attempts, refusals,
             class = 2 AS "is_retry!", pending_subjects AS pending"#,
        instance,
        limit,
        &people,
    )
    .fetch_all(conn)
    .await?;
    batch.sort_by_key(|event| event.id);
    Ok(batch)
}

/// Renews the lease of this instance's claims.
pub async fn renew(conn: &mut Conn, instance: Uuid, ids: &[i64]) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE event SET claimed_until = lease_end()
         WHERE id = ANY ($1) AND claimed_by = $2 AND state = 'waiting'",
        ids,
        instance,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks events as applied, unless another instance has claimed them.
pub async fn mark_applied(conn: &mut Conn, instance: Uuid, ids: &[i64]) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE event SET state = 'applied', applied_at = clock_timestamp(), last_error = NULL, claimed_by = NULL, claimed_until = NULL
         WHERE id = ANY ($1) AND claimed_by = $2 AND state = 'waiting'",
        ids,
        instance,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Postpones an event after a failure.
pub async fn mark_retry(
    conn: &mut Conn,
    instance: Uuid,
    id: i64,
    delay: Duration,
    reason: &str,
    is_refusal: bool,
    is_outage: bool,
) -> Result<(), StoreError> {
    sqlx::query!(
        // Only outages use up the attempts allowed for an outage: what waits for something else may wait for days.
        "UPDATE event SET attempts = CASE WHEN $6::boolean THEN attempts ELSE least(attempts, 5) END, next_attempt_at = clock_timestamp() + make_interval(secs => $3), last_error = $4,
             refusals = refusals + $5::boolean::integer,
             claimed_by = NULL, claimed_until = NULL
         WHERE id = $1 AND claimed_by = $2 AND state = 'waiting'",
        id,
        instance,
        delay.as_secs_f64(),
        reason,
        is_refusal,
        is_outage,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Records which subjects of an event are still to be looked up at the next attempt.
pub async fn keep_progress(
    conn: &mut Conn,
    instance: Uuid,
    id: i64,
    pending: &[String],
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE event SET pending_subjects = $3 WHERE id = $1 AND claimed_by = $2 AND state = 'waiting'",
        id,
        instance,
        pending,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Marks an event as failed until an administrator retries it.
pub async fn mark_failed(
    conn: &mut Conn,
    instance: Uuid,
    id: i64,
    reason: &str,
) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE event SET state = 'failed', last_error = $3, claimed_by = NULL, claimed_until = NULL
         WHERE id = $1 AND claimed_by = $2 AND state = 'waiting'",
        id,
        instance,
        reason,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Releases claims as if they had never been made; they can be claimed again after `delay`.
pub async fn release(
    conn: &mut Conn,
    instance: Uuid,
    ids: &[i64],
    delay: Duration,
) -> Result<(), StoreError> {
    if ids.is_empty() {
        return Ok(());
    }
    sqlx::query!(
        "UPDATE event SET claimed_by = NULL, claimed_until = NULL, attempts = greatest(attempts - 1, 0),
             next_attempt_at = greatest(next_attempt_at, clock_timestamp() + make_interval(secs => $3))
         WHERE id = ANY ($1) AND claimed_by = $2 AND state = 'waiting'",
        ids,
        instance,
        delay.as_secs_f64(),
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Releases all claims of a stopping process, so that another one can continue at once.
pub async fn release_all(conn: &mut Conn, instance: Uuid) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE event SET claimed_by = NULL, claimed_until = NULL, attempts = greatest(attempts - 1, 0)
         WHERE claimed_by = $1 AND state = 'waiting'",
        instance,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Retries a failed event; returns false if there is no such failed event.
pub async fn retry_one(conn: &mut Conn, id: i64) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        // A leave event takes effect by being released, not by a lookup.
        "UPDATE event SET state = CASE event_type WHEN 'user_leave_org' THEN 'parked' ELSE 'waiting' END,
             attempts = 0, refusals = 0, next_attempt_at = now(), last_error = NULL
         WHERE id = $1 AND state = 'failed'",
        id,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// The result of [`retry_all_failed`].
pub struct RetryReport {
    pub count: u64,
    /// The leave events among them, which are now parked and take effect when they are released.
    pub leave_ids: Vec<i64>,
}

/// Retries all failed events. They may be many, and count as retries, so that new events come first.
pub async fn retry_all_failed(conn: &mut Conn) -> Result<RetryReport, StoreError> {
    let retried = sqlx::query!(
        r#"UPDATE event SET state = CASE event_type WHEN 'user_leave_org' THEN 'parked' ELSE 'waiting' END,
             attempts = 1, refusals = 0, next_attempt_at = now(),
             -- What is released with a problem of its own would fail again.
             last_error = CASE event_type WHEN 'user_leave_org' THEN NULL ELSE last_error END
         WHERE state = 'failed' RETURNING id, state = 'parked' AS "is_held!""#
    )
    .fetch_all(conn)
    .await?;
    let held = retried.iter().filter(|row| row.is_held).map(|row| row.id);
    Ok(RetryReport {
        count: u64::try_from(retried.len()).unwrap_or(u64::MAX),
        leave_ids: held.collect(),
    })
}

/// Returns whether one of these join events has no later leave event of the same person: by DingTalk's times if both
/// have one, else by order of arrival. Events come late and out of order.
pub async fn is_join_standing(
    conn: &mut Conn,
    join_ids: &[i64],
    userid: &UserId,
) -> Result<bool, StoreError> {
    let stands = sqlx::query_scalar!(
        r#"SELECT EXISTS (
             SELECT FROM event j WHERE j.id = ANY ($1) AND NOT EXISTS (
                 SELECT FROM event l
                 WHERE l.event_type = 'user_leave_org' AND l.userids @> ARRAY[$2::text]
                     AND CASE WHEN l.event_time <> j.event_time THEN l.event_time > j.event_time ELSE l.id > j.id END
             )
         ) AS "stands!""#,
        join_ids,
        userid.as_str(),
    )
    .fetch_one(conn)
    .await?;
    Ok(stands)
}

/// Drops the bodies of events received before the retention period; returns how many.
pub async fn drop_old_bodies(conn: &mut Conn, retention: Duration) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "UPDATE event SET body = NULL WHERE body IS NOT NULL AND received_at < now() - make_interval(secs => $1)",
        retention.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}

/// Deletes the finished events received more than 400 days ago, with the ids and keys by which repeats are
/// recognized; returns how many.
pub async fn sweep(conn: &mut Conn) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM event WHERE received_at < now() - interval '400 days' AND state IN ('applied', 'ignored')"
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
