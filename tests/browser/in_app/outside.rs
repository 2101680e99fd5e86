//! Nobody ends on a spinner: not outside DingTalk, not without its script, not without ours.

use std::net::TcpListener;
use std::time::Instant;

use dingtalk_sim::{Device, company};
use serde_json::json;
use sqlx::PgPool;

use super::{NEWEST, inside_as_employee, offers_a_way_on, pause, redeemed, spawn};
use crate::it::support::TestApp;
use crate::unionid;
use crate::window::{Visitor, Window, visit};

/// Waits for what the page says once it has given up, and for how long it took, in seconds.
async fn seconds_until(window: &Window, app: &TestApp, words: &str) -> f64 {
    let begun = Instant::now();
    window.open(&format!("{}/?from=chat", app.url)).await;
    window.sees(words).await;
    begun.elapsed().as_secs_f64()
}

#[sqlx::test]
async fn a_browser_that_only_says_it_is_dingtalk_is_led_to_the_qr_code(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    visit(Visitor::English, async |window| {
        window.calls_itself(Device::Desktop.user_agent()).await;
        let waited = seconds_until(window, &app, "This page is not open in DingTalk").await;
        assert!(waited < 5.0, "{waited}");
        offers_a_way_on(window).await;
        crate::every_page::assert_fits(window, "en").await;
        window.click("[data-scan]").await;
        let person = unionid(&app, company::EMPLOYEE);
        window.click(&format!("button[value='{person}']")).await;
        window.is_at(&format!("{}/?from=chat", app.url)).await;
    })
    .await;
    // On a phone nothing tells the lie from an app whose bridge is still to come.
    visit(Visitor::Chinese, async |window| {
        window.calls_itself(Device::Android.user_agent()).await;
        window.resize(390).await;
        let waited = seconds_until(window, &app, "登录用时太久").await;
        assert!((7.5..10.0).contains(&waited), "{waited}");
        offers_a_way_on(window).await;
    })
    .await;
    assert_eq!(redeemed(&app), 0);
}

#[sqlx::test]
async fn outside_dingtalk_its_script_is_not_loaded(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    visit(Visitor::English, async |window| {
        window.open(&app.url).await;
        window.sees("Scan the code with DingTalk").await;
        assert_eq!(app.sim.calls("/jsapi/dingtalk.open.js"), 0);
    })
    .await;
}

#[sqlx::test]
async fn a_cdn_that_is_away_refuses_or_serves_something_else_is_not_waited_for(pool: PgPool) {
    let Some(mut app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    let refusing = format!(
        "http://127.0.0.1:{}/dingtalk.open.js",
        crate::it::support::free_port()
    );
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let hanging = format!("http://{}/dingtalk.open.js", silent.local_addr().unwrap());
    let something_else = format!("{}/sim/assets/scanned.css", app.sim.url());
    for (url, words, longest) in [
        (refusing, "DingTalk’s component failed to load", 5.0),
        (something_else, "DingTalk’s component failed to load", 5.0),
        (hanging, "This is taking too long", 10.0),
    ] {
        app.stop().await;
        app.settings.insert("DINGTALK_JSAPI_URL".to_owned(), url);
        app.start();
        app.wait_until_ready().await;
        visit(Visitor::English, async |window| {
            inside_as_employee(window, &app, Device::Ios).await;
            let waited = seconds_until(window, &app, words).await;
            assert!(waited < longest, "{words}: {waited}");
            offers_a_way_on(window).await;
        })
        .await;
    }
}

#[sqlx::test]
async fn where_our_own_script_does_not_come_the_qr_code_is_offered_all_the_same(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    visit(Visitor::Chinese, async |window| {
        window.calls_itself(Device::Android.user_agent()).await;
        window.devtools("Network.enable", json!({})).await;
        window
            .devtools(
                "Network.setBlockedURLs",
                json!({"urls": ["*://*/static/in_app.js*"]}),
            )
            .await;
        window.open(&app.url).await;
        window.sees("正在向钉钉确认您的身份").await;
        assert!(!window.is_shown("[data-scan]").await);
        pause(10_200).await;
        assert!(window.is_shown("[data-scan]").await);
        // The console rightly complains of the script that this test keeps away.
        window.open("about:blank").await;
        window.forget_complaints().await;
    })
    .await;
}

#[sqlx::test]
async fn without_script_dingtalk_shows_the_way_to_the_qr_code(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    visit(Visitor::WithoutScript, async |window| {
        window.calls_itself(Device::Ios.user_agent()).await;
        window.open(&format!("{}/?from=chat", app.url)).await;
        window.sees("JavaScript is turned off here").await;
        assert!(!window.is_shown(".in-app-busy").await);
        assert!(!window.is_shown("[data-again]").await);
        window.click("[data-scan]").await;
        let person = unionid(&app, company::EMPLOYEE);
        window.click(&format!("button[value='{person}']")).await;
        window.is_at(&format!("{}/?from=chat", app.url)).await;
    })
    .await;
}
