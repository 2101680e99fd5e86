//! Runs of the full sync: one at a time, each with a lease that its instance renews.

use crate::domain::sync::{SyncCause, SyncCounts, SyncDecision, SyncState};
use crate::domain::sync_problem::{SyncProblem, SyncProblemCode, SyncProblemParams};
use crate::store::Conn;
use chrono::{DateTime, Utc};
use sqlx::types::Json;
use std::time::Duration;
use uuid::Uuid;

use super::StoreError;
use crate::domain::ids::UserId;

/// A run that this instance has started.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Run {
    pub id: i64,
    pub started_at: DateTime<Utc>,
    pub instance: Uuid,
}

/// The run that is already in progress.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    pub by: String,
    pub since: DateTime<Utc>,
}

/// How a run ended.
#[derive(Debug, Clone)]
pub struct Ending<'a> {
    pub state: SyncState,
    pub is_complete: bool,
    pub calls: i32,
    pub counts: SyncCounts,
    /// Number of changes to people that no event had announced.
    pub unannounced: i32,
    pub problem: Option<&'a SyncProblem>,
}

/// Starts a run with a lease, unless one is running; a run whose lease has expired is marked as failed, or deleted
/// if it was a dry run. `approves` is the stopped run whose leavers it marks.
pub async fn start(
    conn: &mut Conn,
    cause: SyncCause,
    started_by: &str,
    approves: Option<i64>,
    is_dry_run: bool,
    instance: Uuid,
) -> Result<Result<Run, Other>, StoreError> {
    loop {
        fail_interrupted(conn).await?;
        let begun = sqlx::query_as!(
            Run,
            "INSERT INTO sync_run (cause, started_by, state, approves, is_dry_run, instance, lease_until)
             VALUES ($1, $2, 'running', $3, $4, $5, lease_end())
             ON CONFLICT ((true)) WHERE state = 'running' DO NOTHING
             RETURNING id, started_at, instance",
            cause.as_str(),
            started_by,
            approves,
            is_dry_run,
            instance,
        )
        .fetch_optional(&mut *conn)
        .await?;
        if let Some(run) = begun {
            return Ok(Ok(run));
        }
        // The other run may have ended meanwhile; then the lease is free.
        if let Some(other) = running(conn).await? {
            return Ok(Err(other));
        }
    }
}

/// Marks a run whose lease has expired as failed, or deletes it if it was a dry run; returns the id if a full sync
/// was marked.
pub async fn fail_interrupted(conn: &mut Conn) -> Result<Option<i64>, StoreError> {
    // Also deletes one that an instance of the previous version has marked.
    sqlx::query!(
        "DELETE FROM sync_run WHERE is_dry_run AND (state <> 'running' OR is_free(lease_until))"
    )
    .execute(&mut *conn)
    .await?;
    let failed = sqlx::query!(
        r#"UPDATE sync_run SET state = 'failed', finished_at = clock_timestamp(), error_code = 'interrupted'
         WHERE state = 'running' AND is_free(lease_until) AND NOT is_dry_run RETURNING id, cause <> 'approval' AS "is_full!""#
    )
    .fetch_optional(conn)
    .await?;
    Ok(failed.filter(|run| run.is_full).map(|run| run.id))
}

async fn running(conn: &mut Conn) -> Result<Option<Other>, StoreError> {
    let other = sqlx::query_as!(
        Other,
        r#"SELECT started_by AS "by", started_at AS since FROM sync_run WHERE state = 'running'"#
    )
    .fetch_optional(conn)
    .await?;
    Ok(other)
}

/// Renews the lease and records how many calls were made; returns false if the run no longer belongs to this
/// instance.
pub async fn renew(conn: &mut Conn, run: Run, calls: i32) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE sync_run SET lease_until = lease_end(), calls = $3
         WHERE id = $1 AND instance = $2 AND state = 'running'",
        run.id,
        run.instance,
        calls,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Returns whether the run still belongs to this instance. That may change before the transaction ends: only
/// [`finish`] is conclusive.
pub async fn hold(conn: &mut Conn, run: Run) -> Result<bool, StoreError> {
    let row = sqlx::query_scalar!(
        "SELECT id FROM sync_run WHERE id = $1 AND instance = $2 AND state = 'running' FOR KEY SHARE",
        run.id,
        run.instance,
    )
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// Ends a run; returns false if it no longer belongs to this instance.
pub async fn finish(conn: &mut Conn, run: Run, ending: &Ending<'_>) -> Result<bool, StoreError> {
    let (counts, problem) = (&ending.counts, ending.problem);
    let done = sqlx::query!(
        "UPDATE sync_run SET state = $3, finished_at = clock_timestamp(), calls = $4, added = $5, changed = $6,
             returned = $7, left_count = $8, unchanged = $9, skipped = $10, withheld = $11, error = $12,
             is_complete = $13, unannounced = $14, departments_added = $15, departments_changed = $16, departments_removed = $17,
             error_code = $18, error_params = $19
         WHERE id = $1 AND instance = $2 AND state = 'running'",
        run.id,
        run.instance,
        ending.state.as_str(),
        ending.calls,
        counts.added,
        counts.changed,
        counts.returned,
        counts.left,
        counts.unchanged,
        counts.skipped,
        counts.withheld,
        problem.and_then(|problem| problem.detail.as_deref()),
        ending.is_complete,
        ending.unannounced,
        counts.departments_added,
        counts.departments_changed,
        counts.departments_removed,
        problem.and_then(|problem| problem.code).map(SyncProblemCode::as_str),
        Json(problem.map_or_else(SyncProblemParams::default, |problem| problem.params.clone())) as _,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Deletes a run that was to write nothing; returns false if it no longer belongs to this instance.
pub async fn forget(conn: &mut Conn, run: Run) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM sync_run WHERE id = $1 AND instance = $2 AND state = 'running'",
        run.id,
        run.instance,
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Records a decision about the leavers of a stopped run; returns false if one was already made.
pub async fn decide(
    conn: &mut Conn,
    run_id: i64,
    decision: SyncDecision,
    by: Option<&UserId>,
) -> Result<bool, StoreError> {
    let done = sqlx::query!(
        "UPDATE sync_run SET decision = $2, decided_by = $3, decided_at = clock_timestamp()
         WHERE id = $1 AND state = 'stopped' AND decision IS NULL",
        run_id,
        decision.as_str(),
        by.map(UserId::as_str),
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Returns when a run was started whose leavers wait for a decision, and locks it until the commit, so that no one
/// else can decide.
pub async fn lock_waiting(
    conn: &mut Conn,
    run_id: i64,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let started_at = sqlx::query_scalar!(
        "SELECT started_at FROM sync_run WHERE id = $1 AND state = 'stopped' AND decision IS NULL
           AND finished_at > clock_timestamp() - interval '24 hours' FOR UPDATE",
        run_id,
    )
    .fetch_optional(conn)
    .await?;
    Ok(started_at)
}

/// Records that a complete run has made decisions about earlier ones unnecessary.
pub async fn supersede(conn: &mut Conn, run: Run) -> Result<(), StoreError> {
    sqlx::query!(
        "UPDATE sync_run SET decision = 'superseded', decided_at = clock_timestamp()
         WHERE state = 'stopped' AND decision IS NULL AND id <> $1",
        run.id,
    )
    .execute(conn)
    .await?;
    Ok(())
}

/// Returns whether any run has read everything.
pub async fn has_complete(conn: &mut Conn) -> Result<bool, StoreError> {
    let has =
        sqlx::query_scalar!(r#"SELECT EXISTS (SELECT FROM sync_run WHERE is_complete) AS "has!""#)
            .fetch_one(conn)
            .await?;
    Ok(has)
}

/// Deletes the plans of runs started before the retention period, a few runs at a time; returns how many records
/// were deleted.
pub async fn sweep(conn: &mut Conn, retention: Duration) -> Result<u64, StoreError> {
    let done = sqlx::query!(
        "DELETE FROM sync_change WHERE run_id IN (
             SELECT id FROM sync_run r WHERE started_at < now() - make_interval(secs => $1)
               AND EXISTS (SELECT FROM sync_change c WHERE c.run_id = r.id) ORDER BY id LIMIT 10)",
        retention.as_secs_f64()
    )
    .execute(conn)
    .await?;
    Ok(done.rows_affected())
}
