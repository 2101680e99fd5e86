//! The login page that DingTalk's own browser gets, over HTTP.

use dingtalk_sim::{Device, company};
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Browser, TestApp};

/// A browser that says it is DingTalk's own.
fn inside(app: &TestApp, device: Device) -> Browser {
    let mut browser = app.browser();
    browser.headers.retain(|(name, _)| *name != "user-agent");
    let user_agent = device.user_agent().to_owned();
    browser.headers.push(("user-agent", user_agent));
    browser
}

#[sqlx::test]
async fn only_inside_dingtalk_its_script_may_run_and_only_that_one(pool: PgPool) {
    let script = "https://cdn.example.com/jsapi/3.0.12/dingtalk.open.js";
    let app = TestApp::spawn_with(&pool, |settings| {
        settings.insert("DINGTALK_JSAPI_URL".to_owned(), script.to_owned());
    })
    .await;
    for device in [Device::Android, Device::Ios, Device::Desktop] {
        let login = inside(&app, device).get("/login?rd=%2F%3Fa%3Db").await;
        let policy = login.header("content-security-policy").to_owned();
        assert_eq!(
            policy,
            format!(
                "default-src 'none'; script-src 'self' {script}; style-src 'self'; \
                 img-src 'self' data: https://*.dingtalk.com https://*.alicdn.com; connect-src 'self'; \
                 form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
            )
        );
        assert!(login.body.contains(&format!("data-jsapi=\"{script}\"")));
        let corp_id = &app.sim.config().corp_id;
        assert!(login.body.contains(&format!("data-corp-id=\"{corp_id}\"")));
        assert!(login.body.contains("data-rd=\"/?a=b\""), "{}", login.body);
        assert!(!login.body.contains("<iframe") && !login.body.contains("<script>"));
        assert_eq!(login.header("cache-control"), "no-store");
        // Other pages inside DingTalk have no need of it.
        for path in ["/login?signed_out", "/no/such/page"] {
            let other = inside(&app, device).get(path).await;
            let policy = other.header("content-security-policy");
            assert!(policy.contains("script-src 'self';"), "{path}: {policy}");
            assert!(!other.body.contains(script), "{path}");
        }
    }
    let outside = app.browser().get("/login").await;
    let policy = outside.header("content-security-policy");
    assert!(policy.contains("script-src 'self';"), "{policy}");
    assert!(!outside.body.contains(script));
}

#[sqlx::test]
async fn where_one_comes_from_another_site_the_page_still_leads_to_this_one(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |_| {}).await;
    for rd in [
        "https%3A%2F%2Fevil.example",
        "%2F%2Fevil.example",
        "%22%3E%3Cb%3E",
    ] {
        let login = inside(&app, Device::Ios)
            .get(&format!("/login?rd={rd}"))
            .await;
        assert!(login.body.contains("data-rd=\"/\""), "{rd}");
        assert!(!login.body.contains("evil"), "{rd}");
    }
}

/// No state, no cookie, no row: the page is asked for whenever a session is missing.
#[sqlx::test]
async fn the_page_inside_dingtalk_begins_nothing(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |_| {}).await;
    let mut browser = inside(&app, Device::Android);
    assert_eq!(browser.get("/login").await.status, 200);
    assert!(browser.cookies.is_empty(), "{:?}", browser.cookies);
    assert_eq!(app.number("SELECT count(*) FROM login_state").await, 0);
}

#[sqlx::test]
async fn signing_out_inside_dingtalk_leads_to_a_page_that_signs_nobody_in(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = inside(&app, Device::Ios);
    let code = app.sim.in_app_code(company::EMPLOYEE);
    let answer = browser
        .post_json("/login/in-app", &json!({"code": code, "rd": "/"}))
        .await;
    assert_eq!(answer.status, 200);
    let out = browser.post("/logout", &[]).await;
    assert_eq!((out.status, out.location()), (303, "/login?signed_out"));
    let page = browser.get(out.location()).await;
    assert!(!page.body.contains("in_app.js"), "{}", page.body);
    assert!(
        page.body.contains("href=\"/login?again&#38;rd=%2F\""),
        "{}",
        page.body
    );
    assert!(browser.get("/login").await.body.contains("in_app.js"));

    let mut other = app.signed_in(company::EMPLOYEE).await;
    let out = other.post("/logout", &[]).await;
    assert_eq!((out.status, out.location()), (303, "/login"));
}

/// Wherever that is done: another page would lead to the login, and that would undo it.
#[sqlx::test]
async fn ending_ones_own_session_inside_dingtalk_is_not_undone_either(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.wait_for_first_sync().await;
    let own = format!("/admin/staff/{}/end-sessions", company::ADMIN);
    for (path, fields) in [
        ("/admin/sessions/{id}/end", &[][..]),
        (
            "/admin/sessions/bulk",
            &[("ids", "{id}"), ("confirmed", "yes")],
        ),
        (&own, &[("session", "{id}")]),
        (&own, &[("reason", "a lost phone")]),
        (
            "/admin/staff-bulk",
            &[
                ("ids", company::ADMIN),
                ("ids", company::EMPLOYEE),
                ("action", "end-sessions"),
                ("reason", "a lost phone"),
                ("confirmed", "yes"),
            ],
        ),
        ("/sessions/{id}/end", &[]),
    ] {
        for (mut browser, login) in [
            (inside(&app, Device::Ios), "/login?signed_out"),
            (app.browser(), "/login"),
        ] {
            let code = app.sim.in_app_code(company::ADMIN);
            let answer = browser
                .post_json("/login/in-app", &json!({"code": code, "rd": "/"}))
                .await;
            assert_eq!(answer.status, 200, "{}", answer.body);
            let id = session_of_admin(&pool).await;
            let fields: Vec<(&str, String)> = fields
                .iter()
                .map(|(name, value)| (*name, value.replace("{id}", &id)))
                .collect();
            let fields: Vec<(&str, &str)> = fields
                .iter()
                .map(|(name, value)| (*name, value.as_str()))
                .collect();
            let path = path.replace("{id}", &id);
            let out = browser.post(&path, &fields).await;
            assert_eq!((out.status, out.location()), (303, login), "{path}");
            assert!(!browser.cookies.contains_key("dinggate"), "{path}");
            assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
        }
    }
}

async fn session_of_admin(pool: &PgPool) -> String {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test reads what the product wrote in its own way"
    )]
    sqlx::query_scalar("SELECT id::text FROM web_session WHERE userid = $1")
        .bind(company::ADMIN)
        .fetch_one(pool)
        .await
        .unwrap()
}

/// DingTalk on a desk names the window; a window group of the page's own would lose the name.
#[sqlx::test]
async fn no_answer_inside_dingtalk_opens_a_window_group_of_its_own(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |_| {}).await;
    for path in ["/", "/login", "/no/such/page", "/static/login.js"] {
        let inside = inside(&app, Device::Desktop).get(path).await;
        assert_eq!(inside.header("cross-origin-opener-policy"), "", "{path}");
        let outside = app.browser().get(path).await;
        let policy = outside.header("cross-origin-opener-policy");
        assert_eq!(policy, "same-origin", "{path}");
    }
}

#[sqlx::test]
async fn a_refusal_tells_the_page_all_that_a_person_reads(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    let code = app.sim.in_app_code(company::EMPLOYEE);
    let mut browser = inside(&app, Device::Ios);
    let refusal = browser
        .post_json("/login/in-app", &json!({"code": code}))
        .await;
    assert_eq!(refusal.status, 403);
    let told = refusal.json();
    let reference = told["reference"].as_str().unwrap();
    assert_eq!(
        told,
        json!({
            "error": "pending_review",
            "title": "Your sign-in is waiting for review",
            "message": "You are in the company’s DingTalk but not yet on the list of those who may sign in; an administrator has been asked.",
            "next_step": "This page checks for the result every 15 seconds and signs you in once you have been approved.",
            "nick": person.name,
            "initials": "三",
            "reference": reference,
            "retry": false,
            "contact": null,
            "waits": true,
        })
    );
}
