//! DingTalk's newer login page, on its own and in the frame of ours, and what its messages may do.

use dingtalk_sim::company;
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::it::support::TestApp;
use crate::unionid;
use crate::window::{Visitor, Window, visit};

const DESKTOP: u32 = 1280;
const PHONE: u32 = 390;

/// Sends the page a message as if it came from `origin`, from the frame's window or from the page's own.
const FORGE: &str = "var [data, origin, fromFrame] = arguments;
    var source = fromFrame ? document.querySelector('iframe').contentWindow : window;
    window.dispatchEvent(new MessageEvent('message', { data: data, origin: origin, source: source }));";

/// Sends the page around the frame what a script of DingTalk's frame would send it.
const SEND: &str = "window.parent.postMessage(arguments[0], '*')";

async fn spawn(pool: &PgPool) -> TestApp {
    let app = TestApp::spawn_with(pool, |settings| {
        settings.insert("DINGTALK_LOGIN_FLOW".into(), "oauth2".into());
    })
    .await;
    app.wait_for_first_sync().await;
    app
}

async fn fits(window: &Window) {
    let script = "return document.documentElement.scrollWidth <= window.innerWidth";
    assert_eq!(window.run(script, Vec::new()).await, json!(true));
}

async fn signs_out(window: &Window, app: &TestApp) {
    window.click("form[action='/logout'] button").await;
    window.is_at(&format!("{}/login", app.url)).await;
}

#[sqlx::test]
async fn one_signs_in_or_declines_on_dingtalks_own_page(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    visit(Visitor::Chinese, async |window| {
        for width in [DESKTOP, PHONE] {
            window.resize(width).await;
            window.open(&format!("{}/?from=chat", app.url)).await;
            window.click(".login-other a").await;
            window
                .is_below(&format!("{}/oauth2/auth?", app.sim.url()))
                .await;
            window.click("button.deny").await;
            window.sees("登录已取消").await;
            fits(window).await;
            window.click(".notice a.button").await;
            window.click(".login-other a").await;
            window.click(&format!("button[value='{person}']")).await;
            window.is_at(&format!("{}/?from=chat", app.url)).await;
            window.sees("张三，您好").await;
            signs_out(window, &app).await;
        }
    })
    .await;
}

#[sqlx::test]
async fn one_signs_in_or_declines_in_the_frame(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    visit(Visitor::English, async |window| {
        for width in [DESKTOP, PHONE] {
            window.resize(width).await;
            window.open(&format!("{}/?from=chat", app.url)).await;
            fits(window).await;
            window.enter_frame("iframe.qr-frame").await;
            fits(window).await;
            window.click("button.deny").await;
            window.leave_frame().await;
            window.sees("The sign-in was cancelled").await;
            window.open(&format!("{}/?from=chat", app.url)).await;
            window.scan_in_frame(&person).await;
            window.is_at(&format!("{}/?from=chat", app.url)).await;
            signs_out(window, &app).await;
        }
    })
    .await;
}

/// What the newer page says after an agreement, with this address.
fn agreed(redirect_url: &str) -> Value {
    json!({"success": true, "redirectUrl": redirect_url})
}

#[sqlx::test]
async fn only_dingtalks_frame_is_believed_and_no_message_says_where_to_go(pool: PgPool) {
    let app = spawn(&pool).await;
    visit(Visitor::English, async |window| {
        window.open(&format!("{}/login?rd=/", app.url)).await;
        let own = format!("{}/login/callback", app.url);
        let forged = agreed(&format!("{own}?authCode=forged&state=forged"));
        let look_alike = format!("{}.example.com", app.sim.url());
        for origin in ["https://login.dingtalk.com", "null", &app.url, &look_alike] {
            let message = vec![forged.clone(), json!(origin), json!(true)];
            window.run(FORGE, message).await;
        }
        let own_window = vec![forged.clone(), json!(app.sim.url()), json!(false)];
        window.run(FORGE, own_window).await;

        window.enter_frame("iframe.qr-frame").await;
        for data in messages_that_lead_elsewhere(&app, &own) {
            window.run(SEND, vec![data]).await;
        }
        // Messages come in the order they were sent in: once this one has an effect, the others had none.
        let real = format!("{own}?state=a%20b&authCode=c%26d&rd=//evil.example&forged=1#forged");
        window.run(SEND, vec![agreed(&real)]).await;
        window.leave_frame().await;
        window
            .is_at(&format!("{own}?authCode=c%26d&state=a+b"))
            .await;
        window.sees("This sign-in is no longer valid").await;
    })
    .await;
}

fn messages_that_lead_elsewhere(app: &TestApp, own: &str) -> Vec<Value> {
    let query = "?authCode=forged&state=forged";
    let elsewhere = [
        format!("https://evil.example/login/callback{query}"),
        format!("{}/login/callback{query}", app.sim.url()),
        format!("{}@evil.example/login/callback{query}", app.url),
        format!("{}/logout{query}", app.url),
        format!("{own}/{query}"),
        format!("/login/callback{query}"),
        format!("javascript:location='{own}{query}'"),
        String::new(),
    ];
    let good = format!("{own}{query}");
    let odd = [
        json!(good),
        json!({"redirectUrl": good}),
        json!({"success": "true", "redirectUrl": good}),
        json!({"success": false, "redirectUrl": good}),
        json!({"success": true, "redirectUrl": [good]}),
        json!({"success": true}),
        json!([good]),
        json!(null),
    ];
    elsewhere.iter().map(|url| agreed(url)).chain(odd).collect()
}

#[sqlx::test]
async fn a_fault_in_the_frame_is_said_and_the_page_still_works(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    visit(Visitor::English, async |window| {
        window.resize(PHONE).await;
        window.open(&format!("{}/login?rd=/", app.url)).await;
        window.enter_frame("iframe.qr-frame").await;
        let fault = json!({"errorMsg": "<b>二维码已失效</b>"});
        window.run(SEND, vec![fault]).await;
        window.leave_frame().await;
        window.sees("Something is wrong with the code").await;
        assert!(!window.text().await.contains("二维码已失效"));
        window.scan_in_frame(&person).await;
        window.is_at(&format!("{}/", app.url)).await;
    })
    .await;
}
