//! The flows that need a real browser: Chromium, driven by chromedriver, against the whole service and
//! a DingTalk of its own.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "a test fails by panicking"
)]

#[path = "../it"]
#[allow(
    dead_code,
    unused_imports,
    reason = "the integration tests use the rest"
)]
mod it {
    pub mod support;
}

mod driver;
mod window;

mod accessible;
mod bars;
mod decisions;
mod every_page;
mod following;
mod in_app;
mod keyboard;
mod login_frame;
mod oauth2;
mod portal;
mod stopped_sync;
mod story;

use std::time::Duration;

use crate::it::support::{TestApp, eventually};
use crate::window::Window;

/// The unionid of somebody who is employed.
fn unionid(app: &TestApp, userid: &str) -> String {
    app.sim.person(userid).unwrap().unionid
}

/// The id of the case of somebody who was turned away.
async fn case_of(app: &TestApp, unionid: &str) -> i64 {
    app.number(&format!(
        "SELECT id FROM unmatched_login WHERE unionid = '{unionid}'"
    ))
    .await
}

/// Signs somebody in on DingTalk's own page and waits for the page that was asked for.
async fn sign_in(window: &Window, app: &TestApp, userid: &str, path: &str) {
    scan_full_page(window, app, &unionid(app, userid), path).await;
    window.is_at(&format!("{}{path}", app.url)).await;
}

/// Begins a login that leads to DingTalk's own page, and lets somebody scan there.
async fn scan_full_page(window: &Window, app: &TestApp, unionid: &str, path: &str) {
    let rd: String = url::form_urlencoded::byte_serialize(path.as_bytes()).collect();
    window.open(&format!("{}/login/qr?rd={rd}", app.url)).await;
    window.click(&format!("button[value='{unionid}']")).await;
}

/// Waits until no job on the cases is under way.
async fn wait_for_jobs(app: &TestApp) {
    eventually(
        "all jobs are finished",
        Duration::from_secs(20),
        async || {
            app.number("SELECT count(*) FROM review_job WHERE finished_at IS NULL")
                .await
                == 0
        },
    )
    .await;
}
