//! Bulk decisions: a job, its people, each person's outcome, and the claim on the job.

use std::time::Duration;

use crate::store::Conn;
use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::StoreError;
use super::lease::leases;
use super::record::{log_unknown, record};
use crate::domain::case::{ItemState, ReviewAction};
use crate::domain::ids::{UnionId, UserId};

record! {
    /// A job as shown on its page.
    #[derive(Debug, Clone)]
    pub struct Job from JobRecord in "review_job" by id {
        pub id: i64,
        pub reason: String,
        pub created_by: UserId,
        /// `None` if an older version stored the job.
        pub created_by_unionid: Option<UnionId>,
        pub created_at: DateTime<Utc>,
        pub finished_at: Option<DateTime<Utc>>,
    }
    closed {
        pub action: ReviewAction,
    }
}

record! {
    /// One person of a job.
    #[derive(Debug, Clone)]
    pub struct Item from ItemRecord in "review_job_item" by job_id, position {
        pub position: i32,
        pub case_id: i64,
        pub nick: String,
        /// Why it was refused.
        pub outcome: Option<String>,
    }
    identity {
        job_id: i64,
    }
    closed {
        pub state: ItemState,
    }
}

/// The position of one person in a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub job_id: i64,
    pub position: i32,
}

/// Creates a job for these cases, in this order; cases that do not exist are left out. Returns the job's id, or
/// `None` if no case is left.
pub async fn create(
    conn: &mut Conn,
    action: ReviewAction,
    reason: &str,
    created_by: &UserId,
    case_ids: &[i64],
) -> Result<Option<i64>, StoreError> {
    let id = sqlx::query_scalar!(
        r#"WITH wanted AS (
             SELECT c.id, c.nick, min(t.place) AS place
             FROM unnest($4::bigint[]) WITH ORDINALITY AS t (id, place) JOIN unmatched_login c ON c.id = t.id
             GROUP BY c.id, c.nick
         ), job AS (
             INSERT INTO review_job (action, reason, created_by, created_by_unionid)
             SELECT $1, $2, $3, (SELECT unionid FROM staff WHERE userid = $3) WHERE EXISTS (SELECT FROM wanted) RETURNING id
         ), items AS (
             INSERT INTO review_job_item (job_id, position, case_id, nick)
             SELECT job.id, row_number() OVER (ORDER BY wanted.place), wanted.id, wanted.nick FROM job, wanted
         )
         SELECT id FROM job"#,
        action.as_str(),
        reason,
        created_by.as_str(),
        case_ids,
    )
    .fetch_optional(conn)
    .await?;
    Ok(id)
}

/// Claims the oldest unfinished job that is free, for one lease. One with an unknown action is logged and skipped; its
/// lease keeps it out of the way of the others.
pub async fn claim(conn: &mut Conn, instance: Uuid) -> Result<Option<Job>, StoreError> {
    loop {
        let claimed = sqlx::query_as!(
            JobRecord,
            r#"UPDATE review_job SET claimed_by = $1, claimed_until = lease_end()
             WHERE id = (SELECT id FROM review_job
                         WHERE finished_at IS NULL AND is_free(claimed_until)
                         ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED)
             RETURNING id, action, reason, created_by AS "created_by: UserId",
                 created_by_unionid AS "created_by_unionid: UnionId", created_at, finished_at"#,
            instance,
        )
        .fetch_optional(&mut *conn)
        .await?;
        let Some(record) = claimed else {
            return Ok(None);
        };
        match record.try_into() {
            Ok(job) => return Ok(Some(job)),
            Err(error) => log_unknown(&error),
        }
    }
}

leases!("review_job", order: "id", open: "finished_at IS NULL", undo: "");

/// Returns whether this instance still holds the claim on a job.
pub async fn is_claimed(conn: &mut Conn, id: i64, instance: Uuid) -> Result<bool, StoreError> {
    let is_claimed = sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM review_job WHERE id = $1 AND claimed_by = $2 AND finished_at IS NULL) AS "is_claimed!""#,
        id,
        instance,
    )
    .fetch_one(conn)
    .await?;
    Ok(is_claimed)
}

/// Returns the first person of a job who has no outcome yet.
pub async fn next_item(conn: &mut Conn, job_id: i64) -> Result<Option<Item>, StoreError> {
    let item = sqlx::query_as!(
        ItemRecord,
        "SELECT job_id, position, case_id, nick, state, outcome FROM review_job_item
         WHERE job_id = $1 AND state = 'waiting' ORDER BY position LIMIT 1",
        job_id,
    )
    .fetch_optional(conn)
    .await?;
    item.map(TryInto::try_into).transpose()
}

/// Records the outcome for one person: done, or refused for the given reason. Returns false if one was already
/// recorded, by an instance that has claimed the job since.
pub async fn settle(
    conn: &mut Conn,
    place: Place,
    refused_for: Option<&str>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE review_job_item SET outcome = $3, state = CASE WHEN $3::text IS NULL THEN 'done' ELSE 'refused' END
         WHERE job_id = $1 AND position = $2 AND state = 'waiting'",
        place.job_id,
        place.position,
        refused_for,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Finishes a job whose people all have an outcome.
pub async fn finish(conn: &mut Conn, id: i64) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE review_job SET finished_at = now(), claimed_by = NULL, claimed_until = NULL
         WHERE id = $1 AND finished_at IS NULL
           AND NOT EXISTS (SELECT FROM review_job_item WHERE job_id = $1 AND state = 'waiting')",
        id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Finds a job.
pub async fn find(conn: &mut Conn, id: i64) -> Result<Option<Job>, StoreError> {
    let job = sqlx::query_as!(
        JobRecord,
        r#"SELECT id, action, reason, created_by AS "created_by: UserId",
             created_by_unionid AS "created_by_unionid: UnionId", created_at, finished_at
         FROM review_job WHERE id = $1"#,
        id,
    )
    .fetch_optional(conn)
    .await?;
    job.map(TryInto::try_into).transpose()
}

/// Returns the people of a job, in the order in which they were chosen.
pub async fn items(conn: &mut Conn, job_id: i64) -> Result<Vec<Item>, StoreError> {
    let items = sqlx::query_as!(
        ItemRecord,
        "SELECT job_id, position, case_id, nick, state, outcome FROM review_job_item WHERE job_id = $1 ORDER BY position",
        job_id,
    )
    .fetch_all(conn)
    .await?;
    items.into_iter().map(TryInto::try_into).collect()
}

/// Deletes the jobs that finished before the retention period; returns how many.
pub async fn sweep(conn: &mut Conn, retention: Duration) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM review_job WHERE finished_at < now() - make_interval(secs => $1)",
        retention.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
