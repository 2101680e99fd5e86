//! What DingTalk says instead of a code, and what the way to the server does: in words, with a way on.

use std::time::{Duration, Instant};

use dingtalk_sim::{Device, Fault, NativeAnswer, company};
use serde_json::json;
use sqlx::PgPool;

use super::{NEWEST, client, inside, inside_as_employee, offers_a_way_on, pause, redeemed, spawn};
use crate::every_page::assert_fits;
use crate::window::{Visitor, visit};

#[sqlx::test]
async fn a_wrong_corp_id_is_explained_on_every_device(pool: PgPool) {
    let wrong = |settings: &mut crate::it::support::Settings| {
        settings.insert("DINGTALK_CORP_ID".to_owned(), "ding-of-another".to_owned());
    };
    let Some(app) = spawn(&pool, NEWEST, wrong).await else {
        return;
    };
    for (visitor, device, title, lang) in [
        (
            Visitor::English,
            Device::Desktop,
            "This app is not set up correctly",
            "en",
        ),
        (Visitor::Chinese, Device::Android, "应用的设置有误", "zh"),
        (Visitor::Chinese, Device::Ios, "应用的设置有误", "zh"),
    ] {
        visit(visitor, async |window| {
            inside_as_employee(window, &app, device).await;
            window.open(&app.url).await;
            window.sees(title).await;
            window.sees("3 1002,corpId不合法").await;
            let asked = window
                .run("return window.__askedOfDingTalk", Vec::new())
                .await;
            assert_eq!(asked.as_array().unwrap().len(), 1, "{device:?}: {asked}");
            assert_eq!(asked[0]["method"], "runtime.permission.requestAuthCode");
            assert_eq!(asked[0]["corpId"], "ding-of-another");
            offers_a_way_on(window).await;
            assert_fits(window, lang).await;
        })
        .await;
    }
    assert_eq!(redeemed(&app), 0);
}

#[sqlx::test]
async fn each_failure_of_dingtalks_is_explained(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    let failures = [
        ("3", "域名不合法", "This app is not set up correctly"),
        ("7", "no permission", "This app is not set up correctly"),
        (
            "1",
            "runtime.permission.requestAuthCode not exist",
            "This DingTalk is too old",
        ),
        ("-1", "cancel", "DingTalk did not let this page sign you in"),
        ("5", "network error", "You’re offline"),
    ];
    visit(Visitor::English, async |window| {
        for (at, (code, message, title)) in failures.into_iter().enumerate() {
            let device = [Device::Android, Device::Ios, Device::Desktop][at % 3];
            let answer = NativeAnswer::Failure { code, message };
            inside(window, device, &client(&app, device, answer)).await;
            window
                .open(&format!("{}/login?rd=%2F&n={at}", app.url))
                .await;
            window.sees(title).await;
            window.sees(&format!("{code} {message}")).await;
            offers_a_way_on(window).await;
        }
        assert_fits(window, "en").await;
    })
    .await;
}

#[sqlx::test]
async fn after_eight_seconds_waiting_is_over_and_a_later_code_is_not_used(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    visit(Visitor::Chinese, async |window| {
        let mut late = app.sim.native_client(Device::Ios, company::EMPLOYEE);
        late.delay = Duration::from_millis(9500);
        inside(window, Device::Ios, &late).await;
        let begun = Instant::now();
        window.open(&app.url).await;
        window.sees("登录用时太久").await;
        let waited = begun.elapsed().as_secs_f64();
        assert!((7.5..9.5).contains(&waited), "{waited}");
        offers_a_way_on(window).await;
        assert_fits(window, "zh").await;
        pause(3000).await;
        assert_eq!(redeemed(&app), 0, "given up is given up");
        inside_as_employee(window, &app, Device::Ios).await;
        window.click("[data-again]").await;
        window.is_at(&format!("{}/", app.url)).await;
    })
    .await;
}

#[sqlx::test]
async fn a_server_that_takes_its_time_is_followed_even_after_eight_seconds(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    visit(Visitor::English, async |window| {
        // Six seconds of the app's and four of DingTalk's cloud.
        let mut slow = app.sim.native_client(Device::Desktop, company::EMPLOYEE);
        slow.delay = Duration::from_secs(6);
        app.sim.fault_times(
            "/topapi/v2/user/getuserinfo",
            Fault::Delay(Duration::from_secs(4)),
            1,
        );
        inside(window, Device::Desktop, &slow).await;
        window.open(&app.url).await;
        window.sees("This takes longer than usual").await;
        offers_a_way_on(window).await;
        window.is_at(&format!("{}/", app.url)).await;
    })
    .await;
}

#[sqlx::test]
async fn without_a_network_the_page_says_so(pool: PgPool) {
    let Some(mut app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    let mut client = app.sim.native_client(Device::Android, company::EMPLOYEE);
    client.delay = Duration::from_millis(2500);
    visit(Visitor::Chinese, async |window| {
        inside(window, Device::Android, &client).await;
        window.open(&app.url).await;
        window.sees("正在向钉钉确认您的身份").await;
        let offline = json!({"offline": true, "latency": 0, "downloadThroughput": -1, "uploadThroughput": -1});
        window.devtools("Network.enable", json!({})).await;
        window.devtools("Network.emulateNetworkConditions", offline).await;
        window.sees("网络连接失败").await;
        offers_a_way_on(window).await;
        assert_fits(window, "zh").await;
    })
    .await;
    // The machine has a network, and still our server is out of reach.
    client.delay = Duration::from_secs(4);
    visit(Visitor::English, async |window| {
        inside(window, Device::Android, &client).await;
        window.open(&app.url).await;
        window.sees("Asking DingTalk who you are").await;
        app.stop().await;
        window.sees("You’re offline").await;
        offers_a_way_on(window).await;
    })
    .await;
}

/// Answers the page's own request in the server's place.
const ANSWER: &str = "window.fetch = function () {
    return Promise.resolve(new Response(ANSWER, { status: STATUS }));
};";

#[sqlx::test]
async fn an_answer_that_is_not_ours_leads_nowhere(pool: PgPool) {
    let Some(app) = spawn(&pool, NEWEST, |_| {}).await else {
        return;
    };
    let answers = [
        (200, json!({"redirect": "//evil.example/"}).to_string()),
        (200, json!({"redirect": "/\t/evil.example/"}).to_string()),
        (
            200,
            json!({"redirect": "https://evil.example/"}).to_string(),
        ),
        (200, json!({"redirect": "javascript:alert(1)"}).to_string()),
        (200, json!({}).to_string()),
        (502, "<html>Bad Gateway</html>".to_owned()),
        (500, "{}".to_owned()),
    ];
    visit(Visitor::English, async |window| {
        inside_as_employee(window, &app, Device::Desktop).await;
        for (status, body) in answers {
            let script = ANSWER
                .replace("ANSWER", &json!(body).to_string())
                .replace("STATUS", &status.to_string());
            window.runs_first(&script).await;
            let login = format!("{}/login?again&n={}", app.url, body.len());
            window.open(&login).await;
            window
                .sees("The sign-in service did not answer properly")
                .await;
            assert_eq!(window.url().await, login);
            offers_a_way_on(window).await;
        }
    })
    .await;
}
