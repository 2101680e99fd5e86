//! Lists the inbox.

use crate::store::Conn;
use chrono::{DateTime, Utc};

use super::StoreError;
use super::record::record;
use super::sort::Sort;
use crate::domain::event::{EventSource, EventState};
use crate::domain::ids::DeptId;

/// Which events to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct EventFilter {
    /// `None` for all.
    pub state: Option<EventState>,
    /// Only these types; empty for all.
    pub types: Vec<&'static str>,
    /// Excludes these types.
    pub other_than: Vec<&'static str>,
    /// A userid, an event's id or DingTalk's own id of it, or part of a person's name; empty for all.
    pub q: String,
}

impl EventFilter {
    /// Returns the filter with the search text alone.
    pub fn text_only(&self) -> Self {
        Self {
            q: self.q.clone(),
            ..Self::default()
        }
    }
}

record! {
    /// An event without its body.
    #[derive(Debug, Clone)]
    pub struct EventRow from EventRecord in "event" by id {
        pub id: i64,
        /// `id:` and DingTalk's own id of the event, or a digest for an event without one.
        pub dedupe_key: String,
        pub event_type: String,
        pub event_time: Option<DateTime<Utc>>,
        pub userids: Vec<String>,
        /// The names in the staff table for `userids`, in the same order; empty where there is none.
        pub names: Vec<String>,
        pub dept_ids: Vec<DeptId>,
        /// The names in the department table for `dept_ids`, in the same order.
        pub dept_names: Vec<String>,
        pub attempts: i32,
        pub next_attempt_at: DateTime<Utc>,
        pub last_error: Option<String>,
        pub received_at: DateTime<Utc>,
        pub applied_at: Option<DateTime<Utc>>,
    }
    closed {
        pub state: EventState,
        pub source: EventSource,
    }
}

/// An event with its body.
#[derive(Debug, Clone)]
pub struct EventDetail {
    pub row: EventRow,
    /// The decrypted message; dropped after 30 days.
    pub body: Option<serde_json::Value>,
}

/// Returns one page of events, by default the latest first.
pub async fn list(
    conn: &mut Conn,
    filter: &EventFilter,
    sort: Option<Sort>,
    limit: i64,
    offset: i64,
) -> Result<Vec<EventRow>, StoreError> {
    let ids = ids(&mut *conn, filter, sort, limit, offset).await?;
    rows(conn, &ids).await
}

/// Returns events by id, in the order of the ids.
pub async fn rows(conn: &mut Conn, ids: &[i64]) -> Result<Vec<EventRow>, StoreError> {
    if ids.is_empty() {
        return Ok(Vec::new());
    }
    let events = sqlx::query_as!(
        EventRecord,
        r#"SELECT e.id, e.dedupe_key, e.event_type, e.event_time, e.userids, e.dept_ids, e.state, e.source, e.attempts,
             e.next_attempt_at, e.last_error, e.received_at, e.applied_at,
             ARRAY(SELECT coalesce(s.name, '') FROM unnest(e.userids) WITH ORDINALITY u (userid, place)
                   LEFT JOIN staff s USING (userid) ORDER BY u.place) AS "names!",
             ARRAY(SELECT coalesce(d.name, '') FROM unnest(e.dept_ids) WITH ORDINALITY u (dept_id, place)
                   LEFT JOIN department d USING (dept_id) ORDER BY u.place) AS "dept_names!"
         FROM unnest($1::bigint[]) WITH ORDINALITY AS wanted (id, place) JOIN event e USING (id) ORDER BY wanted.place"#,
        ids
    )
    .fetch_all(conn)
    .await?;
    events.into_iter().map(TryInto::try_into).collect()
}

/// Returns the ids of [`list`]. The default order has an index; any other order sorts all matches.
// Long because each order is a checked statement of its own.
pub async fn ids(
    conn: &mut Conn,
    filter: &EventFilter,
    sort: Option<Sort>,
    limit: i64,
    offset: i64,
) -> Result<Vec<i64>, StoreError> {
    let types = owned(&filter.types);
    let other_than = owned(&filter.other_than);
    let ids = if let Some(sort) = sort {
        sqlx::query_scalar!(
            r#"SELECT id FROM (
                 -- Numbers are written so that they sort as text.
                 SELECT e.id, CASE $5::text WHEN 'received' THEN to_char(e.received_at, 'YYYYMMDDHH24MISSUS')
                     WHEN 'attempts' THEN to_char(e.attempts, '0000000000') WHEN 'state' THEN e.state ELSE e.event_type END AS key
                 FROM event e
                 WHERE ($1::text IS NULL OR e.state = $1)
                   AND (cardinality($2::text[]) = 0 OR e.event_type = ANY ($2))
                   AND NOT e.event_type = ANY ($3::text[])
                   AND ($4 = '' OR e.id::text = $4 OR e.dedupe_key = 'id:' || $4 OR e.userids @> ARRAY[$4]
                        OR e.userids && ARRAY(SELECT userid FROM staff WHERE strpos(lower(name), lower($4)) > 0))
             ) found
             ORDER BY CASE WHEN NOT $6 THEN key END, CASE WHEN $6 THEN key END DESC, id DESC LIMIT $7 OFFSET $8"#,
            filter.state.map(EventState::as_str),
            &types,
            &other_than,
            filter.q,
            sort.column,
            sort.is_descending,
            limit,
            offset,
        )
        .fetch_all(conn)
        .await?
    } else {
        sqlx::query_scalar!(
            r#"SELECT e.id FROM event e
             WHERE ($1::text IS NULL OR e.state = $1)
               AND (cardinality($2::text[]) = 0 OR e.event_type = ANY ($2))
               AND NOT e.event_type = ANY ($3::text[])
               AND ($4 = '' OR e.id::text = $4 OR e.dedupe_key = 'id:' || $4 OR e.userids @> ARRAY[$4]
                    OR e.userids && ARRAY(SELECT userid FROM staff WHERE strpos(lower(name), lower($4)) > 0))
             ORDER BY e.id DESC LIMIT $5 OFFSET $6"#,
            filter.state.map(EventState::as_str),
            &types,
            &other_than,
            filter.q,
            limit,
            offset,
        )
        .fetch_all(conn)
        .await?
    };
    Ok(ids)
}

/// How many events there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventCounts {
    /// Those that match the filter.
    pub matching: i64,
    /// Those that have failed and wait for an administrator, whatever the filter.
    pub failed: i64,
    /// Those that are parked, whatever the filter.
    pub parked: i64,
}

/// Returns how many events match the filter of [`list`], and how many wait for an administrator.
pub async fn count(conn: &mut Conn, filter: &EventFilter) -> Result<EventCounts, StoreError> {
    let types = owned(&filter.types);
    let other_than = owned(&filter.other_than);
    let counts = sqlx::query_as!(
        EventCounts,
        r#"SELECT count(*) AS "matching!",
             (SELECT count(*) FROM event WHERE state = 'failed') AS "failed!",
             (SELECT count(*) FROM event WHERE state = 'parked') AS "parked!"
         FROM event e
         WHERE ($1::text IS NULL OR e.state = $1)
           AND (cardinality($2::text[]) = 0 OR e.event_type = ANY ($2))
           AND NOT e.event_type = ANY ($3::text[])
           AND ($4 = '' OR e.id::text = $4 OR e.dedupe_key = 'id:' || $4 OR e.userids @> ARRAY[$4]
                OR e.userids && ARRAY(SELECT userid FROM staff WHERE strpos(lower(name), lower($4)) > 0))"#,
        filter.state.map(EventState::as_str),
        &types,
        &other_than,
        filter.q,
    )
    .fetch_one(conn)
    .await?;
    Ok(counts)
}

/// Finds an event with its body.
pub async fn find(conn: &mut Conn, id: i64) -> Result<Option<EventDetail>, StoreError> {
    let row = sqlx::query_as!(
        EventRecord,
        r#"SELECT e.id, e.dedupe_key, e.event_type, e.event_time, e.userids, e.dept_ids, e.state, e.source, e.attempts,
             e.next_attempt_at, e.last_error, e.received_at, e.applied_at,
             ARRAY(SELECT coalesce(s.name, '') FROM unnest(e.userids) WITH ORDINALITY u (userid, place)
                   LEFT JOIN staff s USING (userid) ORDER BY u.place) AS "names!",
             ARRAY(SELECT coalesce(d.name, '') FROM unnest(e.dept_ids) WITH ORDINALITY u (dept_id, place)
                   LEFT JOIN department d USING (dept_id) ORDER BY u.place) AS "dept_names!"
         FROM event e
         WHERE e.id = $1"#,
        id
    )
    .fetch_optional(&mut *conn)
    .await?;
    let Some(row) = row else { return Ok(None) };
    let body = sqlx::query_scalar!("SELECT body FROM event WHERE id = $1", id)
        .fetch_optional(conn)
        .await?;
    Ok(Some(EventDetail {
        row: row.try_into()?,
        body: body.flatten(),
    }))
}

fn owned(names: &[&'static str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}
