//! Kills and restarts: nothing is lost, and what may have arrived comes again under its own id.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::{ConnectOptions as _, PgPool};

use super::receiver::{Receiver, Reply, SECRET};
use super::{hand_on, spawn_with};
use crate::outages::process::Process;
use crate::support::{Settings, TestApp, eventually, free_port, reqwest_client, settings};

/// Within this the work of a dead instance goes on elsewhere.
const TAKE_OVER: Duration = Duration::from_secs(10);

fn for_process(pool: &PgPool, sim: &dingtalk_sim::SimHandle, receiver: &Receiver) -> Settings {
    let database = pool.connect_options().to_url_lossy().to_string();
    let mut settings = settings(free_port(), sim, &database);
    hand_on(&mut settings, receiver);
    settings.insert("DINGGATE_LOG".to_owned(), "trace".to_owned());
    settings.insert(
        "DINGGATE_WEBHOOK_EVENTS".to_owned(),
        "org_admin_add".to_owned(),
    );
    settings
}

async fn push(process: &Process, sim: &dingtalk_sim::SimHandle, id: &str) {
    let event = json!({"eventId": id, "EventType": "org_admin_add", "UserId": [id]});
    let callback = sim.encrypt_event(&event);
    let url = format!("{}/dingtalk/events?{}", process.url, callback.query);
    let request = reqwest_client().post(url).body(callback.body);
    assert_eq!(request.send().await.unwrap().status(), 200);
}

async fn left_to_send(pool: &PgPool) -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    sqlx::query_scalar("SELECT count(*) FROM webhook_delivery WHERE state <> 'delivered'")
        .fetch_one(pool)
        .await
        .unwrap()
}

#[sqlx::test]
async fn a_message_whose_sender_is_killed_is_sent_again_under_its_id(pool: PgPool) {
    let (sim, receiver) = (TestApp::cloud(), Receiver::start());
    sqlx::raw_sql("INSERT INTO staff (userid, name, status, left_at, left_cause) VALUES ('former-0', 'x', 'left', now(), 'manual')")
        .execute(&pool)
        .await
        .unwrap();
    let settings = for_process(&pool, &sim, &receiver);
    let mut process = Process::start(&settings);
    process.wait_until_ready().await;
    receiver.reply(&[Reply::After(Duration::from_secs(30))]);
    push(&process, &sim, "one").await;
    receiver.wait_for(1).await;
    process.kill();
    let killed = Instant::now();
    let process = Process::start(&settings);
    process.wait_until_ready().await;
    eventually("it is sent again", TAKE_OVER, async || {
        left_to_send(&pool).await == 0
    })
    .await;
    assert!(killed.elapsed() < TAKE_OVER, "{:?}", killed.elapsed());
    let requests = receiver.wait_for(2).await;
    assert_eq!(
        (requests[0].id(), &requests[0].body),
        (requests[1].id(), &requests[1].body)
    );

    // Even the most talkative log holds neither the secret nor what was sent.
    let log = process.log();
    assert!(log.lines().count() > 20, "{log}");
    let key = SECRET.strip_prefix("whsec_").unwrap();
    for secret in [
        SECRET,
        key,
        "know-it",
        requests[1].header("webhook-signature"),
    ] {
        assert!(!log.contains(secret), "{secret}");
    }
    assert!(!log.contains("\\\"event_type\\\""), "a body is in the log");
}

#[sqlx::test]
async fn what_a_stopping_service_has_not_finished_goes_on_at_the_next_start(pool: PgPool) {
    let (mut app, receiver) = spawn_with(&pool, |settings| {
        settings.insert(
            "DINGGATE_WEBHOOK_EVENTS".to_owned(),
            "org_admin_add".to_owned(),
        );
    })
    .await;
    receiver.reply(&[Reply::After(Duration::from_secs(9))]);
    app.deliver(&json!({"eventId": "slow", "EventType": "org_admin_add", "UserId": ["x"]}))
        .await;
    receiver.wait_for(1).await;
    app.stop().await;
    // Given back, not claimed until its lease ends; and not counted as an attempt.
    assert_eq!(
        app.number("SELECT count(*) FROM webhook_delivery WHERE state = 'waiting' AND claimed_by IS NULL AND attempts = 0")
            .await,
        1
    );
    app.start();
    app.wait_until_ready().await;
    super::wait_for_messages(&app, "delivered", 1).await;
    let requests = receiver.wait_for(2).await;
    assert_eq!(requests[0].id(), requests[1].id());
}
