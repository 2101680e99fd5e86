//! The callback that is registered by API, and what DingTalk could not deliver to it.

mod commands;
mod failed;
mod page;
mod service;

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::PgPool;

use crate::cli::Ended;
use crate::support::{Settings, TestApp, eventually};

const FAILED: &str = "/call_back/get_call_back_failed_result";

/// The stand-in's company.
const CORP_ID: &str = "ding0123456789abcdef0123456789abcdef";

/// An entry of DingTalk's list that names people.
fn entry(tag: &str, at: i64, userids: &[&str]) -> Value {
    json!({"call_back_tag": tag, "event_time": at, tag: {"corpid": CORP_ID, "userid": userids}})
}

/// The present time in Unix milliseconds.
fn now() -> i64 {
    dinggate::upstream::unix_millis()
}

/// Nothing of the token and the key, ours or another's, may be read in what a command prints.
fn keeps_its_secrets(settings: &Settings, ended: &Ended) {
    for name in ["DINGTALK_CALLBACK_TOKEN", "DINGTALK_CALLBACK_AES_KEY"] {
        let secret = &settings[name];
        assert!(
            !ended.out.contains(secret) && !ended.err.contains(secret),
            "{name}"
        );
    }
}

/// Waits until the reading with which the service begins is over.
async fn wait_for_first_reading(app: &TestApp) {
    eventually("the list was read", Duration::from_secs(10), async || {
        app.number("SELECT count(*) FROM failed_callback_fetch WHERE read_at > '-infinity'")
            .await
            > 0
    })
    .await;
}

async fn number(pool: &PgPool, statement: &'static str) -> i64 {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    sqlx::query_scalar(statement).fetch_one(pool).await.unwrap()
}
