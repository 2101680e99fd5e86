//! The newer login page: its codes, and the tokens of people.

use std::time::Duration;

use dingtalk_sim::{Fault, company};
use serde_json::json;
use sqlx::PgPool;

use super::{Secrets, settings_that_are_secret};
use crate::outages::{Process, SOON, Scene};

const LEVEL: &str = "trace,sqlx=info";

/// Comes back with a code that is called as the newer page calls it.
async fn come_back(scene: &Scene, process: &Process, code: &str) -> u16 {
    let mut browser = scene.browser(process);
    let state = browser.begin("/").await;
    let path = format!("/login/callback?authCode={code}&state={state}");
    browser.get(&path).await.status
}

#[sqlx::test]
async fn the_log_keeps_the_codes_and_tokens_of_the_newer_page(pool: PgPool) {
    let mut scene = Scene::without_staff(&pool);
    for (name, value) in [
        ("DINGTALK_LOGIN_FLOW", "oauth2"),
        ("DINGGATE_LOG", LEVEL),
        ("DINGGATE_LOG_FORMAT", "pretty"),
    ] {
        scene.settings.insert(name.to_owned(), value.to_owned());
    }
    let mut secrets = Secrets::default();
    settings_that_are_secret(&scene, &mut secrets);
    let mut process = scene.serve().await;
    let synced = "SELECT count(*) FROM sync_run WHERE state = 'done'";
    scene.wait_for_number(synced, 1, SOON).await;
    let person = scene.sim.person(company::EMPLOYEE).unwrap();
    let (redeem, me) = ("/v1.0/oauth2/userAccessToken", "/v1.0/contact/users/me");
    let granted = json!({"accessToken": "planted-access-token", "refreshToken": "planted-refresh"});
    for text in ["planted-access-token", "planted-refresh"] {
        secrets.add("a person's token", text);
    }
    let profile = json!({"nick": "x", "unionId": person.unionid, "mobile": "13900007799"});
    secrets.add("a mobile number", "13900007799");
    let faults = [
        (None, None, 303),
        (
            Some(Fault::Json(granted.clone())),
            Some(Fault::Json(profile)),
            303,
        ),
        (Some(Fault::Json(granted.clone())), None, 401),
        (Some(Fault::Json(granted)), Some(Fault::ErrCode(60011)), 503),
        (Some(Fault::ErrCode(40078)), None, 401),
        (Some(Fault::ErrCode(40096)), None, 503),
        (Some(Fault::Http(502)), None, 503),
        (None, Some(Fault::CloseConnection), 503),
    ];
    for (first, second, status) in faults {
        for (path, fault) in [(redeem, first), (me, second)] {
            if let Some(fault) = fault {
                scene.sim.fault_times(path, fault, 1);
            }
        }
        let code = scene.sim.oauth2_code(&person.unionid);
        secrets.add("a code", &code);
        assert_eq!(come_back(&scene, &process, &code).await, status);
    }
    process.terminate();
    assert_eq!(process.ended(Duration::from_secs(12)).await, Some(0));
    let log = process.log();
    for said in [
        "signed in",
        "AccessTokenPermissionDenied",
        "invalidClientIdOrSecret",
    ] {
        assert!(log.contains(said), "{said}: {log}");
    }
    secrets.assert_kept(&log);
}
