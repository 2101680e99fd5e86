//! Behind PgBouncer, in either of its modes.

mod bouncer;

use std::str::FromStr as _;
use std::time::Duration;

use dinggate::store::{Db, Pooler, StoreError};
use dingtalk_sim::{Person, SimHandle};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::postgres::PgConnectOptions;
use sqlx::{AssertSqlSafe, PgPool};

use crate::cli::{Ended, run, surroundings};
use crate::outages::process::Process;
use crate::support::{Browser, Settings, eventually, reqwest_client, without_schema};
pub use bouncer::Bouncer;

const SOON: Duration = Duration::from_secs(30);

pub fn set(settings: &mut Settings, name: &str, value: &str) {
    settings.insert(name.to_owned(), value.to_owned());
}

/// Settings of a program behind the bouncer, in mode `transaction`, without a way past it; and that way.
pub fn through(pool: &PgPool, bouncer: &Bouncer) -> (SimHandle, Settings, String) {
    let (sim, mut settings) = surroundings(pool);
    let direct = settings["DATABASE_URL"].clone();
    set(&mut settings, "DATABASE_URL", &bouncer.url);
    set(&mut settings, "DINGGATE_DATABASE_POOLER", "transaction");
    (sim, settings, direct)
}

pub async fn number(pool: &PgPool, statement: &str) -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    let number = sqlx::query_scalar(AssertSqlSafe(statement.to_owned())).fetch_one(pool);
    number.await.unwrap()
}

/// One client: logins, events and pages, five times over.
async fn client(process: &Process, sim: &SimHandle, person: &Person, others: &[Person]) {
    for round in 0..5 {
        let mut browser = Browser::new(&process.url, sim.clone());
        let answer = browser.scan(&person.unionid, "/").await;
        assert_eq!(answer.status, 303, "{}", answer.body);
        let event = json!({"eventId": format!("{}-{round}", person.userid), "EventType": "user_modify_org",
            "UserId": [person.userid], "TimeStamp": format!("170000000120{round}")});
        let callback = sim.encrypt_event(&event);
        let url = format!("{}/dingtalk/events?{}", process.url, callback.query);
        let push = reqwest_client().post(url).body(callback.body.clone());
        assert_eq!(push.send().await.unwrap().status(), 200);
        for _ in 0..4 {
            let page = browser.get("/").await;
            assert_eq!(page.status, 200, "{}", page.body);
            assert!(page.body.contains(&person.name), "{}", page.body);
            for other in others {
                let is_other = other.userid != person.userid && !person.name.contains(&other.name);
                assert!(
                    !(is_other && page.body.contains(&other.name)),
                    "{}",
                    page.body
                );
            }
        }
    }
}

#[sqlx::test(migrations = false)]
async fn eight_clients_get_only_their_own_answers_through_two_server_connections(pool: PgPool) {
    without_schema(&pool).await;
    let bouncer = Bouncer::start(&pool, "transaction", 2).await;
    let (sim, mut settings, direct) = through(&pool, &bouncer);
    set(&mut settings, "DINGGATE_DATABASE_DIRECT_URL", &direct);
    set(&mut settings, "DINGGATE_LOG", "info");
    let migrated = run(&settings, &["migrate"]);
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    let process = Process::start(&settings);
    process.wait_until_ready().await;
    let everybody = i64::try_from(sim.people().len()).unwrap();
    eventually("the first sync has run", SOON, async || {
        number(&pool, "SELECT count(*) FROM sync_run WHERE state = 'done'").await == 1
    })
    .await;
    let people: Vec<Person> = sim.people().into_iter().take(8).collect();
    let sync = tokio::task::spawn_blocking(move || run(&settings, &["sync"]));
    join_all(
        people
            .iter()
            .map(|person| client(&process, &sim, person, &people)),
    )
    .await;
    let sync = sync.await.unwrap();
    assert_eq!(sync.code, Some(0), "{sync:?}");
    assert!(
        sync.out.contains(&format!("unchanged={everybody}")),
        "{sync:?}"
    );
    let applied = "SELECT count(*) FROM event WHERE state = 'applied'";
    eventually("every event is applied", SOON, async || {
        number(&pool, applied).await == 40
    })
    .await;
    let log = process.log();
    for odd in [
        "prepared statement",
        "\"status\":500",
        "\"status\":503",
        "panicked",
    ] {
        assert!(!log.contains(odd), "{log}");
    }
}

#[sqlx::test]
async fn eight_tasks_with_eight_statements_get_the_right_rows(pool: PgPool) {
    let bouncer = Bouncer::start(&pool, "transaction", 2).await;
    let options = PgConnectOptions::from_str(&bouncer.url).unwrap();
    let db = Db::lazy(options.extra_float_digits(None), Pooler::Transaction, 8);
    let task = async |task: i64| {
        let mut right = 0;
        for n in 0..100_i64 {
            let factor = n % 8 + 2;
            let given = task * 1000 + n;
            let asked = db.read(async |conn| {
                #[expect(clippy::disallowed_methods, reason = "the test needs many statements")]
                let query = sqlx::query_scalar::<_, i64>(AssertSqlSafe(format!(
                    "SELECT $1::bigint * {factor}"
                )));
                Ok::<_, StoreError>(query.bind(given).fetch_one(conn).await?)
            });
            right += usize::from(asked.await.unwrap() == given * factor);
        }
        right
    };
    assert_eq!(join_all((0..8).map(task)).await, [100; 8]);
}

#[sqlx::test]
async fn every_command_refuses_to_work_through_an_unknown_transaction_pooler(pool: PgPool) {
    let bouncer = Bouncer::start(&pool, "transaction", 2).await;
    let (_sim, mut settings, direct) = through(&pool, &bouncer);
    set(&mut settings, "DINGGATE_DATABASE_POOLER", "off");
    let told = |ended: &Ended| {
        ended.code == Some(1) && ended.err.contains("DINGGATE_DATABASE_POOLER=transaction")
    };
    for args in [
        &["serve"][..],
        &["migrate"],
        &["sync"],
        &["admin", "list"],
        &["callback", "failed"],
    ] {
        let ended = run(&settings, args);
        assert!(told(&ended), "{args:?} {ended:?}");
    }
    let report = run(&settings, &["doctor"]);
    let line = "failure     pooler: DATABASE_URL leads through a pooler in transaction mode";
    assert!(
        report.code == Some(1) && report.out.contains(line),
        "{}",
        report.out
    );
    // What is called direct and is not.
    set(&mut settings, "DINGGATE_DATABASE_POOLER", "transaction");
    set(&mut settings, "DINGGATE_DATABASE_DIRECT_URL", &bouncer.url);
    let report = run(&settings, &["doctor"]);
    let line = "failure     pooler: DINGGATE_DATABASE_DIRECT_URL leads through";
    assert!(report.out.contains(line), "{}", report.out);
    set(&mut settings, "DINGGATE_DATABASE_DIRECT_URL", &direct);
    let report = run(&settings, &["doctor"]);
    assert!(
        report
            .out
            .contains("ok          pooler: in transaction mode"),
        "{}",
        report.out
    );
}

#[sqlx::test(migrations = false)]
async fn without_a_direct_connection_migrate_says_what_it_needs(pool: PgPool) {
    without_schema(&pool).await;
    let bouncer = Bouncer::start(&pool, "transaction", 2).await;
    let (_sim, mut settings, direct) = through(&pool, &bouncer);
    for args in [&["migrate"][..], &["serve"]] {
        let ended = run(&settings, args);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(
            ended.err.contains("set DINGGATE_DATABASE_DIRECT_URL"),
            "{ended:?}"
        );
    }
    set(&mut settings, "DINGGATE_DATABASE_DIRECT_URL", &direct);
    assert_eq!(run(&settings, &["migrate"]).code, Some(0));
    settings.remove("DINGGATE_DATABASE_DIRECT_URL");
    let listed = run(&settings, &["admin", "list"]);
    assert_eq!(listed.code, Some(0), "{listed:?}");
    let process = Process::start(&settings);
    process.wait_until_ready().await;
}

#[sqlx::test(migrations = false)]
async fn a_pooler_in_session_mode_wants_no_settings(pool: PgPool) {
    without_schema(&pool).await;
    let bouncer = Bouncer::start(&pool, "session", 60).await;
    let (sim, mut settings, _) = through(&pool, &bouncer);
    settings.remove("DINGGATE_DATABASE_POOLER");
    let migrated = run(&settings, &["migrate"]);
    assert_eq!(migrated.code, Some(0), "{migrated:?}");
    let process = Process::start(&settings);
    process.wait_until_ready().await;
    eventually("the first sync has run", SOON, async || {
        number(&pool, "SELECT count(*) FROM sync_run WHERE state = 'done'").await == 1
    })
    .await;
    let people: Vec<Person> = sim.people().into_iter().take(2).collect();
    join_all(
        people
            .iter()
            .map(|person| client(&process, &sim, person, &people)),
    )
    .await;
    let report = run(&settings, &["doctor"]);
    assert!(
        report
            .out
            .contains("ok          pooler: none in transaction mode"),
        "{}",
        report.out
    );
}
