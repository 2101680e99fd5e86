//! The queue: what wakes its workers, what an idle instance asks for, and the page of its lanes.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use dinggate::domain::queue::LaneName;
use dinggate::store::Conn;
use dinggate::store::queue::due_work;
use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;
use sqlx::postgres::PgListener;

use crate::outages::process::Process;
use crate::pooler::{Bouncer, number, set, through};
use crate::support::{TestApp, eventually};

const SOON: Duration = Duration::from_secs(15);
/// A scheduled sync in the middle of the watch would be taken for unrest.
const NEVER_SOON: &str = "0 0 1 1 *";
/// How long an idle instance is watched.
const WATCHED: Duration = Duration::from_secs(20);
/// The last statement of each other connection; an idle connection keeps it until the next one.
const LAST_STATEMENTS: &str = "SELECT pid || ' ' || query_start FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid() AND application_name = 'dinggate' AND state = 'idle'";
/// The connections that the queue polls on.
const QUEUE_CONNECTIONS: &str =
    "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()
    AND (query LIKE 'LISTEN%' OR query LIKE 'SELECT clock_timestamp() AS \"now!\",%' OR query LIKE 'WITH events AS%')";

/// The transactions of the service in a while, of which each statement outside a transaction is one.
async fn transactions(pool: &PgPool) -> usize {
    let mut seen = BTreeSet::new();
    let mut before = None;
    let begun = Instant::now();
    while begun.elapsed() < WATCHED {
        #[expect(clippy::disallowed_methods, reason = "a fact about the server alone")]
        let last: Vec<String> = sqlx::query_scalar(LAST_STATEMENTS)
            .fetch_all(pool)
            .await
            .unwrap();
        seen.extend(last);
        before.get_or_insert(seen.len());
        tokio::time::sleep(Duration::from_millis(30)).await;
    }
    seen.len() - before.unwrap_or_default()
}

/// At most one a second.
fn assert_idle(transactions: usize) {
    let seconds = usize::try_from(WATCHED.as_secs()).unwrap();
    assert!(
        (5..=seconds).contains(&transactions),
        "{transactions} in {seconds} s"
    );
}

/// Commits a recheck as another process would, and waits until it is done.
async fn time_of_a_recheck(pool: &PgPool) -> Duration {
    let begun = Instant::now();
    let insert = "INSERT INTO subject_recheck (subject, due_at, reasons, times) VALUES ('nobody-like-that', clock_timestamp(), '{login}', ARRAY[clock_timestamp()]) RETURNING id";
    let id = number(pool, insert).await;
    let is_left = format!("SELECT count(*) FROM subject_recheck WHERE id = {id}");
    while number(pool, &is_left).await > 0 {
        assert!(begun.elapsed() < SOON, "the recheck is not done");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    begun.elapsed()
}

/// Waiting for a poll would take half a second on average, and more at least once.
async fn assert_work_starts_at_once(pool: &PgPool) {
    let mut times = Vec::new();
    for _ in 0..7 {
        times.push(time_of_a_recheck(pool).await);
    }
    times.sort();
    assert!(times[4] < Duration::from_millis(400), "{times:?}");
}

#[sqlx::test]
async fn an_idle_instance_sends_at_most_one_statement_a_second(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |settings| {
        set(settings, "DINGGATE_SYNC_CRON", NEVER_SOON);
    })
    .await;
    app.wait_for_first_sync().await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_idle(transactions(&pool).await);
    drop(app);
}

#[sqlx::test]
async fn work_that_another_process_commits_starts_at_once(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.wait_for_first_sync().await;
    assert_work_starts_at_once(&pool).await;
}

#[sqlx::test]
async fn an_event_is_announced_to_the_other_instances(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.wait_for_first_sync().await;
    let mut other = PgListener::connect_with(&pool).await.unwrap();
    other.listen("dinggate_work").await.unwrap();
    app.deliver(&json!({"EventType": "user_modify_org", "UserId": [company::EMPLOYEE], "TimeStamp": "1700000001200"}))
        .await;
    let announced = tokio::time::timeout(SOON, other.recv()).await.unwrap();
    assert_eq!(announced.unwrap().payload(), LaneName::Events.as_str());
}

#[sqlx::test]
async fn the_listener_reconnects(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.wait_for_first_sync().await;
    let killed = format!("SELECT count(pg_terminate_backend(pid)) {QUEUE_CONNECTIONS}");
    assert_eq!(number(&pool, &killed).await, 1);
    // Work goes on meanwhile, and is woken again afterwards.
    time_of_a_recheck(&pool).await;
    let connections = format!("SELECT count(*) {QUEUE_CONNECTIONS}");
    eventually("another connection listens", SOON, async || {
        number(&pool, &connections).await == 1
    })
    .await;
    assert_work_starts_at_once(&pool).await;
}

#[sqlx::test]
async fn behind_a_transaction_pooler_work_is_polled_every_second(pool: PgPool) {
    let bouncer = Bouncer::start(&pool, "transaction", 4).await;
    let (_sim, mut settings, _direct) = through(&pool, &bouncer);
    set(&mut settings, "DINGGATE_MIGRATE", "off");
    set(&mut settings, "DINGGATE_SYNC_CRON", NEVER_SOON);
    let process = Process::start(&settings);
    process.wait_until_ready().await;
    eventually("the first sync has run", SOON, async || {
        number(&pool, "SELECT count(*) FROM sync_run WHERE state = 'done'").await == 1
    })
    .await;
    for _ in 0..3 {
        let time = time_of_a_recheck(&pool).await;
        assert!(time < Duration::from_secs(3), "{time:?}");
    }
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_idle(transactions(&pool).await);
}

#[sqlx::test]
async fn behind_a_transaction_pooler_a_direct_address_is_listened_at(pool: PgPool) {
    let bouncer = Bouncer::start(&pool, "transaction", 4).await;
    let (_sim, mut settings, direct) = through(&pool, &bouncer);
    set(&mut settings, "DINGGATE_DATABASE_DIRECT_URL", &direct);
    let process = Process::start(&settings);
    process.wait_until_ready().await;
    eventually("the first sync has run", SOON, async || {
        number(&pool, "SELECT count(*) FROM sync_run WHERE state = 'done'").await == 1
    })
    .await;
    assert_work_starts_at_once(&pool).await;
}

#[sqlx::test]
async fn the_page_shows_what_waits_and_how_each_lane_does(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.wait_for_first_sync().await;
    let mut admin = app.admin().await;
    let page = admin.get("/admin/queue").await;
    assert_eq!(page.status, 200, "{}", page.body);
    for lane in [
        "Events",
        "Rechecks",
        "Bulk reviews",
        "Staff changes",
        "Webhook payloads",
        "Webhook deliveries",
    ] {
        assert!(page.body.contains(lane), "{lane}: {}", page.body);
    }
    // No webhook is configured, so that nobody works on these.
    app.execute(
        "INSERT INTO webhook_delivery (message_type, userid, body, claimed_until) VALUES
             ('staff.changed', 'u', '{}', NULL), ('staff.changed', 'u', '{}', NULL), ('staff.changed', 'u', '{}', clock_timestamp() + interval '8 seconds');
         INSERT INTO queue_lane VALUES ('webhook_deliveries', now() - interval '1 hour', 'HTTP 503', now() - interval '2 hours')",
    )
    .await;
    let page = admin.get("/admin/queue").await;
    let row = page.body.split("Webhook deliveries").nth(1).unwrap();
    for cell in [
        "data-label=\"Pending\">2<",
        "data-label=\"In progress\">1<",
        "HTTP 503",
    ] {
        assert!(row.contains(cell), "{cell}: {row}");
    }
    admin.get("/admin/queue?lang=zh").await;
    let chinese = admin.get("/admin/queue").await;
    for words in ["队列", "推送发送", "上次错误"] {
        assert!(chinese.body.contains(words), "{words}");
    }
}

#[sqlx::test]
async fn a_lane_that_works_or_fails_says_so(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.wait_for_first_sync().await;
    time_of_a_recheck(&pool).await;
    let ran = "SELECT count(*) FROM queue_lane WHERE name = 'rechecks' AND last_run_at > now() - interval '1 minute' AND last_error IS NULL";
    eventually("the run is recorded", SOON, async || {
        number(&pool, ran).await == 1
    })
    .await;
    app.execute("INSERT INTO event (dedupe_key, event_type, userids, body, state) VALUES ('id:odd', 'user_modify_org', '{nobody}', NULL, 'waiting');
        CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'refused'; END $$;
        CREATE TRIGGER refuse BEFORE UPDATE ON event FOR EACH ROW WHEN (NEW.claimed_by IS NOT NULL) EXECUTE FUNCTION refuse()")
        .await;
    let failed = "SELECT count(*) FROM queue_lane WHERE name = 'events' AND last_error = 'a statement failed'";
    eventually("the error is recorded", SOON, async || {
        number(&pool, failed).await == 1
    })
    .await;
}

#[sqlx::test]
async fn the_retry_of_a_sync_is_due_at_its_time_or_after_an_interruption(pool: PgPool) {
    let mut conn = Conn::single(pool.acquire().await.unwrap().detach());
    let mut is_due = async |change: &'static str| {
        sqlx::raw_sql(change).execute(&pool).await.unwrap();
        due_work(&mut conn).await.unwrap().is_sync_due
    };
    let wait = "UPDATE sync_request SET reasons = '{schedule}', requested_at = now() - interval '1 minute', attempts = 1,
        taken_at = now() - interval '1 minute', retry_at = now() + interval '9 minutes', retry_delay = interval '10 minutes'";
    assert!(!is_due(wait).await, "while it waits, no poll costs more");
    assert!(is_due("UPDATE sync_request SET retry_at = now()").await);
    assert!(!is_due(wait).await);
    let interrupted = "INSERT INTO sync_run (cause, started_by, state, instance, lease_until)
        VALUES ('schedule', 'system', 'running', gen_random_uuid(), now() - interval '1 second')";
    assert!(is_due(interrupted).await);
    assert!(!is_due("UPDATE sync_run SET lease_until = now() + interval '8 seconds'").await);
}
