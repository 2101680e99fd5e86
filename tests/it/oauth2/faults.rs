//! What goes wrong at DingTalk while somebody comes by the newer login page.

use std::time::{Duration, Instant};

use dingtalk_sim::{Fault, company};
use serde_json::json;
use sqlx::PgPool;

use super::{MATCH, ME, REDEEM, agree, assert_refused, cases, newer_page, spawn, unionid};
use crate::support::{TestApp, eventually};

const OUT_OF_REACH: &str = "DingTalk cannot be reached";
const MISCONFIGURED: &str = "not set up correctly";

#[sqlx::test]
async fn an_outage_lists_nobody_and_logins_work_again_after_it(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    let faults = [
        (REDEEM, Fault::Http(502)),
        (REDEEM, Fault::ErrCode(-1)),
        (REDEEM, Fault::CloseConnection),
        (REDEEM, Fault::TruncatedJson),
        (REDEEM, Fault::EmptyResult),
        (REDEEM, Fault::sub_code("90018")),
        (ME, Fault::sub_code("forbidden.accessdenied.qpslimitforapi")),
        (ME, Fault::Http(500)),
        (ME, Fault::EmptyResult),
        (ME, Fault::CloseConnection),
        (MATCH, Fault::Http(500)),
    ];
    for (path, fault) in faults {
        app.sim.fault(path, fault.clone());
        let answer = agree(&app, &mut app.browser(), &person, "/").await;
        assert_refused(&answer, 503, OUT_OF_REACH);
        let wait = answer.header("retry-after").parse::<u64>();
        assert!(wait.is_ok_and(|wait| wait >= 1), "{path} {fault:?}");
        app.sim.clear_faults();
    }
    assert_eq!(cases(&app).await, 0);
    assert_eq!(app.number("SELECT count(*) FROM alert").await, 0);
    eventually("logins work again", Duration::from_secs(10), async || {
        agree(&app, &mut app.browser(), &person, "/").await.status == 303
    })
    .await;
}

#[sqlx::test]
async fn a_call_that_is_throttled_once_is_made_again(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    for path in [REDEEM, ME] {
        app.sim.reset_calls();
        app.sim.fault_times(path, Fault::sub_code("90018"), 1);
        let answer = agree(&app, &mut app.browser(), &person, "/").await;
        assert_eq!((answer.status, app.sim.calls(path)), (303, 2), "{path}");
    }
}

#[sqlx::test]
async fn a_code_is_never_redeemed_twice_and_nobody_waits_longer_than_eight_seconds(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    for (path, fault) in [(REDEEM, Fault::LoseAnswer), (ME, Fault::Hang)] {
        app.sim.reset_calls();
        app.sim.fault(path, fault);
        let begun = Instant::now();
        let answer = agree(&app, &mut app.browser(), &person, "/").await;
        assert_refused(&answer, 503, OUT_OF_REACH);
        assert!(begun.elapsed() < Duration::from_millis(8800), "{path}");
        assert_eq!(app.sim.calls(REDEEM), 1, "{path}");
        app.sim.clear_faults();
    }
    // Each step takes its time, and all of them together too long.
    for path in [REDEEM, ME, MATCH] {
        app.sim
            .fault(path, Fault::Delay(Duration::from_millis(3500)));
    }
    let begun = Instant::now();
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_refused(&answer, 503, OUT_OF_REACH);
    let took = begun.elapsed();
    assert!(
        took > Duration::from_secs(7) && took < Duration::from_millis(8800),
        "{took:?}"
    );
}

#[sqlx::test]
async fn a_ban_pauses_all_calls(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    app.sim.fault_times(REDEEM, Fault::Banned1111, 1);
    for _ in 0..2 {
        let answer = agree(&app, &mut app.browser(), &person, "/").await;
        assert_refused(&answer, 503, OUT_OF_REACH);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((280..=300).contains(&wait), "{wait}");
    }
    assert_eq!(app.sim.calls(REDEEM), 1, "the second login called nobody");
    app.execute("UPDATE rate_limit SET next_at = now() WHERE api = '*'")
        .await;
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_eq!(answer.status, 303);
}

#[sqlx::test]
async fn a_web_page_costs_one_login_and_a_second_one_is_a_ban(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    app.sim.fault_times(REDEEM, Fault::Html, 1);
    let begun = Instant::now();
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_refused(&answer, 503, OUT_OF_REACH);
    assert_eq!(app.sim.calls(REDEEM), 1, "the code may be used up");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!(wait <= 10, "{wait}");
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert!(begun.elapsed() >= Duration::from_secs(3), "a pause");
    app.sim.fault_times(REDEEM, Fault::Html, 2);
    for retry_after in [1..=10, 280..=300] {
        let answer = agree(&app, &mut app.browser(), &person, "/").await;
        assert_refused(&answer, 503, OUT_OF_REACH);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!(retry_after.contains(&wait), "{wait}");
    }
}

#[sqlx::test]
async fn what_only_an_operator_can_mend_is_said_to_the_administrators(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    let mut admin = app.browser();
    agree(&app, &mut admin, &unionid(&app, company::ADMIN), "/").await;
    for (path, fault, told) in [
        (REDEEM, 60011, "open_app_api_base"),
        (ME, 60011, "Contact.User.Read"),
        (ME, 60020, "server IPs"),
        (ME, 90020, "calls are used up"),
        (REDEEM, 40096, "DINGTALK_LOGIN_APP_SECRET"),
    ] {
        app.sim.fault(path, Fault::ErrCode(fault));
        let answer = agree(&app, &mut app.browser(), &person, "/").await;
        assert_refused(&answer, 503, MISCONFIGURED);
        assert_eq!(answer.header("retry-after"), "", "{path} {fault}");
        app.sim.clear_faults();
        // Alerts are read once a second.
        eventually(told, Duration::from_secs(3), async || {
            let page = admin.clone().get("/admin/unmatched").await;
            page.body.contains(told)
        })
        .await;
        let named = "SELECT count(*) FROM alert WHERE detail LIKE '%PermissionDenied %.%.Read'";
        let is_named_by_dingtalk = (path, fault) == (ME, 60011);
        assert_eq!(app.number(named).await, i64::from(is_named_by_dingtalk));
    }
    app.sim.fault(REDEEM, Fault::sub_code("Forbidden.Unheard"));
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_refused(&answer, 503, MISCONFIGURED);
    let alerts = app.number("SELECT count(*) FROM alert").await;
    // A bad request in words that nobody has listed: of what is sent, only the code can be at fault.
    app.sim.fault(REDEEM, Fault::sub_code("Unheard.Of"));
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_refused(&answer, 401, "The scan did not work");
    assert_eq!(app.number("SELECT count(*) FROM alert").await, alerts);
    assert_eq!(cases(&app).await, 0);
}

#[sqlx::test]
async fn a_record_without_a_unionid_names_the_permission_that_is_missing(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    let mut admin = app.browser();
    agree(&app, &mut admin, &unionid(&app, company::ADMIN), "/").await;
    for me in [
        json!({"nick": "小周", "openId": "open-1", "stateCode": "86"}),
        json!({"nick": "小周", "unionId": ""}),
        json!({"openId": "open-1", "unionId": null}),
    ] {
        app.execute("DELETE FROM alert").await;
        app.sim.fault_times(ME, Fault::Json(me.clone()), 1);
        let answer = agree(&app, &mut app.browser(), &person, "/").await;
        assert_refused(&answer, 503, MISCONFIGURED);
        assert_eq!(answer.header("retry-after"), "", "{me}");
        let page = admin.get("/admin/unmatched").await;
        for told in ["lack unionId", "Contact.User.Read"] {
            assert!(page.body.contains(told), "{told}: {}", page.body);
        }
    }
    assert_eq!(cases(&app).await, 0);
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_eq!(answer.status, 303);
}

#[sqlx::test]
async fn a_wrong_secret_is_our_fault_and_nobody_elses(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |s| {
        newer_page(s);
        s.insert("DINGTALK_LOGIN_APP_SECRET".into(), "wrong".into());
    })
    .await;
    app.wait_for_first_sync().await;
    let person = unionid(&app, company::EMPLOYEE);
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_refused(&answer, 503, MISCONFIGURED);
    let told = "SELECT count(*) FROM alert WHERE detail = 'invalidClientIdOrSecret'";
    assert_eq!((cases(&app).await, app.number(told).await), (0, 1));
}

#[sqlx::test]
async fn a_token_that_is_worth_nothing_is_this_logins_misfortune(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    app.sim.fault_times(ME, Fault::ErrCode(40014), 1);
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_refused(&answer, 401, "The scan did not work");
    // Whom DingTalk does not find any more it does not name either: there is nobody to list.
    app.sim.fault_times(ME, Fault::ErrCode(60121), 1);
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_refused(&answer, 403, "You are not a member of this company");
    assert_eq!(app.sim.calls(ME), 2, "neither is asked again");
    assert_eq!(
        app.sim.calls("/gettoken"),
        1,
        "the app's own token is as good as before"
    );
    assert_eq!(cases(&app).await, 0);
    assert_eq!(app.number("SELECT count(*) FROM alert").await, 0);
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed")
    );
}
