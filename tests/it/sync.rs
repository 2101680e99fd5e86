//! The full sync, against a cloud that can be made to fail.

mod approval;
mod clock;
mod decisions;
mod doubt;
mod faults;
mod leavers;
mod long;
mod odd;
mod place;
mod races;
mod scheduled;
mod whole;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use dinggate::config::Config;
use dinggate::context::Context;
use dinggate::domain::skip_reason::SkipReason;
use dinggate::domain::sync::{ChangeKind, SyncCause, SyncCounts, SyncState};
use dinggate::domain::sync_problem::SyncProblemCode;
use dinggate::service::directory_sync::{self, Progress, Request, State, Summary, SyncError};
use dinggate::service::events;
use dinggate::store::Db;
use dinggate::store::alert;
use dinggate::store::sync_list::{self, ChangeFilter, ChangeRow, RunRow};
use dinggate::text::admin_syncs::problem::sync_problem;
use dinggate::text::{lang::Lang, skip::skip_reason};
use dingtalk_sim::{SimHandle, company};
use serde_json::json;
use sqlx::{ConnectOptions as _, PgPool, Row as _};

use crate::support::{TestApp, settings};

pub use long::SLOW_ADDS;

/// A reason in the words of the pages; empty for none.
fn in_english(reason: Option<SkipReason>) -> String {
    reason.map_or_else(String::new, |reason| skip_reason(Lang::En, &reason))
}

const USER_GET: &str = "/topapi/v2/user/get";
const USER_LIST: &str = "/topapi/v2/user/list";
const LIST_SUB: &str = "/topapi/v2/department/listsub";
const DEPARTMENT_GET: &str = "/topapi/v2/department/get";
const SCOPES: &str = "/auth/scopes";

/// Departments of the made-up company.
const TECHNOLOGY: i64 = 410_020_001;
const FINANCE: i64 = 410_020_006;

/// The use-cases without a server or workers: what happens, happens when a test says so.
#[derive(Clone)]
struct Company {
    ctx: Context,
    sim: SimHandle,
    pool: PgPool,
}

impl Company {
    /// A company whose tables are empty.
    fn new(pool: &PgPool) -> Self {
        Self::on(pool, TestApp::cloud())
    }

    /// Another process on the same database and cloud.
    fn another_process(&self) -> Self {
        Self::on(&self.pool, self.sim.clone())
    }

    fn on(pool: &PgPool, sim: SimHandle) -> Self {
        let settings = settings(8080, &sim, pool.connect_options().to_url_lossy().as_str());
        let config = Config::load(settings, |path| std::fs::read_to_string(path))
            .map_err(|faults| faults.to_string())
            .unwrap();
        Self {
            ctx: Context::new(config, Db::from_pool(pool.clone())).unwrap(),
            sim,
            pool: pool.clone(),
        }
    }

    /// A company whose tables a first run has filled.
    async fn imported(pool: &PgPool) -> Self {
        let company = Self::new(pool);
        assert_eq!(company.sync().await.state, State::Done);
        company.sim.reset_calls();
        company
    }

    async fn run(&self, request: Request) -> Result<Summary, SyncError> {
        directory_sync::run(&self.ctx, request, &mut |_| {}).await
    }

    async fn sync(&self) -> Summary {
        self.run(request()).await.unwrap()
    }

    /// A run that tells how far it has come, beside whatever the test does meanwhile.
    async fn sync_during(&self, meanwhile: impl AsyncFnOnce(&mut Milestones)) -> Summary {
        let (told, progress) = tokio::sync::mpsc::unbounded_channel();
        let mut tell = move |progress| {
            told.send(progress).ok();
        };
        let mut milestones = Milestones(progress);
        let run = directory_sync::run(&self.ctx, request(), &mut tell);
        let (summary, ()) = tokio::join!(run, Box::pin(meanwhile(&mut milestones)));
        summary.unwrap()
    }

    /// What DingTalk's callback does: the event is stored, and a leaver's door closed with it.
    async fn receive(&self, event_type: &str, userid: &str) {
        self.push(json!({"EventType": event_type, "UserId": [userid]}))
            .await;
    }

    async fn push(&self, mut event: serde_json::Value) {
        static CLOCK: AtomicI64 = AtomicI64::new(1_700_000_000_000);
        let time = CLOCK.fetch_add(1_000, Ordering::Relaxed).to_string();
        event["TimeStamp"] = json!(time);
        let callback = self.sim.encrypt_event(&event);
        events::receive(&self.ctx, &callback.query, callback.body.as_bytes())
            .await
            .unwrap();
    }

    async fn number(&self, statement: &str) -> i64 {
        #[expect(
            clippy::disallowed_methods,
            reason = "a test reads what the product wrote in its own way"
        )]
        sqlx::query_scalar(sqlx::AssertSqlSafe(statement.to_owned()))
            .fetch_one(&self.pool)
            .await
            .unwrap()
    }

    async fn employed(&self) -> usize {
        usize::try_from(
            self.number("SELECT count(*) FROM staff WHERE status = 'employed'")
                .await,
        )
        .unwrap()
    }

    /// A column of somebody's row as text; nothing where there is no row.
    async fn column(&self, userid: &str, column: &str) -> Option<String> {
        let statement = format!("SELECT {column}::text FROM staff WHERE userid = $1");
        #[expect(
            clippy::disallowed_methods,
            reason = "a test reads what the product wrote in its own way"
        )]
        let row = sqlx::query(sqlx::AssertSqlSafe(statement))
            .bind(userid)
            .fetch_optional(&self.pool)
            .await
            .unwrap();
        row.and_then(|row| row.get(0))
    }

    async fn status(&self, userid: &str) -> Option<String> {
        self.column(userid, "status").await
    }

    /// Whether the person has a row that says that they work here.
    async fn is_employed(&self, userid: &str) -> bool {
        self.status(userid).await.as_deref() == Some("employed")
    }

    async fn execute(&self, statement: &str) {
        sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(&self.pool)
            .await
            .unwrap();
    }

    /// Whom the last run has passed over, and why.
    async fn reasons(&self) -> Vec<(String, String)> {
        let skipped = ChangeFilter {
            kind: Some(ChangeKind::Skipped),
            ..ChangeFilter::default()
        };
        let records = self.changes(&skipped).await.into_iter();
        records
            .map(|record| (record.userid.unwrap_or_default(), in_english(record.reason)))
            .collect()
    }

    /// What the last run has kept.
    async fn changes(&self, filter: &ChangeFilter) -> Vec<ChangeRow> {
        let run_id = self.number("SELECT max(id) FROM sync_run").await;
        let mut conn = dinggate::store::Conn::single(self.pool.acquire().await.unwrap().detach());
        sync_list::changes(&mut conn, run_id, filter, 1_000, 0)
            .await
            .unwrap()
    }

    /// The latest run.
    async fn last_run(&self) -> RunRow {
        let id = self.number("SELECT max(id) FROM sync_run").await;
        self.run_row(id).await
    }

    async fn run_row(&self, id: i64) -> RunRow {
        let mut conn = dinggate::store::Conn::single(self.pool.acquire().await.unwrap().detach());
        sync_list::find(&mut conn, id).await.unwrap().unwrap()
    }

    /// Waits until a run in the background has ended; gives how.
    async fn ended(&self, id: i64) -> RunRow {
        loop {
            let run = self.run_row(id).await;
            if run.state != SyncState::Running {
                return run;
            }
            tokio::time::sleep(Duration::from_millis(30)).await;
        }
    }

    /// Whether an alert stands, and what it says.
    async fn alert(&self, kind: &str) -> Option<String> {
        let mut conn = dinggate::store::Conn::single(self.pool.acquire().await.unwrap().detach());
        let alerts = alert::current(&mut conn).await.unwrap();
        let mut alerts = alerts
            .into_iter()
            .filter(|alert| alert.kind.to_string() == kind);
        alerts.next().map(|alert| alert.detail)
    }

    /// A value that changes with every row that is written, even with the same content.
    async fn fingerprint(&self) -> String {
        let mut prints = Vec::new();
        for table in [
            "staff",
            "staff_department",
            "department",
            "audit_entry",
            "unknown_leaver",
            "subject_recheck",
            "web_session",
        ] {
            let statement = format!(
                "SELECT coalesce(string_agg(ctid::text || xmin::text, ',' ORDER BY ctid), '') FROM {table}"
            );
            #[expect(
                clippy::disallowed_methods,
                reason = "a test reads what the product wrote in its own way"
            )]
            let print: String = sqlx::query_scalar(sqlx::AssertSqlSafe(statement))
                .fetch_one(&self.pool)
                .await
                .unwrap();
            prints.push(print);
        }
        prints.join("|")
    }
}

/// How far a run has come.
struct Milestones(tokio::sync::mpsc::UnboundedReceiver<Progress>);

impl Milestones {
    /// Waits until a run has come this far.
    async fn reach(&mut self, is_there: impl Fn(Progress) -> bool) {
        let reached = async {
            while let Some(progress) = self.0.recv().await {
                if is_there(progress) {
                    return;
                }
            }
            panic!("the run ended before it came this far");
        };
        tokio::time::timeout(Duration::from_secs(30), reached)
            .await
            .unwrap();
    }

    /// Waits until the root's own people have been read, who are asked for first.
    async fn root_is_read(&mut self) {
        self.reach(|progress| {
            matches!(
                progress,
                Progress::Reading {
                    departments_read: 1..,
                    ..
                }
            )
        })
        .await;
    }
}

fn request() -> Request {
    Request {
        cause: SyncCause::Command,
        started_by: "command:test".to_owned(),
        dry_run: false,
        accept_leavers: false,
    }
}

fn dry() -> Request {
    Request {
        dry_run: true,
        ..request()
    }
}

fn accepting() -> Request {
    Request {
        accept_leavers: true,
        ..request()
    }
}

/// What a run has done: added, changed, returned, left, and how many rows it passed over.
fn numbers(summary: &Summary) -> [i32; 5] {
    [
        summary.counts.added,
        summary.counts.changed,
        summary.counts.returned,
        summary.counts.left,
        summary.counts.skipped,
    ]
}

/// An answer of `v2/user/list`.
fn page(result: &serde_json::Value) -> dingtalk_sim::Fault {
    dingtalk_sim::Fault::Json(json!({"errcode": 0, "errmsg": "ok", "result": result}))
}

/// The only person who is directly in the root department.
const IN_ROOT: &str = company::ACCESS_LIMITED;
