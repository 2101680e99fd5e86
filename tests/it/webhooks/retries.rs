//! Messages that are not taken at once.

use std::time::{Duration, Instant};

use serde_json::json;
use sqlx::PgPool;

use super::receiver::{Receiver, Reply};
use super::{SOON, hand_on, hurry, messages, spawn, wait_for_messages};
use crate::support::{TestApp, eventually, free_port};

/// An event that needs no details.
async fn deliver(app: &TestApp, id: &str) {
    app.deliver(&json!({"eventId": id, "EventType": "org_admin_add", "UserId": [id]}))
        .await;
}

async fn spawn_plain(pool: &PgPool) -> (TestApp, Receiver) {
    super::spawn_with(pool, |settings| {
        settings.insert(
            "DINGGATE_WEBHOOK_EVENTS".to_owned(),
            "org_admin_add".to_owned(),
        );
    })
    .await
}

/// Waits for so many ended attempts.
async fn attempts(app: &TestApp, count: i64) {
    eventually(&format!("{count} attempts"), SOON, async || {
        app.number("SELECT count(*) FROM webhook_attempt").await == count
    })
    .await;
}

#[sqlx::test]
async fn after_a_failure_the_same_message_is_sent_again_with_a_signature_of_its_own(pool: PgPool) {
    let (app, receiver) = spawn_plain(&pool).await;
    receiver.reply(&[Reply::Status(500), Reply::Close, Reply::Status(404)]);
    deliver(&app, "one").await;
    for (done, waits) in [(1, 4..=6), (2, 24..=36), (3, 96..=144)] {
        attempts(&app, done).await;
        let wait = app
            .number("SELECT round(extract(epoch FROM next_attempt_at - (SELECT max(at) FROM webhook_attempt)))::bigint FROM webhook_delivery")
            .await;
        assert!(waits.contains(&wait), "{wait} s after attempt {done}");
        // Signatures are of whole seconds.
        tokio::time::sleep(Duration::from_millis(1010)).await;
        hurry(&app).await;
    }
    wait_for_messages(&app, "delivered", 1).await;
    let requests = receiver.wait_for(4).await;
    for pair in requests.windows(2) {
        assert_eq!((pair[0].id(), &pair[0].body), (pair[1].id(), &pair[1].body));
        assert_ne!(
            pair[0].header("webhook-signature"),
            pair[1].header("webhook-signature")
        );
    }
    let errors = "SELECT count(*) FROM webhook_attempt WHERE (status, coalesce(error, '')) IN ((500, 'status'), (404, 'status'), (204, ''))
         OR status IS NULL AND error = 'connect'";
    assert_eq!(app.number(errors).await, 4);
}

#[sqlx::test]
async fn the_receivers_time_to_come_back_counts(pool: PgPool) {
    let (app, receiver) = spawn_plain(&pool).await;
    receiver.reply(&[
        Reply::With(429, "Retry-After", "1000"),
        Reply::With(503, "Retry-After", "0"),
    ]);
    deliver(&app, "one").await;
    attempts(&app, 1).await;
    let wait = app
        .number("SELECT extract(epoch FROM next_attempt_at - now())::bigint FROM webhook_delivery")
        .await;
    assert!((990..=1000).contains(&wait), "{wait}");
    hurry(&app).await;
    attempts(&app, 2).await;
    let wait = app
        .number("SELECT extract(epoch FROM next_attempt_at - now())::bigint FROM webhook_delivery")
        .await;
    assert!((20..=36).contains(&wait), "no storm: {wait}");
    hurry(&app).await;
    wait_for_messages(&app, "delivered", 1).await;
}

#[sqlx::test]
async fn a_redirect_is_not_followed(pool: PgPool) {
    let (app, receiver) = spawn_plain(&pool).await;
    let elsewhere = Receiver::start();
    let target: &'static str = Box::leak(elsewhere.url().into_boxed_str());
    receiver.reply(&[
        Reply::With(302, "Location", target),
        Reply::With(307, "Location", target),
    ]);
    deliver(&app, "one").await;
    attempts(&app, 1).await;
    hurry(&app).await;
    attempts(&app, 2).await;
    assert_eq!(elsewhere.requests().len(), 0);
    assert_eq!(
        app.number("SELECT count(*) FROM webhook_delivery WHERE state = 'waiting' AND last_error = 'redirect' AND last_status = 307")
            .await,
        1
    );
    hurry(&app).await;
    wait_for_messages(&app, "delivered", 1).await;
}

#[sqlx::test]
async fn a_slow_receiver_is_waited_for_ten_seconds_and_holds_up_nobody_else(pool: PgPool) {
    let (app, receiver) = spawn_plain(&pool).await;
    receiver.reply(&[Reply::After(Duration::from_secs(30))]);
    deliver(&app, "slow").await;
    receiver.wait_for(1).await;
    let begun = Instant::now();
    for n in 0..12 {
        deliver(&app, &format!("fast-{n}")).await;
    }
    wait_for_messages(&app, "delivered", 12).await;
    assert!(
        begun.elapsed() < Duration::from_secs(5),
        "{:?}",
        begun.elapsed()
    );
    eventually("the slow one is given up", SOON, async || {
        app.number("SELECT count(*) FROM webhook_delivery WHERE last_error = 'timeout' AND state = 'waiting'").await == 1
    })
    .await;
    let took = app
        .number("SELECT max(duration_ms)::bigint FROM webhook_attempt")
        .await;
    assert!((9_900..11_500).contains(&took), "{took}");
}

#[sqlx::test]
async fn a_receiver_that_was_down_gets_everything_once_it_is_up(pool: PgPool) {
    let nobody = free_port();
    let receiver = Receiver::start();
    let mut app = TestApp::spawn_empty(&pool, |settings| {
        hand_on(settings, &receiver);
        settings.insert(
            "DINGGATE_WEBHOOK_EVENTS".to_owned(),
            "org_admin_add".to_owned(),
        );
        let url = format!("http://127.0.0.1:{nobody}/hook");
        settings.insert("DINGGATE_WEBHOOK_URL".to_owned(), url);
    })
    .await;
    for n in 0..9 {
        deliver(&app, &format!("event-{n}")).await;
    }
    eventually("all were tried", SOON, async || {
        app.number("SELECT count(*) FROM webhook_delivery WHERE last_error = 'connect'")
            .await
            == 9
    })
    .await;
    assert_eq!(messages(&app, "waiting").await, 9);
    app.stop().await;
    app.settings
        .insert("DINGGATE_WEBHOOK_URL".to_owned(), receiver.url());
    app.start();
    app.wait_until_ready().await;
    hurry(&app).await;
    wait_for_messages(&app, "delivered", 9).await;
    receiver.wait_for(9).await;
}

#[sqlx::test]
async fn a_receiver_that_is_gone_fails_the_message_at_once_and_raises_an_alert(pool: PgPool) {
    let (app, receiver) = spawn_plain(&pool).await;
    let mut admin = app.admin().await;
    wait_for_messages(&app, "delivered", 1).await;
    receiver.reply(&[Reply::Status(410)]);
    deliver(&app, "one").await;
    wait_for_messages(&app, "failed", 1).await;
    let page = admin.get("/admin/webhooks").await.body;
    let banner = "could not be delivered and are no longer tried (the last one: HTTP 410)";
    assert!(page.contains(banner), "{page}");
}

#[sqlx::test]
async fn after_three_days_a_message_is_given_up(pool: PgPool) {
    let (app, receiver) = spawn_plain(&pool).await;
    receiver.always(Reply::Status(503));
    deliver(&app, "old").await;
    deliver(&app, "young").await;
    attempts(&app, 2).await;
    // The old one has ten minutes left, and an attempt at their end.
    app.execute("UPDATE webhook_delivery d SET series_started_at = now() - interval '71 hours 50 minutes', attempts = 9, next_attempt_at = now() FROM event e WHERE e.id = d.event_id AND 'old' = ANY (userids)").await;
    attempts(&app, 3).await;
    let left = app
        .number("SELECT extract(epoch FROM min(next_attempt_at - series_started_at))::bigint FROM webhook_delivery WHERE attempts = 10")
        .await;
    assert_eq!(left, 72 * 3600);
    app.execute("UPDATE webhook_delivery SET series_started_at = series_started_at - interval '10 minutes', next_attempt_at = now()")
        .await;
    wait_for_messages(&app, "failed", 1).await;
    attempts(&app, 5).await;
    assert_eq!(messages(&app, "waiting").await, 1);
    assert_eq!(
        app.number("SELECT count(*) FROM alert WHERE kind = 'webhook:failed'")
            .await,
        1
    );
    hurry(&app).await;
    attempts(&app, 6).await;
    assert_eq!(messages(&app, "failed").await, 1);
}

#[sqlx::test]
async fn two_instances_send_each_message_once(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    let _other = app.another_instance().await;
    app.execute("INSERT INTO staff (userid, name) SELECT 'u-' || n, 'name ' || n FROM generate_series(1, 300) n")
        .await;
    wait_for_messages(&app, "delivered", 300).await;
    let requests = receiver.wait_for(300).await;
    let ids: std::collections::BTreeSet<&str> =
        requests.iter().map(super::receiver::Request::id).collect();
    assert_eq!(ids.len(), 300);
}
