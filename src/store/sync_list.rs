//! Lists the runs of the full sync.

use crate::store::Conn;
use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::StoreError;
use super::record::record;
use crate::domain::sync::{SyncCause, SyncCounts, SyncDecision, SyncState};
use crate::domain::sync_problem::{SyncProblem, SyncProblemCode, SyncProblemParams};

mod changes;

pub(in crate::store) use changes::ChangeRecord;
pub use changes::{
    ChangeFilter, ChangeRow, FieldChange, batch_of_changes, changes, count_changes,
    count_changes_by_kind,
};

/// Which runs to list.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SyncFilter {
    /// `None` for all.
    pub state: Option<SyncState>,
    /// `None` for all.
    pub cause: Option<SyncCause>,
    /// Part of `started_by`, of the name that belongs to it, or of the error; or a run's id; empty for all.
    pub q: String,
    /// The codes of problems whose words contain `q`.
    pub error_codes: Vec<&'static str>,
}

impl SyncFilter {
    /// Returns the filter with the search text alone.
    #[must_use]
    pub fn text_only(&self) -> Self {
        Self {
            state: None,
            cause: None,
            ..self.clone()
        }
    }
}

record! {
    /// A run of the full sync.
    #[derive(Debug, Clone)]
    pub struct RunRow from RunRecord in "sync_run" by id {
        pub id: i64,
        pub started_by: String,
        /// The name in the staff table for `started_by`.
        pub started_by_name: Option<String>,
        /// Still marked as running, but its lease has expired.
        pub is_lost: bool,
        pub started_at: DateTime<Utc>,
        pub finished_at: Option<DateTime<Utc>>,
        pub calls: i32,
        /// Changes to people that no event had announced.
        pub unannounced: i32,
        /// The technical detail of [`Self::problem`].
        pub error: Option<String>,
        pub error_params: Json<SyncProblemParams>,
        /// The stopped run whose leavers this one marks.
        pub approves: Option<i64>,
        /// The latest run that was started to mark this one's leavers.
        pub approved_in: Option<i64>,
        /// The administrator's userid; `None` if a later run decided.
        pub decided_by: Option<String>,
        pub decided_by_name: Option<String>,
        pub decided_at: Option<DateTime<Utc>>,
        /// Whether its leavers wait for an administrator.
        pub is_waiting: bool,
        /// The deadline for a decision, if none was made; it may have passed.
        pub waits_until: Option<DateTime<Utc>>,
    }
    closed {
        pub cause: SyncCause,
        pub state: SyncState,
    }
    optional {
        /// `None` if not decided yet.
        pub decision: SyncDecision,
        pub error_code: SyncProblemCode,
    }
    nested pub counts: SyncCounts {
        added: i32,
        changed: i32,
        returned: i32,
        left: i32,
        withheld: i32,
        skipped: i32,
        unchanged: i32,
        departments_added: i32,
        departments_changed: i32,
        departments_removed: i32,
    }
}

impl RunRow {
    /// Returns why the run is not done.
    pub fn problem(&self) -> Option<SyncProblem> {
        stored_problem(self.error_code, &self.error_params, self.error.as_deref())
    }
}

/// Returns the problem in the columns of a run.
pub(in crate::store) fn stored_problem(
    code: Option<SyncProblemCode>,
    params: &SyncProblemParams,
    detail: Option<&str>,
) -> Option<SyncProblem> {
    (code.is_some() || detail.is_some()).then(|| SyncProblem {
        code,
        params: params.clone(),
        detail: detail.map(str::to_owned),
    })
}

/// Selects [`RunRow`]s by a condition.
macro_rules! run_rows {
    ($condition:literal, $($argument:expr),+ $(,)?) => {
        sqlx::query_as!(
            RunRecord,
            r#"SELECT r.id, r.cause, r.started_by, s.name AS "started_by_name?", r.state,
                 r.state = 'running' AND is_free(r.lease_until) AS "is_lost!", r.started_at, r.finished_at, r.calls,
                 r.added, r.changed, r.returned, r.left_count AS "left", r.unchanged, r.skipped, r.withheld, r.unannounced,
                 r.departments_added, r.departments_changed, r.departments_removed, r.error, r.error_code,
                 r.error_params AS "error_params: Json<SyncProblemParams>", r.approves,
                 (SELECT max(a.id) FROM sync_run a WHERE a.approves = r.id) AS approved_in, r.decision, r.decided_by,
                 d.name AS "decided_by_name?", r.decided_at,
                 r.state = 'stopped' AND r.decision IS NULL AND r.finished_at > now() - interval '24 hours' AS "is_waiting!",
                 CASE WHEN r.state = 'stopped' AND r.decision IS NULL THEN r.finished_at + interval '24 hours' END AS waits_until
             FROM sync_run r LEFT JOIN staff s ON s.userid = r.started_by AND r.cause IN ('admin', 'approval') LEFT JOIN staff d ON d.userid = r.decided_by
         "# + $condition,
            $($argument),+
        )
    };
}

/// Returns one page of runs, without dry runs, the latest first.
pub async fn list(
    conn: &mut Conn,
    filter: &SyncFilter,
    limit: i64,
    offset: i64,
) -> Result<Vec<RunRow>, StoreError> {
    let runs = run_rows!(
        r#"WHERE NOT r.is_dry_run AND ($1::text IS NULL OR r.state = $1) AND ($2::text IS NULL OR r.cause = $2)
           AND ($3 = '' OR r.id::text = $3 OR strpos(lower(concat_ws(chr(10), r.started_by, s.name, r.error, r.error_params)), lower($3)) > 0
             OR r.error_code = ANY ($6))
         ORDER BY r.id DESC LIMIT $4 OFFSET $5"#,
        filter.state.map(SyncState::as_str),
        filter.cause.map(SyncCause::as_str),
        filter.q,
        limit,
        offset,
        &filter.error_codes as &[&str],
    )
    .fetch_all(conn)
    .await?;
    runs.into_iter().map(TryInto::try_into).collect()
}

/// Returns how many runs match the filter of [`list`].
pub async fn count(conn: &mut Conn, filter: &SyncFilter) -> Result<i64, StoreError> {
    let count = sqlx::query_scalar!(
        r#"SELECT count(*) AS "count!" FROM sync_run r LEFT JOIN staff s ON s.userid = r.started_by AND r.cause IN ('admin', 'approval')
         WHERE NOT r.is_dry_run AND ($1::text IS NULL OR r.state = $1) AND ($2::text IS NULL OR r.cause = $2)
           AND ($3 = '' OR r.id::text = $3 OR strpos(lower(concat_ws(chr(10), r.started_by, s.name, r.error, r.error_params)), lower($3)) > 0
             OR r.error_code = ANY ($4))"#,
        filter.state.map(SyncState::as_str),
        filter.cause.map(SyncCause::as_str),
        filter.q,
        &filter.error_codes as &[&str],
    )
    .fetch_one(conn)
    .await?;
    Ok(count)
}

/// Finds a run, unless it is a dry run.
pub async fn find(conn: &mut Conn, id: i64) -> Result<Option<RunRow>, StoreError> {
    let run = run_rows!(r#"WHERE r.id = $1 AND NOT r.is_dry_run"#, id,)
        .fetch_optional(conn)
        .await?;
    run.map(TryInto::try_into).transpose()
}
