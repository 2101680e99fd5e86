//! DingTalk is away, silent, or angry while events arrive.

use std::time::{Duration, Instant};

use dingtalk_sim::Fault;
use sqlx::PgPool;

use super::{Process, SOON, Scene, USER_GET, event};
use crate::support::eventually;

/// Whatever DingTalk does, its pushes are answered within this.
const AT_ONCE: Duration = Duration::from_millis(200);
/// A machine that tests share now and then takes its time.
const WORST: Duration = Duration::from_millis(900);
/// From DingTalk's return to the last event applied: the rest of a call that hangs, and of a wait.
const CAUGHT_UP: Duration = Duration::from_secs(12);

const PEOPLE: usize = 9;

/// Pushes a joining for everybody; expects an answer at once.
async fn deliver_joinings(scene: &Scene, process: &Process) {
    let mut times = Vec::new();
    for person in scene.people(PEOPLE) {
        times.push(
            scene
                .deliver(
                    process,
                    &event(&person.userid, "user_add_org", &person.userid),
                )
                .await,
        );
    }
    times.sort_unstable();
    assert!(
        times[PEOPLE / 2] < AT_ONCE && times[PEOPLE - 1] < WORST,
        "{times:?}"
    );
}

async fn tried(scene: &Scene) {
    eventually("something was tried", SOON, async || {
        scene.number("SELECT count(*) FROM event WHERE state = 'waiting' AND attempts > 0 AND last_error IS NOT NULL").await > 0
    })
    .await;
}

async fn all_applied(scene: &Scene, within: Duration) {
    scene
        .wait_for_number(
            "SELECT count(*) FROM event WHERE state = 'applied'",
            i64::try_from(PEOPLE).unwrap(),
            within,
        )
        .await;
    assert_eq!(
        scene
            .number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        i64::try_from(PEOPLE).unwrap()
    );
}

async fn events_wait_for(pool: PgPool, fault: Fault) {
    let scene = Scene::new(&pool).await;
    let process = scene.serve().await;
    scene.sim.fault("*", fault);
    deliver_joinings(&scene, &process).await;
    tried(&scene).await;
    assert_eq!(
        scene.events("waiting").await,
        i64::try_from(PEOPLE).unwrap()
    );
    scene.sim.clear_faults();
    all_applied(&scene, CAUGHT_UP).await;
}

#[sqlx::test]
async fn events_wait_for_a_dingtalk_that_cannot_be_reached(pool: PgPool) {
    events_wait_for(pool, Fault::CloseConnection).await;
}

#[sqlx::test]
async fn events_wait_for_a_dingtalk_that_does_not_answer(pool: PgPool) {
    events_wait_for(pool, Fault::Hang).await;
}

#[sqlx::test]
async fn events_wait_for_the_end_of_a_ban_and_do_not_make_it_longer(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    let process = scene.serve().await;
    scene.sim.fault(USER_GET, Fault::Banned1111);
    deliver_joinings(&scene, &process).await;
    tried(&scene).await;
    scene.sim.reset_calls();
    tokio::time::sleep(Duration::from_secs(4)).await;
    assert!(
        scene.sim.calls(USER_GET) + scene.sim.calls("/gettoken") == 0,
        "asked during a ban"
    );
    scene.sim.clear_faults();
    // As if the five minutes had passed.
    scene
        .execute("UPDATE rate_limit SET next_at = now() WHERE api = '*'")
        .await;
    all_applied(&scene, Duration::from_secs(20)).await;
}

#[sqlx::test]
async fn a_leaving_closes_the_door_on_every_instance_though_dingtalk_is_silent(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    scene.employ(&scene.people(PEOPLE)).await;
    let (first, second) = (scene.serve().await, scene.serve_another().await);
    let leaver = scene.people(1).remove(0);
    let stayer = scene.people(2).remove(1);
    let (mut leaving, mut staying) = (
        scene.signed_in(&second, &leaver).await,
        scene.signed_in(&second, &stayer).await,
    );
    scene.sim.fault("*", Fault::Hang);
    // Others keep the workers waiting for DingTalk.
    for person in scene.people(PEOPLE) {
        scene
            .deliver(
                &first,
                &event(&person.userid, "user_modify_org", &person.userid),
            )
            .await;
    }
    let took = scene
        .deliver(&first, &event("gone", "user_leave_org", &leaver.userid))
        .await;
    let answered = Instant::now();
    assert!(took < WORST, "{took:?}");
    assert!(!leaving.is_in().await && !leaving.at(&first.url).is_in().await);
    assert!(
        answered.elapsed() < Duration::from_secs(1),
        "{:?}",
        answered.elapsed()
    );
    assert!(staying.is_in().await);
    assert_eq!(scene.number("SELECT count(*) FROM web_session").await, 1);
}

#[sqlx::test]
async fn logins_work_again_within_ten_seconds_of_its_return(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let person = &scene.people(1)[0];
    scene.sim.fault("*", Fault::Hang);
    // Work queues up for the access token before the login does.
    deliver_joinings(&scene, &process).await;
    let begun = Instant::now();
    let answer = scene.browser(&process).scan(&person.unionid, "/").await;
    assert_eq!(
        (answer.status, answer.header("retry-after").is_empty()),
        (503, false),
        "{}",
        answer.body
    );
    assert!(
        begun.elapsed() < Duration::from_millis(8700),
        "{:?}",
        begun.elapsed()
    );
    assert_eq!(
        scene.number("SELECT count(*) FROM unmatched_login").await,
        0
    );
    scene.sim.clear_faults();
    let back = Instant::now();
    eventually("a login works", Duration::from_secs(10), async || {
        scene
            .browser(&process)
            .scan(&person.unionid, "/")
            .await
            .status
            == 303
    })
    .await;
    assert!(
        back.elapsed() < Duration::from_secs(10),
        "{:?}",
        back.elapsed()
    );
}
