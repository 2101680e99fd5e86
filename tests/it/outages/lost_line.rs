//! Connections that stay silent for good while new ones work: the worst that happens to a pool.

use std::time::{Duration, Instant};

use dingtalk_sim::company;
use sqlx::PgPool;

use super::wire::Weather;
use super::{SOON, Scene, event, push};
use crate::support::eventually;

#[sqlx::test]
async fn another_server_takes_over_and_hardly_anybody_notices(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    let wire = scene.wired();
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let browser = scene.signed_in(&process, &scene.people(1)[0]).await;
    // Fills the pool with connections that are open and idle.
    futures_util::future::join_all((0..40).map(|_| async { browser.clone().get("/").await })).await;
    wire.set(Weather::OldOnesLost);
    let lost = Instant::now();
    eventually("pages open", Duration::from_secs(4), async || {
        browser.clone().get("/").await.status == 200
    })
    .await;
    eventually("pushes are taken", Duration::from_secs(4), async || {
        let callback =
            scene
                .sim
                .encrypt_event(&event("one", "user_add_org", company::TWO_DEPARTMENTS));
        push(&process.url, &callback)
            .await
            .is_some_and(|answer| answer.status == 200)
    })
    .await;
    // Not one page in a row of them fails any more, whichever connection it gets.
    let all_open = async || {
        futures_util::future::join_all(
            (0..40).map(|_| async { browser.clone().get("/").await.status }),
        )
        .await
    };
    eventually("all pages open", Duration::from_secs(8), async || {
        all_open().await.iter().all(|status| *status == 200)
    })
    .await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM event WHERE state = 'applied'",
            1,
            SOON,
        )
        .await;
    assert!(
        lost.elapsed() < Duration::from_secs(12),
        "{:?}",
        lost.elapsed()
    );
}

#[sqlx::test]
async fn a_transaction_whose_begin_was_cut_off_swallows_nobodys_writes(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    let wire = scene.wired();
    let process = scene.serve().await;
    wire.set(Weather::SlowBegins);
    let events: Vec<_> = (0..8)
        .map(|n| {
            let event = event(
                &format!("slow-{n}"),
                "org_admin_add",
                &format!("nobody-{n}"),
            );
            scene.sim.encrypt_event(&event)
        })
        .collect();
    let pushes = events.iter().map(|callback| push(&process.url, callback));
    for answer in futures_util::future::join_all(pushes).await {
        assert_eq!(answer.unwrap().status, 503, "cut off");
    }
    // Time for a connection that would go back to the pool.
    tokio::time::sleep(Duration::from_millis(500)).await;
    wire.set(Weather::Fair);
    let logins = (0..64).map(|_| async {
        let answer = scene.browser(&process).get("/login/qr?rd=/").await;
        assert_eq!(answer.status, 302, "{}", answer.body);
    });
    futures_util::future::join_all(logins).await;
    assert_eq!(
        scene.number("SELECT count(*) FROM login_state").await,
        64,
        "begun logins that others see"
    );
    // Work that was not cut off goes on as soon as the answer to its BEGIN has come.
    let open = "SELECT count(*) FROM pg_stat_activity
        WHERE datname = current_database() AND state LIKE 'idle in transaction%'
            AND state_change < clock_timestamp() - interval '500 milliseconds'";
    scene.wait_for_number(open, 0, Duration::from_secs(2)).await;
}

#[sqlx::test]
async fn work_that_was_cut_off_in_the_middle_keeps_no_connection(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    let wire = scene.wired();
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let browser = scene.signed_in(&process, &scene.people(1)[0]).await;
    // More statements than there are connections wait for a lock when the line is lost.
    let mut lock = pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE web_session IN ACCESS EXCLUSIVE MODE")
        .execute(&mut *lock)
        .await
        .unwrap();
    let requests: Vec<_> = (0..30)
        .map(|_| {
            let mut browser = browser.clone();
            tokio::spawn(async move { browser.get("/").await.status })
        })
        .collect();
    tokio::time::sleep(Duration::from_millis(600)).await;
    wire.set(Weather::OldOnesLost);
    lock.rollback().await.unwrap();
    for request in requests {
        assert_eq!(request.await.unwrap(), 503);
    }
    eventually("pages open", Duration::from_secs(5), async || {
        browser.clone().get("/").await.status == 200
    })
    .await;
    assert!(process.answers("/readyz", 200).await);
}

#[sqlx::test]
async fn a_transaction_whose_client_is_lost_does_not_hold_its_locks_for_long(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let process = scene.serve().await;
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'dinggate'";
    assert!(scene.number(idle).await > 0);
    // What its own connections are set to.
    let config = dinggate::config::Config::load(scene.settings.clone(), |path| {
        std::fs::read_to_string(path)
    })
    .map_err(|faults| faults.to_string());
    let ctx = dinggate::app::context(config.unwrap()).unwrap();
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product set in its own way"
    )]
    let limit = ctx
        .db
        .read(async |conn| {
            sqlx::query_scalar::<_, String>("SHOW idle_in_transaction_session_timeout")
                .fetch_one(conn)
                .await
                .map_err(dinggate::store::StoreError::from)
        })
        .await
        .unwrap();
    assert_eq!(limit, "10s");
    drop(process);
}
