//! SIGTERM while others keep the program waiting.

use std::time::{Duration, Instant};

use dingtalk_sim::Fault;
use sqlx::PgPool;
use tokio::task::JoinHandle;

use super::{Process, REDEEM, SOON, Scene, USER_GET, event};
use crate::support::{Answer, eventually};

/// What is in flight has this long.
const GRACE: Duration = Duration::from_secs(10);

async fn begin_login(scene: &Scene, process: &Process) -> JoinHandle<Answer> {
    let person = &scene.people(1)[0];
    let mut browser = scene.browser(process);
    let state = browser.begin("/wanted").await;
    let code = scene.sim.sns_code(&person.unionid);
    let calls = scene.sim.calls(REDEEM);
    let login = tokio::spawn(async move { browser.come_back(&state, &code).await });
    eventually("DingTalk is asked", SOON, async || {
        scene.sim.calls(REDEEM) > calls
    })
    .await;
    login
}

async fn held_claims(scene: &Scene) -> i64 {
    scene.number("SELECT (SELECT count(*) FROM event WHERE claimed_until > now()) + (SELECT count(*) FROM subject_recheck WHERE claimed_until > now())").await
}

#[sqlx::test]
async fn a_login_that_waits_for_dingtalk_is_finished(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    scene.employ(&scene.people(1)).await;
    let mut process = scene.serve().await;
    scene
        .sim
        .fault(REDEEM, Fault::Delay(Duration::from_secs(3)));
    let login = begin_login(&scene, &process).await;
    process.terminate();
    let answer = login.await.unwrap();
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/wanted"),
        "{}",
        answer.body
    );
    assert_eq!(process.ended(GRACE).await, Some(0));
    assert_eq!(scene.number("SELECT count(*) FROM web_session").await, 1);
}

#[sqlx::test]
async fn a_login_is_answered_though_dingtalk_never_does(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    scene.employ(&scene.people(1)).await;
    let mut process = scene.serve().await;
    scene.sim.fault(REDEEM, Fault::Hang);
    let login = begin_login(&scene, &process).await;
    process.terminate();
    let stopped = Instant::now();
    let answer = login.await.unwrap();
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(process.ended(GRACE).await, Some(0));
    assert!(stopped.elapsed() < GRACE, "{:?}", stopped.elapsed());
}

async fn give_back_while_hanging(pool: PgPool, path: &str) {
    let scene = Scene::new(&pool).await;
    let mut process = scene.serve().await;
    scene.sim.fault(path, Fault::Hang);
    for person in scene.people(8) {
        scene
            .deliver(
                &process,
                &event(&person.userid, "user_add_org", &person.userid),
            )
            .await;
    }
    scene
        .execute("INSERT INTO subject_recheck (subject, due_at, reasons, times) VALUES ('zhangsan01', now(), '{join}', ARRAY[now()])")
        .await;
    eventually("work is claimed", SOON, async || {
        held_claims(&scene).await > 3
    })
    .await;
    process.terminate();
    let stopped = Instant::now();
    assert_eq!(process.ended(GRACE + Duration::from_secs(3)).await, Some(0));
    assert!(stopped.elapsed() < GRACE, "{:?}", stopped.elapsed());
    assert_eq!(held_claims(&scene).await, 0);
    assert_eq!(scene.events("waiting").await, 8);
    scene.sim.clear_faults();
    let _again = scene.serve().await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM event WHERE state <> 'applied'",
            0,
            SOON,
        )
        .await;
}

#[sqlx::test]
async fn claims_are_given_back_though_nobody_can_be_asked_about(pool: PgPool) {
    give_back_while_hanging(pool, USER_GET).await;
}

#[sqlx::test]
async fn claims_are_given_back_though_not_even_a_token_is_to_be_had(pool: PgPool) {
    give_back_while_hanging(pool, "/gettoken").await;
}

#[sqlx::test]
async fn it_stops_without_postgres(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    let wire = scene.wired();
    for weather in [
        super::wire::Weather::Refused,
        super::wire::Weather::Swallowed,
    ] {
        let mut process = scene.serve().await;
        wire.set(weather);
        let waiting = tokio::spawn(
            super::reqwest_client()
                .get(format!("{}/login", process.url))
                .send(),
        );
        tokio::time::sleep(Duration::from_millis(300)).await;
        process.terminate();
        assert_eq!(waiting.await.unwrap().unwrap().status(), 503);
        assert_eq!(process.ended(GRACE).await, Some(0));
        wire.set(super::wire::Weather::Fair);
    }
}

#[sqlx::test]
async fn connections_on_which_nothing_comes_do_not_hold_it_up(pool: PgPool) {
    use tokio::io::AsyncWriteExt as _;
    let scene = Scene::new(&pool).await;
    let mut process = scene.serve().await;
    let address = process.url.trim_start_matches("http://").to_owned();
    let mut open = Vec::new();
    let now = super::now_millis();
    let half =
        "HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 99\r\n\r\n{";
    for sent in [
        String::new(),
        "GET / HT".to_owned(),
        "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n".to_owned(),
        "GET /healthz HTTP/1.1\r\nhost: x\r\n\r\nGET / HT".to_owned(),
        format!("POST /dingtalk/events?signature=a&timestamp={now}&nonce=n {half}"),
        format!("POST /login/in-app {half}"),
    ] {
        let mut connection = tokio::net::TcpStream::connect(&address).await.unwrap();
        connection.write_all(sent.as_bytes()).await.unwrap();
        open.push(connection);
    }
    tokio::time::sleep(Duration::from_millis(200)).await;
    process.terminate();
    let stopped = Instant::now();
    assert_eq!(process.ended(GRACE + Duration::from_secs(2)).await, Some(0));
    assert!(
        stopped.elapsed() < Duration::from_secs(5),
        "{:?}",
        stopped.elapsed()
    );
}
