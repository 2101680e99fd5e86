//! What the company's own systems are told: which messages, signed how, and sent until they are taken.

mod approvals;
mod pages;
mod receiver;
mod retries;
mod review;
mod staff;
mod survival;

use std::time::Duration;

use sqlx::PgPool;

use crate::support::{Settings, TestApp, eventually};
use receiver::{Receiver, SECRET};

/// For what is not about speed.
const SOON: Duration = Duration::from_secs(20);

const PROCESS_GET: &str = "/topapi/processinstance/get";

fn hand_on(settings: &mut Settings, receiver: &Receiver) {
    settings.insert("DINGGATE_WEBHOOK_URL".to_owned(), receiver.url());
    settings.insert("DINGGATE_WEBHOOK_SECRET".to_owned(), SECRET.to_owned());
}

/// A service whose staff table is empty, and a receiver that takes everything.
async fn spawn(pool: &PgPool) -> (TestApp, Receiver) {
    spawn_with(pool, |_| {}).await
}

async fn spawn_with(pool: &PgPool, change: impl FnOnce(&mut Settings)) -> (TestApp, Receiver) {
    let receiver = Receiver::start();
    let app = TestApp::spawn_empty(pool, |settings| {
        hand_on(settings, &receiver);
        change(settings);
    })
    .await;
    (app, receiver)
}

/// A service that has read the whole company, and whose messages about that are forgotten.
async fn spawn_full(pool: &PgPool, change: impl FnOnce(&mut Settings)) -> (TestApp, Receiver) {
    let receiver = Receiver::start();
    let app = TestApp::spawn_with(pool, |settings| {
        hand_on(settings, &receiver);
        change(settings);
    })
    .await;
    app.wait_for_first_sync().await;
    quiet(&app).await;
    receiver.forget();
    (app, receiver)
}

/// Waits until nothing is left to be sent.
async fn quiet(app: &TestApp) {
    eventually("all is sent", SOON, async || {
        app.number("SELECT (SELECT count(*) FROM staff_change) + (SELECT count(*) FROM webhook_delivery WHERE state = 'waiting')")
            .await
            == 0
    })
    .await;
}

async fn messages(app: &TestApp, state: &str) -> i64 {
    app.number(&format!(
        "SELECT count(*) FROM webhook_delivery WHERE state = '{state}'"
    ))
    .await
}

async fn wait_for_messages(app: &TestApp, state: &str, count: i64) {
    eventually(&format!("{count} messages {state}"), SOON, async || {
        messages(app, state).await == count
    })
    .await;
}

/// Lets what waits for a later attempt be due now.
async fn hurry(app: &TestApp) {
    app.execute("UPDATE webhook_delivery SET next_attempt_at = now() WHERE state = 'waiting'")
        .await;
}
