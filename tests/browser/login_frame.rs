//! The login page's script believes DingTalk's frame, a string from it, and nothing else.

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use crate::it::support::TestApp;
use crate::window::{Visitor, Window, visit};
use crate::{sign_in, unionid};

/// Sends the page a message as if it came from `origin`, from the frame's window or from the page's own.
const FORGE: &str = "var [origin, fromFrame] = arguments;
    var source = fromFrame ? document.querySelector('iframe').contentWindow : window;
    window.dispatchEvent(new MessageEvent('message', { data: 'forged', origin: origin, source: source }));";

/// Sends the page around the frame what a script of DingTalk's frame would send it.
const SEND: &str = "window.parent.postMessage(arguments[0], '*')";

#[sqlx::test]
async fn only_a_string_from_dingtalks_own_frame_goes_on(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    visit(Visitor::English, async |window| {
        let login = format!("{}/login?rd=/", app.url);
        window.open(&login).await;
        let look_alike = format!("{}.example.com", app.sim.url());
        for origin in ["https://login.dingtalk.com", "null", &app.url, &look_alike] {
            window.run(FORGE, vec![json!(origin), json!(true)]).await;
        }
        window
            .run(FORGE, vec![json!(app.sim.url()), json!(false)])
            .await;
        window
            .run("window.postMessage('forged', '*')", Vec::new())
            .await;

        window.enter_frame("iframe.qr-frame").await;
        for data in [
            json!({"loginTmpCode": "forged"}),
            json!(["forged"]),
            json!(4711),
            json!(null),
            json!(""),
        ] {
            window.run(SEND, vec![data]).await;
        }
        // Messages come in the order they were sent in: once this one has an effect, the others had none.
        window.run(SEND, vec![json!("a real one & more")]).await;
        window.leave_frame().await;
        let gone_on = format!("{}/connect/oauth2/sns_authorize?", app.sim.url());
        window.is_below(&gone_on).await;
        let address = window.url().await;
        assert!(
            address.contains("&loginTmpCode=a%20real%20one%20%26%20more"),
            "{address}"
        );
        assert!(!address.contains("forged"), "{address}");
    })
    .await;
}

#[sqlx::test]
async fn without_script_one_signs_in_on_dingtalks_own_page(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    visit(Visitor::WithoutScript, async |window| {
        window.open(&format!("{}/?from=chat", app.url)).await;
        window
            .sees("JavaScript is turned off in this browser")
            .await;
        assert!(
            !window.is_shown(".qr").await,
            "a frame that nothing would come of"
        );
        window.click(".login-other a").await;
        window
            .click(&format!(
                "button[value='{}']",
                unionid(&app, company::EMPLOYEE)
            ))
            .await;
        window.is_at(&format!("{}/?from=chat", app.url)).await;
        window.click("form[action='/logout'] button").await;
        window.is_at(&format!("{}/login", app.url)).await;

        sign_in(window, &app, company::ADMIN, "/admin/sessions").await;
        the_only_session_is_ended(window, &app).await;
    })
    .await;
}

/// The question before an action works without script, too.
async fn the_only_session_is_ended(window: &Window, app: &TestApp) {
    assert!(
        !window.is_shown(".confirm-panel").await,
        "nothing is asked before it is wanted"
    );
    window.click(".confirm > summary").await;
    window
        .sees("This is your own session: you will be signed out.")
        .await;
    window.click(".confirm-panel button").await;
    window.is_below(&format!("{}/login", app.url)).await;
    assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
}
