//! Inside DingTalk: the real `dingtalk-jsapi`, as npm has it, over an app of the simulator's around the page.

mod failures;
mod outside;
mod refusals;
mod signing_in;

use std::path::PathBuf;
use std::time::Duration;

use dingtalk_sim::{Device, NativeAnswer, NativeClient, Sim, SimConfig, SimHandle, company};
use sqlx::PgPool;

use crate::it::support::{Settings, TestApp};
use crate::window::Window;

/// The release that npm has newest, and the one that a deployment loads where nothing is set.
const NEWEST: &str = "newest.js";
const DEFAULT: &str = "default.js";

/// Where the bundles of `dingtalk-jsapi` are; none where whoever runs the tests could not have them.
fn bundles() -> Option<PathBuf> {
    #[expect(
        clippy::disallowed_methods,
        reason = "whoever runs the tests says where the bundles are"
    )]
    let folder = std::env::var_os("DINGTALK_JSAPI_BUNDLES");
    if folder.is_none() {
        eprintln!("skipped: DINGTALK_JSAPI_BUNDLES is not set");
    }
    folder.map(PathBuf::from)
}

/// A cloud whose CDN has a release of the script.
fn cloud(release: &str) -> Option<SimHandle> {
    let jsapi = Some(bundles()?.join(release));
    Some(
        Sim::start(SimConfig {
            jsapi,
            ..SimConfig::default()
        })
        .unwrap(),
    )
}

fn script_url(sim: &SimHandle) -> String {
    format!("{}/jsapi/dingtalk.open.js", sim.url())
}

/// A service with changed settings whose pages load a release of the script.
async fn spawn(
    pool: &PgPool,
    release: &str,
    change: impl FnOnce(&mut Settings),
) -> Option<TestApp> {
    let sim = cloud(release)?;
    let url = script_url(&sim);
    let app = TestApp::spawn_on(pool, sim, |settings| {
        settings.insert("DINGTALK_JSAPI_URL".to_owned(), url);
        change(settings);
    })
    .await;
    app.wait_for_first_sync().await;
    Some(app)
}

/// Makes of a window one of the DingTalk app's.
async fn inside(window: &Window, device: Device, client: &NativeClient) {
    window.calls_itself(device.user_agent()).await;
    window.runs_first(&client.script()).await;
    let width = if device == Device::Desktop { 1280 } else { 390 };
    window.resize(width).await;
}

/// The same, where an employee is signed in to the app.
async fn inside_as_employee(window: &Window, app: &TestApp, device: Device) {
    let client = app.sim.native_client(device, company::EMPLOYEE);
    inside(window, device, &client).await;
}

fn client(app: &TestApp, device: Device, answer: NativeAnswer) -> NativeClient {
    NativeClient::new(device, &app.sim.config().corp_id, answer)
}

/// How often DingTalk was asked who somebody is.
fn redeemed(app: &TestApp) -> u64 {
    app.sim.calls("/topapi/v2/user/getuserinfo")
}

/// The page waits no longer: a way on is there, and nothing turns.
async fn offers_a_way_on(window: &Window) {
    window.find(".in-app.is-over").await;
    assert!(window.is_shown("[data-scan]").await, "the QR code");
    assert!(window.is_shown("[data-again]").await, "another try");
    assert!(!window.is_shown(".in-app-busy").await, "it still turns");
}

async fn pause(millis: u64) {
    tokio::time::sleep(Duration::from_millis(millis)).await;
}
