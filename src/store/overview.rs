//! Counts for the overview, all bounded by time or by the number of open items.

use crate::store::Conn;
use chrono::{DateTime, NaiveDate, Utc};

use super::StoreError;
use super::record::record;
use crate::domain::case::Refusal;

record! {
    /// How many logins, or refusals for one reason, there were on one day in China.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct LoginCount from LoginCountRecord in "audit_entry" by id {
        /// The latest of these audit entries.
        pub id: i64,
        pub day: NaiveDate,
        pub count: i64,
    }
    optional {
        /// Why the logins were refused; `None` if they were not.
        pub status: Refusal,
    }
}

/// Counts logins and refusals since a moment.
pub async fn login_counts(
    conn: &mut Conn,
    since: DateTime<Utc>,
) -> Result<Vec<LoginCount>, StoreError> {
    let counts = sqlx::query_as!(
        LoginCountRecord,
        r#"SELECT ((at AT TIME ZONE 'UTC') + interval '8 hours')::date AS "day!",
             CASE action WHEN 'refusal' THEN status END AS status, max(id) AS "id!", count(*) AS "count!"
         FROM audit_entry WHERE action IN ('login', 'refusal') AND at >= $1 GROUP BY 1, 2"#,
        since
    )
    .fetch_all(conn)
    .await?;
    counts.into_iter().map(TryInto::try_into).collect()
}

/// The events received on one day in China, and how long they took from arrival to being applied.
#[derive(Debug, Clone, PartialEq)]
pub struct EventDay {
    pub day: NaiveDate,
    pub received: i64,
    pub applied: i64,
    /// In seconds; `None` if nothing was applied.
    pub median: Option<f64>,
    /// The 95th percentile, in seconds.
    pub slow: Option<f64>,
}

/// Measures the events of each day since a moment.
pub async fn events(conn: &mut Conn, since: DateTime<Utc>) -> Result<Vec<EventDay>, StoreError> {
    let days = sqlx::query_as!(
        EventDay,
        r#"SELECT ((received_at AT TIME ZONE 'UTC') + interval '8 hours')::date AS "day!", count(*) AS "received!",
             count(applied_at) AS "applied!",
             percentile_cont(0.5) WITHIN GROUP (ORDER BY extract(epoch FROM applied_at - received_at)::float8) AS median,
             percentile_cont(0.95) WITHIN GROUP (ORDER BY extract(epoch FROM applied_at - received_at)::float8) AS slow
         FROM event WHERE received_at >= $1 GROUP BY 1"#,
        since
    )
    .fetch_all(conn)
    .await?;
    Ok(days)
}

/// The current totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    pub employed: i64,
    pub departments: i64,
    pub sessions: i64,
    pub events_waiting: i64,
    pub events_failed: i64,
    pub events_parked: i64,
    /// When the event that has waited longest arrived.
    pub waits_since: Option<DateTime<Utc>>,
    /// Whether any event has ever arrived.
    pub has_events: bool,
    /// Whether any full sync has ever been complete.
    pub has_synced: bool,
}

/// Returns the current totals.
pub async fn standing(conn: &mut Conn) -> Result<Standing, StoreError> {
    let standing = sqlx::query_as!(
        Standing,
        r#"SELECT (SELECT count(*) FROM staff WHERE status = 'employed') AS "employed!",
             (SELECT count(*) FROM department) AS "departments!",
             (SELECT count(*) FROM web_session w JOIN staff s USING (userid)
              WHERE is_live(w.created_at, w.last_seen_at, w.idle_expires_at, w.expires_at)) AS "sessions!",
             (SELECT count(*) FROM event WHERE state = 'waiting') AS "events_waiting!",
             (SELECT count(*) FROM event WHERE state = 'failed') AS "events_failed!",
             (SELECT count(*) FROM event WHERE state = 'parked') AS "events_parked!",
             (SELECT min(received_at) FROM event WHERE state = 'waiting') AS waits_since,
             EXISTS (SELECT FROM event) AS "has_events!",
             EXISTS (SELECT FROM sync_run WHERE state = 'done') AS "has_synced!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(standing)
}
