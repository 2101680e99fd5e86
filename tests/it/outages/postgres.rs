//! Postgres goes away and comes back.

use std::time::{Duration, Instant};

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use super::wire::Weather;
use super::{Process, SOON, Scene, event, push, reqwest_client};
use crate::support::{Answer, Browser, eventually};

/// DingTalk waits 1.5 s for the answer to a push.
const PUSH: Duration = Duration::from_secs(1);
/// A page waits no longer than this.
const PAGE: Duration = Duration::from_secs(3);
/// Within this all is as before.
const RECOVERY: Duration = Duration::from_secs(6);

/// The page that says that something of ours is out of order.
const SENTENCE: &str = "The service is not available";

async fn timed<T>(work: impl Future<Output = T>) -> (T, Duration) {
    let begun = Instant::now();
    (work.await, begun.elapsed())
}

/// Expects the page, in time.
fn assert_page(what: &str, (answer, took): (Answer, Duration)) {
    assert_eq!(answer.status, 503, "{what} after {took:?}: {}", answer.body);
    assert!(answer.body.contains(SENTENCE), "{what}: {}", answer.body);
    assert!(
        answer
            .header("content-security-policy")
            .contains("frame-ancestors 'none'"),
        "{what}"
    );
    assert!(took < PAGE, "{what}: {took:?}");
}

async fn assert_not_stored(scene: &Scene, process: &Process, id: &str) {
    let callback = scene
        .sim
        .encrypt_event(&event(id, "user_add_org", company::EMPLOYEE));
    let (answer, took) = timed(push(&process.url, &callback)).await;
    assert_eq!(answer.expect("an answer").status, 503);
    assert!(took < PUSH, "{took:?}");
}

async fn get(process: &Process, path: &str) -> (Answer, Duration) {
    timed(async {
        Answer::read(
            reqwest_client()
                .get(format!("{}{path}", process.url))
                .send()
                .await
                .unwrap(),
        )
        .await
    })
    .await
}

/// What everybody meets while Postgres is away.
async fn assert_all_say_so(scene: &Scene, process: &Process, browser: &Browser, state: &str) {
    assert_not_stored(scene, process, "first").await;
    for path in [
        "/",
        "/admin/staff",
        "/admin/events",
        "/login?rd=/",
        "/login/qr",
    ] {
        assert_page(path, timed(browser.clone().get(path)).await);
    }
    let code = scene.sim.sns_code(&scene.people(1)[0].unionid);
    assert_page(
        "a login in progress",
        timed(browser.clone().come_back(state, &code)).await,
    );
    assert_page(
        "signing out",
        timed(browser.clone().post_bare("/logout", &[("csrf_token", "x")])).await,
    );
    let code = scene.sim.in_app_code(company::EMPLOYEE);
    let (answer, took) = timed(
        browser
            .clone()
            .post_json("/login/in-app", &json!({"code": code, "rd": "/"})),
    )
    .await;
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (503, Some("unavailable")),
        "{}",
        answer.body
    );
    assert!(took < PAGE, "{took:?}");
    // An answer is used again for half a second.
    tokio::time::sleep(Duration::from_millis(500)).await;
    let (ready, took) = get(process, "/readyz").await;
    assert!(
        ready.status == 503 && took < PAGE && ready.body.contains("Postgres"),
        "{took:?} {}",
        ready.body
    );
    let (alive, took) = get(process, "/healthz").await;
    assert!(
        alive.status == 200 && took < Duration::from_millis(500),
        "{took:?}"
    );
}

/// As many at once as will use up all connections.
async fn assert_a_crowd_is_told_in_time(scene: &Scene, process: &Process, browser: &Browser) {
    let pages = futures_util::future::join_all(
        (0..30).map(|_| async { timed(browser.clone().get("/")).await }),
    );
    let pushes = futures_util::future::join_all((0..10).map(|n| async move {
        assert_not_stored(scene, process, &format!("crowd-{n}")).await;
    }));
    for page in futures_util::future::join(pages, pushes).await.0 {
        assert_page("one of many", page);
    }
}

async fn assert_all_is_well(scene: &Scene, process: &Process, browser: &Browser) {
    let back = Instant::now();
    eventually("it is ready again", RECOVERY, async || {
        process.answers("/readyz", 200).await
    })
    .await;
    eventually("pages open again", RECOVERY, async || {
        browser.clone().get("/").await.status == 200
    })
    .await;
    let answer = browser.clone().scan(&scene.people(1)[0].unionid, "/").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(
        scene.number("SELECT count(*) FROM event").await,
        0,
        "none was answered with a success"
    );
    scene
        .deliver(
            process,
            &event("first", "user_add_org", company::TWO_DEPARTMENTS),
        )
        .await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM event WHERE state = 'applied'",
            1,
            SOON,
        )
        .await;
    assert!(
        back.elapsed() < RECOVERY + Duration::from_secs(4),
        "{:?}",
        back.elapsed()
    );
    let log = process.log();
    assert!(
        !log.contains("\"status\":500") && !log.contains("panicked"),
        "{log}"
    );
}

async fn goes_away_and_comes_back(pool: PgPool, weather: Weather) {
    let mut scene = Scene::new(&pool).await;
    let wire = scene.wired();
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let mut browser = scene.signed_in(&process, &scene.people(1)[0]).await;
    let state = browser.begin("/").await;
    wire.set(weather);
    assert_all_say_so(&scene, &process, &browser, &state).await;
    assert_a_crowd_is_told_in_time(&scene, &process, &browser).await;
    assert_a_crowd_is_told_in_time(&scene, &process, &browser).await;
    wire.set(Weather::Fair);
    assert_all_is_well(&scene, &process, &browser).await;
}

#[sqlx::test]
async fn a_server_that_was_shut_down(pool: PgPool) {
    goes_away_and_comes_back(pool, Weather::Refused).await;
}

#[sqlx::test]
async fn a_proxy_without_a_server_behind_it(pool: PgPool) {
    goes_away_and_comes_back(pool, Weather::Cut).await;
}

#[sqlx::test]
async fn a_server_that_was_switched_off(pool: PgPool) {
    goes_away_and_comes_back(pool, Weather::Swallowed).await;
}

#[sqlx::test]
async fn it_goes_away_while_a_login_waits_for_dingtalk(pool: PgPool) {
    let mut scene = Scene::new(&pool).await;
    let wire = scene.wired();
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    for weather in [Weather::Refused, Weather::Cut, Weather::Swallowed] {
        // Signed in already, so that there is a session to write to as well.
        let mut browser = scene.signed_in(&process, &scene.people(1)[0]).await;
        let state = browser.begin("/").await;
        let code = scene.sim.sns_code(&scene.people(1)[0].unionid);
        scene.sim.fault(
            super::REDEEM,
            dingtalk_sim::Fault::Delay(Duration::from_millis(700)),
        );
        let login = tokio::spawn(async move { timed(browser.come_back(&state, &code)).await });
        tokio::time::sleep(Duration::from_millis(400)).await;
        wire.set(weather);
        let (answer, took) = login.await.unwrap();
        assert_page(
            &format!("{weather:?}"),
            (answer, took.saturating_sub(Duration::from_millis(700))),
        );
        scene.sim.clear_faults();
        wire.set(Weather::Fair);
        eventually("it is ready again", RECOVERY, async || {
            process.answers("/readyz", 200).await
        })
        .await;
    }
}

/// Holds a lock for so long, as a statement that takes its time does.
async fn hold(pool: &PgPool, lock: &'static str, time: Duration) {
    let mut holder = pool.begin().await.unwrap();
    sqlx::raw_sql(lock).execute(&mut *holder).await.unwrap();
    tokio::time::sleep(time).await;
    holder.rollback().await.unwrap();
}

#[sqlx::test]
async fn a_page_of_several_slow_statements_has_one_deadline(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let browser = scene.signed_in(&process, &scene.people(1)[0]).await;
    // Each statement by itself is answered before it would be given up.
    let slow = |locks: [&'static str; 2]| {
        let pool = pool.clone();
        async move {
            tokio::join!(
                hold(&pool, locks[0], Duration::from_millis(1_700)),
                hold(&pool, locks[1], Duration::from_millis(3_600)),
            );
        }
    };
    let locks = ["LOCK TABLE web_session", "LOCK TABLE admin_grant, app"];
    let (page, ()) = tokio::join!(
        async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            timed(browser.clone().get("/")).await
        },
        slow(locks)
    );
    assert_page("the portal", page);
}
