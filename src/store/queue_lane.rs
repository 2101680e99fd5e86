//! The state of the queue's lanes, for administrators.

use chrono::{DateTime, Utc};

use super::record::record;
use super::{Conn, StoreError};
use crate::domain::queue::LaneName;

/// Records that a lane has worked, and its latest error if there was one.
pub async fn record_run(
    conn: &mut Conn,
    lane: LaneName,
    error: Option<&str>,
) -> Result<(), StoreError> {
    sqlx::query!(
        "INSERT INTO queue_lane (name, last_run_at, last_error, last_error_at)
         VALUES ($1, clock_timestamp(), $2, CASE WHEN $2::text IS NOT NULL THEN clock_timestamp() END)
         ON CONFLICT (name) DO UPDATE SET last_run_at = excluded.last_run_at,
             last_error = coalesce(excluded.last_error, queue_lane.last_error),
             last_error_at = coalesce(excluded.last_error_at, queue_lane.last_error_at)",
        lane.as_str(),
        error,
    )
    .execute(conn)
    .await?;
    Ok(())
}

record! {
    /// The state of a lane.
    #[derive(Debug, Clone)]
    pub struct LaneRow from LaneRecord in "queue_lane" by name {
        /// Items that wait, due or not.
        pub pending: i64,
        /// Since when the oldest of them waits; `None` if none does, or if the first is due in the future.
        pub oldest: Option<DateTime<Utc>>,
        /// Items that an instance is working on.
        pub in_progress: i64,
        /// `None` if the lane has never worked.
        pub last_run_at: Option<DateTime<Utc>>,
        pub last_error: Option<String>,
        pub last_error_at: Option<DateTime<Utc>>,
        pub now: DateTime<Utc>,
    }
    closed {
        pub name: LaneName,
    }
}

/// Returns the state of all lanes, in one statement.
pub async fn list(conn: &mut Conn) -> Result<Vec<LaneRow>, StoreError> {
    let rows = sqlx::query_as!(
        LaneRecord,
        r#"WITH item (lane, since, is_claimed) AS (
             SELECT 'events', received_at, NOT is_free(claimed_until) FROM event WHERE state = 'waiting'
             UNION ALL SELECT 'rechecks', due_at, NOT is_free(claimed_until) FROM subject_recheck
             UNION ALL SELECT 'reviews', created_at, NOT is_free(claimed_until) FROM review_job WHERE finished_at IS NULL
             UNION ALL SELECT 'review_lookups', due_at, NOT is_free(claimed_until) FROM unmatched_lookup
             UNION ALL SELECT 'staff_changes', at, false FROM staff_change
             UNION ALL SELECT 'webhook_payloads', series_started_at, NOT is_free(claimed_until) FROM webhook_delivery
                 WHERE state = 'waiting' AND body IS NULL
             UNION ALL SELECT 'webhook_deliveries', series_started_at, NOT is_free(claimed_until) FROM webhook_delivery
                 WHERE state = 'waiting' AND body IS NOT NULL
         )
         SELECT lane AS "name!", count(*) FILTER (WHERE NOT is_claimed) AS "pending!",
             min(since) FILTER (WHERE NOT is_claimed AND since <= clock_timestamp()) AS oldest,
             count(*) FILTER (WHERE is_claimed) AS "in_progress!",
             min(q.last_run_at) AS last_run_at, min(q.last_error) AS last_error, min(q.last_error_at) AS last_error_at,
             clock_timestamp() AS "now!"
         FROM unnest($1::text[]) WITH ORDINALITY AS lanes (lane, position)
         LEFT JOIN item USING (lane) LEFT JOIN queue_lane q ON q.name = lane
         GROUP BY lane, position ORDER BY position"#,
        &LaneName::ALL.map(|lane| lane.as_str().to_owned()),
    )
    .fetch_all(conn)
    .await?;
    rows.into_iter().map(TryInto::try_into).collect()
}
