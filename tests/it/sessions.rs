//! Sessions: their cookie, their life, and how they end.

mod cookies;

use std::time::Duration;

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{TestApp, eventually};

#[sqlx::test]
async fn anonymous_pages_begin_no_session(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.browser();
    for path in [
        "/login",
        "/login/qr",
        "/",
        "/admin/staff",
        "/nowhere",
        "/login/callback",
    ] {
        browser.get(path).await;
    }
    assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
    assert!(!browser.cookies.contains_key("dinggate"));
}

#[sqlx::test]
async fn the_key_changes_at_login_and_stands_only_hashed_in_the_table(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    let first = browser.cookies["dinggate"].clone();
    browser
        .scan(&app.sim.person(company::EMPLOYEE).unwrap().unionid, "/")
        .await;
    assert_ne!(browser.cookies["dinggate"], first);
    let mut old = app.browser();
    old.cookies.insert("dinggate".into(), first.clone());
    assert!(!old.is_in().await, "the session before the login has ended");
    let key: String = url::form_urlencoded::parse(format!("k={first}").as_bytes())
        .next()
        .unwrap()
        .1
        .into_owned();
    let tail = &key[key.len() - 20..];
    assert_eq!(
        app.number(&format!(
            "SELECT count(*) FROM web_session w WHERE w::text LIKE '%{tail}%'"
        ))
        .await,
        0
    );
}

#[sqlx::test]
async fn the_cookie_has_its_flags(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.browser();
    let state = browser.begin("/").await;
    let answer = browser
        .come_back(
            &state,
            &app.sim
                .sns_code(&app.sim.person(company::EMPLOYEE).unwrap().unionid),
        )
        .await;
    let cookies = answer.headers.get_all("set-cookie");
    let mut cookies = cookies.iter().map(|cookie| cookie.to_str().unwrap());
    let cookie = cookies
        .find(|cookie| cookie.starts_with("dinggate="))
        .unwrap();
    assert!(
        cookie.contains("HttpOnly") && cookie.contains("SameSite=Lax") && cookie.contains("Path=/"),
        "{cookie}"
    );
    assert!(
        !cookie.contains("Secure") && !cookie.contains("Domain"),
        "plain http on loopback: {cookie}"
    );
}

#[sqlx::test]
async fn under_https_the_cookies_are_bound_to_the_host(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |s| {
        s.insert(
            "DINGGATE_PUBLIC_URL".into(),
            "https://sso.example.com".into(),
        );
    })
    .await;
    let answer = app.browser().get("/login/qr").await;
    let cookie = answer.header("set-cookie");
    assert!(
        cookie.starts_with("__Host-dinggate-login=")
            && cookie.contains("Secure")
            && cookie.contains("HttpOnly"),
        "{cookie}"
    );
    assert!(
        answer
            .location()
            .contains("redirect_uri=https%3A%2F%2Fsso.example.com%2Flogin%2Fcallback")
    );
    assert_eq!(
        answer.header("strict-transport-security"),
        "max-age=31536000; includeSubDomains"
    );
}

#[sqlx::test]
async fn a_session_ends_when_it_is_idle_and_when_it_is_old(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    app.execute("UPDATE web_session SET idle_expires_at = now() - interval '1 second'")
        .await;
    assert!(!browser.is_in().await);
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    app.execute("UPDATE web_session SET expires_at = now() - interval '1 second'")
        .await;
    assert!(!browser.is_in().await);
}

#[sqlx::test]
async fn using_a_session_keeps_it_alive_but_not_for_ever(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |s| {
        s.insert("DINGGATE_SESSION_IDLE".into(), "4s".into());
        s.insert("DINGGATE_SESSION_MAX".into(), "9s".into());
    })
    .await;
    app.wait_for_first_sync().await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    for _ in 0..4 {
        tokio::time::sleep(Duration::from_millis(1300)).await;
        assert!(browser.is_in().await, "in use");
    }
    eventually("the absolute end", Duration::from_secs(15), async || {
        tokio::time::sleep(Duration::from_millis(300)).await;
        !browser.is_in().await
    })
    .await;
}

#[sqlx::test]
async fn signing_out_ends_the_session_on_every_instance(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let second = app.another_instance().await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    let mut elsewhere = browser.at(&second.url);
    assert!(elsewhere.is_in().await);
    let answer = browser.post("/logout", &[]).await;
    assert_eq!((answer.status, answer.location()), (303, "/login"));
    assert!(!elsewhere.is_in().await);
    assert_eq!(
        elsewhere.post("/logout", &[]).await.status,
        303,
        "who is out may say so again"
    );
}

#[sqlx::test]
async fn a_leavers_live_session_is_refused_on_a_second_instance_within_a_second(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let second = app.another_instance().await;
    let mut browser = app.signed_in(company::EMPLOYEE).await.at(&second.url);
    assert!(browser.is_in().await);
    app.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    app.deliver(
        &json!({"EventType": "user_leave_org", "UserId": [company::EMPLOYEE], "TimeStamp": "1"}),
    )
    .await;
    assert!(!browser.is_in().await);
    assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
}

#[sqlx::test]
async fn a_request_in_flight_cannot_bring_back_a_session_that_has_ended(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    let token = admin.csrf_token().await;
    // Every action changes the session (a toast is kept in it) while the sessions are being ended.
    for _ in 0..15 {
        let mut acting = admin.clone();
        let fields = [("csrf_token", token.as_str())];
        let (_, ()) = tokio::join!(
            acting.post_bare("/admin/events/retry-failed", &fields),
            async {
                app.execute("DELETE FROM web_session").await;
            }
        );
        assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
        admin = app.admin().await;
    }
}

#[sqlx::test]
async fn a_forged_or_foreign_cookie_is_no_session(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    let good = browser.cookies["dinggate"].clone();
    for bad in [
        String::new(),
        "x".repeat(3000),
        format!("{good}x"),
        good.replacen(|c: char| c.is_ascii_alphanumeric(), "~", 1),
    ] {
        browser.cookies.insert("dinggate".into(), bad);
        assert!(!browser.is_in().await);
    }
}
