//! The queue's connection: says what is due, and receives the notifications of new work.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::postgres::{PgListener, Postgres};

use super::{Conn, Db, Pooler, StoreError, due};
use crate::domain::queue::LaneName;

/// The channel of the notifications; the SQL function `notify_work` sends to the same one. The payload is a lane.
const CHANNEL: &str = "dinggate_work";

/// A connection of its own, outside the pool.
pub enum QueueConnection {
    /// A server session that receives notifications.
    Listening { listener: PgListener, pid: u32 },
    /// A connection without notifications, behind a transaction pooler.
    Polling(Conn),
}

/// What is due, by Postgres's clock.
#[derive(Debug, Clone, PartialEq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a fact of its own")]
pub struct DueWork {
    pub now: DateTime<Utc>,
    /// The lanes with an item that is due and free.
    pub lanes: Vec<LaneName>,
    /// The time until the next item of any lane is due; `None` if none is scheduled.
    pub next_due_in: Option<Duration>,
    pub is_callback_fetch_due: bool,
    /// A sync is marked as running whose process has died.
    pub has_interrupted_sync: bool,
    /// A requested full sync has to start.
    pub is_sync_due: bool,
    /// Rows were written whose search terms have to be computed.
    pub has_unindexed_terms: bool,
    /// The scheduled time that was requested last; `None` before the first one.
    pub last_scheduled: Option<DateTime<Utc>>,
    /// When the last sync began that read the whole directory.
    pub last_complete_sync: Option<DateTime<Utc>>,
}

/// A notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notification {
    Work(LaneName),
    /// Sent by this connection, or of a lane that this version does not know.
    Other,
}

impl QueueConnection {
    /// Opens a connection that listens; behind a transaction pooler that cannot be bypassed right now, one that only
    /// polls.
    pub async fn open(db: &Db) -> Result<Self, StoreError> {
        match db.listen(CHANNEL).await {
            Ok(Some((listener, pid))) => Ok(Self::Listening { listener, pid }),
            Ok(None) => Ok(Self::Polling(db.connect().await?)),
            Err(error) if db.pooler() == Pooler::Transaction => {
                let conn = db.connect().await?;
                tracing::warn!(%error, "cannot listen for new work at DINGGATE_DATABASE_DIRECT_URL; polling");
                Ok(Self::Polling(conn))
            }
            Err(error) => Err(error),
        }
    }

    pub fn is_listening(&self) -> bool {
        matches!(self, Self::Listening { .. })
    }

    /// Returns what is due. With `recall`, first corrects due times left in the future by a clock that was set back, and
    /// also returns how many. A connection that only polls does both in one transaction.
    pub async fn poll(&mut self, recall: bool) -> Result<(DueWork, i64), StoreError> {
        match self {
            Self::Listening { listener, .. } => {
                let rows = if recall {
                    due::recall(&mut *listener).await?
                } else {
                    0
                };
                Ok((due_work(listener).await?, rows))
            }
            Self::Polling(conn) => {
                conn.within(async |conn| {
                    let rows = if recall {
                        due::recall(&mut *conn).await?
                    } else {
                        0
                    };
                    Ok((due_work(conn).await?, rows))
                })
                .await
            }
        }
    }

    /// Waits for a notification, for ever on a connection that only polls; cancel safe.
    pub async fn notified(&mut self) -> Result<Notification, StoreError> {
        let Self::Listening { listener, pid } = self else {
            return std::future::pending().await;
        };
        // Without a notification the connection was lost.
        let Some(notification) = listener.try_recv().await? else {
            return Err(StoreError::Unavailable(None));
        };
        if notification.process_id() == *pid {
            return Ok(Notification::Other);
        }
        let lane = LaneName::parse(notification.payload());
        Ok(lane.map_or(Notification::Other, Notification::Work))
    }

    /// Wakes the workers of these lanes on the other instances. Of no use to those that only poll, and so not sent on a
    /// connection that only polls.
    pub async fn announce(&mut self, lanes: &[LaneName]) -> Result<(), StoreError> {
        match self {
            Self::Listening { listener, .. } => announce(listener, lanes).await,
            Self::Polling(_) => Ok(()),
        }
    }
}

/// Wakes the workers of these lanes on all instances.
pub async fn announce<'c>(
    conn: impl sqlx::Executor<'c, Database = Postgres>,
    lanes: &[LaneName],
) -> Result<(), StoreError> {
    let lanes: Vec<String> = lanes.iter().map(|lane| lane.as_str().to_owned()).collect();
    sqlx::query!(
        "SELECT pg_notify($1, lane) FROM unnest($2::text[]) AS lane",
        CHANNEL,
        &lanes
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Answers every question of an idle instance at once, so that it sends one statement a second.
// Long because an idle instance must not send a statement for each question.
pub async fn due_work<'c>(
    conn: impl sqlx::Executor<'c, Database = Postgres>,
) -> Result<DueWork, StoreError> {
    let row = sqlx::query!(
        r#"SELECT clock_timestamp() AS "now!",
             array_remove(ARRAY[
               CASE WHEN EXISTS (SELECT FROM event WHERE state = 'waiting' AND next_attempt_at <= now() AND is_free(claimed_until))
                 THEN 'events' END,
               CASE WHEN EXISTS (SELECT FROM subject_recheck WHERE due_at <= now() AND is_free(claimed_until)) THEN 'rechecks' END,
               CASE WHEN EXISTS (SELECT FROM review_job WHERE finished_at IS NULL AND is_free(claimed_until)) THEN 'reviews' END,
               CASE WHEN EXISTS (SELECT FROM unmatched_lookup WHERE due_at <= now() AND is_free(claimed_until)) THEN 'review_lookups' END,
               CASE WHEN EXISTS (SELECT FROM staff_change) THEN 'staff_changes' END,
               CASE WHEN EXISTS (SELECT FROM webhook_delivery WHERE state = 'waiting' AND body IS NULL AND next_attempt_at <= now()
                 AND is_free(claimed_until)) THEN 'webhook_payloads' END,
               CASE WHEN EXISTS (SELECT FROM webhook_delivery WHERE state = 'waiting' AND body IS NOT NULL AND next_attempt_at <= now()
                 AND is_free(claimed_until)) THEN 'webhook_deliveries' END], NULL) AS "lanes!",
             extract(epoch FROM least(
               (SELECT min(next_attempt_at) FROM event WHERE state = 'waiting' AND next_attempt_at > now()),
               (SELECT min(due_at) FROM subject_recheck WHERE due_at > now()),
               (SELECT min(due_at) FROM unmatched_lookup WHERE due_at > now()),
               (SELECT min(next_attempt_at) FROM webhook_delivery WHERE state = 'waiting' AND body IS NULL AND next_attempt_at > now()),
               (SELECT min(next_attempt_at) FROM webhook_delivery WHERE state = 'waiting' AND body IS NOT NULL AND next_attempt_at > now())
             ) - clock_timestamp())::float8 AS next_due_in,
             (SELECT (due_at <= clock_timestamp() OR follow_up_at <= clock_timestamp()) AND is_free(lease_until)
              FROM failed_callback_fetch) AS "is_callback_fetch_due!",
             EXISTS (SELECT FROM sync_run WHERE state = 'running' AND is_free(lease_until)) AS "has_interrupted_sync!",
             EXISTS (SELECT FROM search_term_due) AS "has_unindexed_terms!",
             is_sync_due() AS "is_sync_due!",
             (SELECT as_past(scheduled_at) FROM sync_request) AS last_scheduled,
             (SELECT max(as_past(started_at)) FROM sync_run WHERE is_complete) AS last_complete_sync"#
    )
    .fetch_one(conn)
    .await?;
    let next_due_in = row.next_due_in.map(|seconds| seconds.max(0.0));
    Ok(DueWork {
        now: row.now,
        lanes: row
            .lanes
            .iter()
            .filter_map(|lane| LaneName::parse(lane))
            .collect(),
        next_due_in: next_due_in.and_then(|seconds| Duration::try_from_secs_f64(seconds).ok()),
        is_callback_fetch_due: row.is_callback_fetch_due,
        has_interrupted_sync: row.has_interrupted_sync,
        is_sync_due: row.is_sync_due,
        has_unindexed_terms: row.has_unindexed_terms,
        last_scheduled: row.last_scheduled,
        last_complete_sync: row.last_complete_sync,
    })
}
