//! In, without doing anything, and out again for good.

use std::time::{Duration, Instant};

use dingtalk_sim::{Device, company};
use serde_json::json;
use sqlx::PgPool;

use super::{DEFAULT, NEWEST, inside, inside_as_employee, pause, redeemed, spawn};
use crate::it::support::TestApp;
use crate::window::{Visitor, visit};

async fn lands(app: &TestApp, visitor: Visitor, device: Device, greeting: &str) {
    app.sim.reset_calls();
    visit(visitor, async |window| {
        inside_as_employee(window, app, device).await;
        let wanted = format!("{}/?from=chat&b=%E5%BC%A0", app.url);
        window.open(&wanted).await;
        window.is_at(&wanted).await;
        window.sees(greeting).await;
    })
    .await;
    assert_eq!(redeemed(app), 1, "{device:?}");
}

#[sqlx::test]
async fn whoever_opens_a_page_in_dingtalk_is_on_it_at_once(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    lands(&app, Visitor::Chinese, Device::Android, "张三，您好").await;
    lands(&app, Visitor::English, Device::Ios, "张三").await;
    lands(&app, Visitor::Chinese, Device::Desktop, "张三，您好").await;
    let in_app = "SELECT count(*) FROM web_session WHERE method = 'in_app'";
    assert_eq!(app.number(in_app).await, 3);
}

#[sqlx::test]
async fn the_release_that_is_loaded_by_default_does_the_same(pool: PgPool) {
    let Some(app) = spawn(&pool, DEFAULT, |_| {}).await else {
        return;
    };
    for device in [Device::Android, Device::Ios, Device::Desktop] {
        lands(&app, Visitor::English, device, "张三").await;
    }
}

#[sqlx::test]
async fn a_bridge_that_comes_late_and_an_answer_that_takes_its_time_are_waited_for(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    for device in [Device::Android, Device::Ios] {
        visit(Visitor::English, async |window| {
            let mut client = app.sim.native_client(device, company::EMPLOYEE);
            client.ready_after = Duration::from_secs(1);
            client.delay = Duration::from_secs(2);
            inside(window, device, &client).await;
            let begun = Instant::now();
            window.open(&app.url).await;
            window.sees("Asking DingTalk who you are").await;
            assert!(!window.is_shown("[data-scan]").await, "nothing to do yet");
            assert!(!window.is_shown(".notice-sign").await, "nothing is wrong");
            window.is_at(&format!("{}/", app.url)).await;
            assert!(begun.elapsed() >= Duration::from_secs(3));
        })
        .await;
    }
}

#[sqlx::test]
async fn whoever_signs_out_in_dingtalk_stays_out_until_they_want_in(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    let sessions = "SELECT count(*) FROM web_session";
    visit(Visitor::English, async |window| {
        inside_as_employee(window, &app, Device::Ios).await;
        window.open(&app.url).await;
        window.is_at(&format!("{}/", app.url)).await;
        // Another code lies ready, so that only the page itself keeps the person out.
        inside_as_employee(window, &app, Device::Ios).await;
        window.click("form[action='/logout'] button").await;
        window.is_at(&format!("{}/login?signed_out", app.url)).await;
        window.sees("You are signed out").await;
        crate::every_page::assert_fits(window, "en").await;
        pause(2000).await;
        window.is_at(&format!("{}/login?signed_out", app.url)).await;
        assert_eq!(app.number(sessions).await, 0);
        window.click("a.button:not(.button-plain)").await;
        window.is_at(&format!("{}/", app.url)).await;
        assert_eq!(app.number(sessions).await, 1);
    })
    .await;
}

#[sqlx::test]
async fn a_browser_that_forgets_its_cookies_does_not_go_round_in_circles(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    visit(Visitor::English, async |window| {
        inside_as_employee(window, &app, Device::Android).await;
        window.open(&app.url).await;
        window.is_at(&format!("{}/", app.url)).await;
        inside_as_employee(window, &app, Device::Android).await;
        window
            .devtools("Network.clearBrowserCookies", json!({}))
            .await;
        window.open(&app.url).await;
        window.sees("You are not kept signed in").await;
        super::offers_a_way_on(window).await;
        assert_eq!(redeemed(&app), 1, "not begun a second time unasked");
        window.click("[data-again]").await;
        window.is_at(&format!("{}/", app.url)).await;
        assert_eq!(redeemed(&app), 2);
    })
    .await;
}

/// DingTalk on a desk names the window before it leads it to a page; a page that had the browser open a window
/// group of its own would lose the name and with it the app.
#[sqlx::test]
async fn the_name_that_dingtalk_on_a_desk_gives_the_window_arrives(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    visit(Visitor::English, async |window| {
        window.calls_itself(Device::Desktop.user_agent()).await;
        window.open("about:blank").await;
        let lead = "window.name = '{\"containerId\":\"c\"}'; window.location.assign(arguments[0])";
        let wanted = json!(format!("{}/", app.url));
        window.run(lead, vec![wanted]).await;
        window.is_below(&format!("{}/login?", app.url)).await;
        let name = window.run("return window.name", Vec::new()).await;
        assert_eq!(name, json!("{\"containerId\":\"c\"}"));
    })
    .await;
}
