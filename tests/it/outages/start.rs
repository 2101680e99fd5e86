//! Starts that find something missing.

use std::time::Duration;

use dingtalk_sim::{Fault, company};
use sqlx::PgPool;

use super::wire::Weather;
use super::{Process, SOON, Scene, event, push};
use crate::support::{eventually, without_schema};

/// After Postgres has come the program is ready within this.
const READY: Duration = Duration::from_secs(5);

async fn waits_for_postgres(pool: PgPool, weather: Weather) {
    let mut scene = Scene::without_staff(&pool);
    let wire = scene.wired();
    wire.set(weather);
    let mut process = Process::start(&scene.settings);
    eventually("it lives", SOON, async || {
        process.answers("/healthz", 200).await
    })
    .await;
    assert!(process.answers("/readyz", 503).await);
    assert!(process.answers("/", 503).await);
    let callback = scene
        .sim
        .encrypt_event(&event("early", "user_add_org", company::EMPLOYEE));
    assert_eq!(
        push(&process.url, &callback)
            .await
            .expect("an answer")
            .status,
        503
    );
    assert!(process.is_running());
    wire.set(Weather::Fair);
    eventually("it is ready", READY, async || {
        process.answers("/readyz", 200).await
    })
    .await;
    assert!(process.answers("/", 303).await);
    scene
        .deliver(&process, &event("early", "user_add_org", company::EMPLOYEE))
        .await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM staff WHERE status = 'employed'",
            i64::try_from(scene.sim.people().len()).unwrap(),
            SOON,
        )
        .await;
}

#[sqlx::test(migrations = false)]
async fn it_binds_first_and_is_ready_once_postgres_listens(pool: PgPool) {
    without_schema(&pool).await;
    waits_for_postgres(pool, Weather::Refused).await;
}

#[sqlx::test(migrations = false)]
async fn it_binds_first_and_is_ready_once_postgres_speaks(pool: PgPool) {
    without_schema(&pool).await;
    waits_for_postgres(pool, Weather::Swallowed).await;
}

#[sqlx::test]
async fn a_first_sync_that_fails_stops_nothing_and_is_tried_again(pool: PgPool) {
    let scene = Scene::without_staff(&pool);
    scene.sim.fault("*", Fault::Http(500));
    let mut process = scene.serve().await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM sync_run WHERE state = 'failed'",
            1,
            SOON,
        )
        .await;
    assert!(
        process.is_running()
            && process.answers("/readyz", 200).await
            && process.answers("/login", 200).await
    );
    assert_eq!(scene.number("SELECT count(*) FROM staff").await, 0);
    scene.sim.clear_faults();
    let everybody = i64::try_from(scene.sim.people().len()).unwrap();
    scene
        .wait_for_number(
            "SELECT count(*) FROM staff WHERE status = 'employed'",
            everybody,
            Duration::from_secs(40),
        )
        .await;
    assert_eq!(
        scene
            .number("SELECT count(*) FROM sync_run WHERE state = 'done'")
            .await,
        1
    );
    assert!(process.is_running());
}

#[sqlx::test]
async fn a_first_sync_that_was_killed_is_made_up_for_though_there_are_people_by_then(pool: PgPool) {
    let scene = Scene::without_staff(&pool);
    scene.sim.fault(
        "/topapi/v2/user/list",
        Fault::Delay(Duration::from_millis(500)),
    );
    let mut process = scene.serve().await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM sync_run WHERE state = 'running' AND cause = 'empty'",
            1,
            SOON,
        )
        .await;
    // An event brings in the first of them, as a login of an administrator would.
    scene
        .deliver(&process, &event("one", "user_add_org", company::EMPLOYEE))
        .await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM staff WHERE status = 'employed'",
            1,
            SOON,
        )
        .await;
    process.kill();
    scene.sim.clear_faults();
    let _again = scene.serve().await;
    let everybody = i64::try_from(scene.sim.people().len()).unwrap();
    scene
        .wait_for_number(
            "SELECT count(*) FROM staff WHERE status = 'employed'",
            everybody,
            Duration::from_secs(40),
        )
        .await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM sync_run WHERE state = 'done'",
            1,
            SOON,
        )
        .await;
    assert_eq!(
        scene
            .number(
                "SELECT count(*) FROM sync_run WHERE state = 'failed' AND error_code = 'interrupted'"
            )
            .await,
        1
    );
}

#[sqlx::test]
async fn a_page_waits_a_moment_for_a_program_that_starts(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    let wire = scene.wired();
    wire.set(Weather::Refused);
    let process = Process::start(&scene.settings);
    eventually("it lives", SOON, async || {
        process.answers("/healthz", 200).await
    })
    .await;
    assert!(process.answers("/readyz", 503).await);
    let early = process.answers("/login", 200);
    let (answered, ()) = tokio::join!(early, async {
        tokio::time::sleep(Duration::from_millis(300)).await;
        wire.set(Weather::Fair);
    });
    assert!(answered, "the page waited for Postgres and opened");
}
