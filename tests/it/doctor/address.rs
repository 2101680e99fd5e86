//! The message to our own address, and the address that DingTalk's login page leads back to.

use dingtalk_sim::{Sim, SimConfig};
use sqlx::{ConnectOptions as _, PgPool};

use super::{examine, standin, surroundings, with};
use crate::support::{TestApp, free_port, settings};

#[sqlx::test]
async fn whatever_else_answers_at_our_address_is_told_apart_and_never_a_failure(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    for (answer, detail, action) in [
        (
            standin::http(
                "301 Moved",
                "location: https://www.example.com/x?key=1\r\n",
                "",
            ),
            "redirects to https://www.example.com/x, and",
            "no redirect",
        ),
        (
            standin::http("404 Not Found", "", ""),
            "HTTP 404",
            "pass /dingtalk/events through",
        ),
        (
            standin::http("403 Forbidden", "", ""),
            "HTTP 403",
            "restart it",
        ),
        (
            standin::http("503 Unavailable", "", ""),
            "HTTP 503",
            "/readyz",
        ),
        (
            standin::http("200 OK", "", "<!doctype html><p>welcome"),
            "is not Dinggate",
            "DINGGATE_PUBLIC_URL",
        ),
        (
            standin::http("200 OK", "", "{\"code\":200,\"msg\":\"ok\"}"),
            "is not Dinggate",
            "DINGGATE_PUBLIC_URL",
        ),
        (
            "garbage\r\n\r\n".to_owned(),
            "cannot be reached",
            "run doctor again",
        ),
    ] {
        let url = format!("http://127.0.0.1:{}", standin::answering(&answer));
        let report = examine(&with(&settings, &[("DINGGATE_PUBLIC_URL", &url)]));
        report.check("self_message").is("warning", detail, action);
        assert_eq!(report.with_status("failure"), [""; 0]);
    }
}

#[sqlx::test]
async fn an_address_whose_certificate_nobody_believes_is_told(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    // Whoever greets with anything but TLS is no https either.
    let plain = standin::answering(&standin::http("200 OK", "", ""));
    let url = format!("https://127.0.0.1:{plain}");
    examine(&with(&settings, &[("DINGGATE_PUBLIC_URL", &url)]))
        .check("self_message")
        .is("warning", &url, "");
}

#[sqlx::test]
async fn a_service_that_runs_with_another_key_or_owner_key_is_told(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let key = "another1Key".repeat(4)[..43].to_owned();
    for changed in [
        ("DINGTALK_CALLBACK_TOKEN", "anotherToken"),
        ("DINGTALK_CALLBACK_AES_KEY", key.as_str()),
        ("DINGTALK_CALLBACK_OWNER_KEY", "dingsomethingelse"),
    ] {
        examine(&with(&app.settings, &[changed]))
            .check("self_message")
            .is("warning", "HTTP 403", "restart it");
    }
    let stored = app.number("SELECT count(*) FROM event").await;
    examine(&app.settings)
        .check("self_message")
        .is("ok", "answers it rightly", "");
    assert_eq!(app.number("SELECT count(*) FROM event").await, stored);
}

#[sqlx::test]
async fn a_redirect_domain_that_the_console_does_not_have_is_named(pool: PgPool) {
    let sim = Sim::start(SimConfig {
        callback_domain: "sso.example.com".to_owned(),
        ..SimConfig::default()
    })
    .unwrap();
    let settings = settings(
        free_port(),
        &sim,
        pool.connect_options().to_url_lossy().as_str(),
    );
    let back = format!("{}/login/callback", settings["DINGGATE_PUBLIC_URL"]);
    let report = examine(&settings);
    report
        .check("redirect_domain")
        .is("failure", "HTTP 400", &format!("enter {back} as 回调域名"));
    assert_eq!(report.with_status("failure"), ["redirect_domain"]);
}
