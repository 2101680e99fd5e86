//! The page of a person who waits: its own cookie reveals what has become of the case, and signs nobody in.

use dingtalk_sim::company::{self, EMPLOYEE};
use serde_json::json;
use sqlx::PgPool;

use super::{case_of, decide, text};
use crate::support::{Browser, TestApp};

const COOKIE: &str = "dinggate-waiting";
const STATE: &str = "/login/waiting/state";
const CONTACT: &str = "IT 服务台 8001";

/// Somebody who is to be reviewed, in the browser in which they scanned, with the administrator's.
async fn waiting(pool: &PgPool) -> (TestApp, Browser, Browser, i64) {
    let app = TestApp::spawn_empty(pool, |settings| {
        settings.insert("DINGGATE_CONTACT".to_owned(), CONTACT.to_owned());
    })
    .await;
    let admin = app.admin().await;
    let mut browser = app.browser();
    let unionid = app.sim.person(EMPLOYEE).unwrap().unionid;
    let refused = browser.scan(&unionid, "/?a=1").await;
    assert_eq!(refused.status, 403, "{}", refused.body);
    for part in [
        "data-waiting=\"waiting\"",
        "href=\"/login/waiting\"",
        "waiting.js",
        CONTACT,
    ] {
        assert!(refused.body.contains(part), "{part}: {}", refused.body);
    }
    let id = case_of(&app, &unionid).await;
    (app, admin, browser, id)
}

async fn state(browser: &mut Browser) -> serde_json::Value {
    let answer = browser.get(STATE).await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    assert!(answer.header("cache-control").contains("no-store"));
    answer.json()
}

#[sqlx::test]
async fn an_approval_leads_to_a_new_login_and_to_no_session(pool: PgPool) {
    let (app, mut admin, mut browser, id) = waiting(&pool).await;
    assert_eq!(state(&mut browser).await, json!({"state": "waiting"}));
    let page = browser.get("/login/waiting").await;
    assert!(
        page.status == 200 && page.body.contains("http-equiv=\"refresh\""),
        "{}",
        page.body
    );
    assert!(page.body.contains(CONTACT) && !page.body.contains("data-go"));
    assert_eq!(decide(&mut admin, id, "approve", &[]).await.status, 303);
    assert_eq!(state(&mut browser).await, json!({"state": "approved"}));
    let page = browser.get("/login/waiting").await.body;
    let login = "/login?approved&#38;rd=%2F%3Fa%3D1";
    assert!(page.contains(&format!("data-go=\"{login}\"")), "{page}");
    assert!(page.contains(&format!("href=\"{login}\"")), "{page}");
    let login = browser.get("/login?approved&rd=%2F%3Fa%3D1").await;
    assert!(login.status == 200 && login.body.contains("You have been approved"));
    let sessions = "SELECT count(*) FROM web_session WHERE userid = 'zhangsan01'";
    assert_eq!(app.number(sessions).await, 0);
    assert!(!browser.is_in().await);
}

#[sqlx::test]
async fn a_rejection_is_shown_and_a_reopened_case_waits_again(pool: PgPool) {
    let (_app, mut admin, mut browser, id) = waiting(&pool).await;
    decide(&mut admin, id, "reject", &[("reason", "a secret reason")]).await;
    assert_eq!(state(&mut browser).await, json!({"state": "declined"}));
    let page = browser.get("/login/waiting").await.body;
    assert!(
        page.contains("Your request was declined") && page.contains(CONTACT),
        "{page}"
    );
    assert!(
        !page.contains("a secret reason") && !page.contains("zhangsan01"),
        "{page}"
    );
    decide(&mut admin, id, "reopen", &[]).await;
    assert_eq!(state(&mut browser).await, json!({"state": "waiting"}));
}

#[sqlx::test]
async fn only_the_browser_that_was_refused_may_ask_and_only_for_a_day(pool: PgPool) {
    let (app, _admin, mut browser, id) = waiting(&pool).await;
    let token = browser.cookies[COOKIE].clone();
    // The table holds the hash of the token, bound to the case.
    let stored = text(&app, "SELECT encode(token_hash, 'hex') FROM waiting_ticket").await;
    assert!(stored.len() == 64 && !stored.contains(&token));
    assert_eq!(app.number("SELECT case_id FROM waiting_ticket").await, id);
    let day = "SELECT extract(epoch FROM expires_at - created_at)::bigint FROM waiting_ticket";
    assert!((86_390..=86_410).contains(&app.number(day).await));
    for planted in [
        None,
        Some("x"),
        Some(&"A".repeat(43)),
        Some(stored.as_str()),
    ] {
        let mut other = app.browser();
        if let Some(value) = planted {
            other.cookies.insert(COOKIE.to_owned(), value.to_owned());
        }
        assert_eq!(other.get(STATE).await.status, 404, "{planted:?}");
        let page = other.get("/login/waiting").await;
        assert_eq!(
            (page.status, page.location()),
            (303, "/login"),
            "{planted:?}"
        );
    }
    app.execute("UPDATE waiting_ticket SET expires_at = now()")
        .await;
    assert_eq!(browser.get(STATE).await.status, 404);
}

#[sqlx::test]
async fn the_cookie_is_for_the_server_alone_and_only_who_waits_gets_one(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let unionid = app.sim.person(EMPLOYEE).unwrap().unionid;
    let cookie_of = |answer: &crate::support::Answer| {
        let cookies = answer.headers.get_all("set-cookie").iter();
        let mut cookies = cookies.map(|cookie| cookie.to_str().unwrap().to_owned());
        cookies.find(|cookie| cookie.starts_with(COOKIE))
    };
    let refused = app.browser().scan(&unionid, "/").await;
    let cookie = cookie_of(&refused).unwrap();
    for attribute in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=86400"] {
        assert!(cookie.contains(attribute), "{cookie}");
    }
    let outsider = app.browser().scan(company::STRANGER_UNIONID, "/").await;
    assert_eq!(cookie_of(&outsider), None);
    // Scanning again and again leaves a few tickets, not one for each time.
    for _ in 0..12 {
        app.browser().scan(&unionid, "/").await;
    }
    assert_eq!(app.number("SELECT count(*) FROM waiting_ticket").await, 10);
}

#[sqlx::test]
async fn inside_dingtalk_the_page_is_told_to_wait_and_the_login_is_automatic(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |settings| {
        settings.insert("DINGGATE_CONTACT".to_owned(), CONTACT.to_owned());
    })
    .await;
    let mut admin = app.admin().await;
    let mut browser = app.browser();
    browser.headers[1].1 = "Mozilla/5.0 AliApp(DingTalk/7.6.0)".to_owned();
    let page = browser.get("/login").await.body;
    assert!(
        page.contains("waiting.js") && page.contains(CONTACT),
        "{page}"
    );
    let code = app.sim.in_app_code(EMPLOYEE);
    let body = json!({"code": code, "rd": "/"});
    let refused = browser.post_json("/login/in-app", &body).await;
    assert_eq!(refused.status, 403);
    let answer = refused.json();
    assert_eq!(
        (&answer["error"], &answer["waits"]),
        (&json!("pending_review"), &json!(true))
    );
    assert_eq!(answer["contact"], CONTACT);
    assert_eq!(state(&mut browser).await, json!({"state": "waiting"}));
    let unionid = app.sim.person(EMPLOYEE).unwrap().unionid;
    let id = case_of(&app, &unionid).await;
    decide(&mut admin, id, "approve", &[]).await;
    let page = browser.get("/login/waiting").await.body;
    assert!(
        page.contains("data-go=\"/login?approved&#38;rd=%2F\"") && page.contains("Signing you in"),
        "{page}"
    );
    let login = browser.get("/login?approved&rd=%2F").await.body;
    assert!(login.contains("data-in-app"), "{login}");
}

#[sqlx::test]
async fn every_refusal_names_the_contact(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |settings| {
        settings.insert("DINGGATE_CONTACT".to_owned(), "<b>8001".to_owned());
    })
    .await;
    let mut browser = app.browser();
    for answer in [
        browser.scan(company::STRANGER_UNIONID, "/").await,
        browser.get("/login/callback?state=x&code=y").await,
        browser.get("/nowhere").await,
    ] {
        assert!(answer.status >= 400);
        assert!(answer.body.contains("&#60;b&#62;8001"), "{}", answer.body);
    }
    drop(app);
    let app = TestApp::spawn_with(&pool, |_| {}).await;
    let refused = app.browser().scan(company::STRANGER_UNIONID, "/").await;
    assert!(!refused.body.contains("data-contact"), "{}", refused.body);
}
