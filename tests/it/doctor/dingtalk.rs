//! DingTalk out of reach, another clock, other keys.

use dingtalk_sim::Fault;
use serde_json::json;
use sqlx::PgPool;

use super::{examine, standin, surroundings, with};
use crate::support::{free_port, without_schema};

#[sqlx::test]
async fn wrong_credentials_of_either_app_are_told_apart(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let report = examine(&with(
        &settings,
        &[("DINGTALK_APP_SECRET", "another-secret")],
    ));
    report
        .check("app_credentials")
        .is("failure", "40096", "DINGTALK_APP_SECRET");
    report.check("login_app_credentials").is("ok", "", "");
    for name in [
        "qyapi_base",
        "qyapi_get_member",
        "contact_scope",
        "registered_callback",
    ] {
        report.check(name).is("skipped", "no access token", "");
    }
    let report = examine(&with(&settings, &[("DINGTALK_APP_KEY", "another-key")]));
    report
        .check("app_credentials")
        .is("failure", "40096", "DINGTALK_APP_KEY");
    let report = examine(&with(
        &settings,
        &[("DINGTALK_LOGIN_APP_SECRET", "another-secret")],
    ));
    report
        .check("login_app_credentials")
        .is("failure", "853004", "DINGTALK_LOGIN_APP_SECRET");
    report.check("app_credentials").is("ok", "", "");
    let report = examine(&with(
        &settings,
        &[("DINGTALK_LOGIN_APP_ID", "dingoaunknown")],
    ));
    report
        .check("login_app_credentials")
        .is("failure", "853003", "DINGTALK_LOGIN_APP_ID");
    report
        .check("redirect_domain")
        .is("failure", "HTTP 400", "DINGTALK_LOGIN_APP_ID");
    for code in [40001, 40089] {
        sim.fault("/gettoken", Fault::ErrCode(code));
        examine(&settings).check("app_credentials").is(
            "failure",
            &code.to_string(),
            "DINGTALK_APP_KEY",
        );
    }
}

#[sqlx::test]
async fn a_token_that_is_kept_does_not_hide_a_secret_that_is_wrong_by_now(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    examine(&settings).check("app_credentials").is("ok", "", "");
    sim.fault("/gettoken", Fault::ErrCode(40096));
    examine(&settings)
        .check("app_credentials")
        .is("failure", "40096", "DINGTALK_APP_SECRET");
}

#[sqlx::test]
async fn an_address_that_is_not_listed_is_named_as_dingtalk_names_it(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let refusal =
        json!({"errcode": 60020, "errmsg": "访问ip不在白名单之中,request ip=203.0.113.7"});
    sim.fault("*", Fault::Json(refusal));
    let report = examine(&settings);
    report
        .check("app_credentials")
        .is("failure", "60020", "203.0.113.7");
    report
        .check("login_app_credentials")
        .is("failure", "60020", "服务器出口IP");
    sim.clear_faults();
    sim.fault("/topapi/v2/user/list", Fault::sub_code("60020"));
    examine(&settings)
        .check("caller_address")
        .is("failure", "60020", "服务器出口IP");
    sim.clear_faults();
    examine(&settings).check("caller_address").is("ok", "", "");
    let refusal =
        json!({"errcode": 60020, "errmsg": "访问ip不在白名单之中,request ip=203.0.113.7"});
    sim.fault("/auth/scopes", Fault::Json(refusal));
    let report = examine(&settings);
    report
        .check("caller_address")
        .is("failure", "60020", "203.0.113.7");
    assert_eq!(report.with_status("failure"), ["caller_address"]);
    for name in ["contact_scope", "qyapi_get_member", "registered_callback"] {
        report.check(name).is("skipped", "caller_address", "");
    }
}

#[sqlx::test]
async fn where_approvals_are_handed_on_they_must_be_readable(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    assert!(examine(&settings).all("approvals").is_empty());
    let settings = with(
        &settings,
        &[
            (
                "DINGGATE_WEBHOOK_URL",
                "http://localhost:1/hook?key=hunter2",
            ),
            (
                "DINGGATE_WEBHOOK_SECRET",
                "Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc3Nzc=",
            ),
        ],
    );
    examine(&settings).check("approvals").is("ok", "", "");
    sim.fault("/topapi/processinstance/get", Fault::ErrCode(60011));
    examine(&settings)
        .check("approvals")
        .is("failure", "60011", "permission");
}

#[sqlx::test]
async fn what_dingtalk_quotes_of_our_secrets_is_not_repeated(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let quoting = json!({"errcode": 40096, "errmsg": format!("bad {} \u{1b}[31m", settings["DINGTALK_APP_SECRET"])});
    sim.fault("/gettoken", Fault::Json(quoting));
    // That no secret stands in the report is seen to by whoever runs it.
    examine(&settings)
        .check("app_credentials")
        .is("failure", "bad ***", "DINGTALK_APP_SECRET");
}

#[sqlx::test]
async fn a_clock_that_differs_from_dingtalks_is_a_warning_and_then_a_failure(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    for (seconds, status, words) in [
        (5, "ok", ""),
        (30, "warning", "behind"),
        (-30, "warning", "ahead of"),
        (61, "failure", "behind"),
        (-61, "failure", "ahead of"),
    ] {
        let port = standin::with_clock_off_by(sim.port(), seconds);
        let url = format!("http://127.0.0.1:{port}");
        let report = examine(&with(&settings, &[("DINGTALK_OAPI_URL", &url)]));
        let action = if status == "ok" { "" } else { "NTP" };
        report.check("dingtalk_clock").is(status, words, action);
        report.check("app_credentials").is("ok", "", "");
    }
    sim.fault("/sns/getuserinfo_bycode", Fault::ErrCode(853_002));
    examine(&settings)
        .check("login_app_credentials")
        .is("failure", "853002", "clock");
}

#[sqlx::test]
async fn where_dingtalk_is_out_of_reach_the_rest_is_checked_all_the_same(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let report = examine(&with(&settings, &[("DINGTALK_OAPI_URL", &nobody)]));
    report
        .check("dingtalk")
        .is("failure", "Connection refused", "port 443");
    report
        .check("app_credentials")
        .is("skipped", "cannot be reached", "");
    report
        .check("redirect_domain")
        .is("skipped", "cannot be reached", "");
    report.check("callback_settings").is("ok", "", "");
    report
        .check("last_sync")
        .is("warning", "no full sync", "dinggate sync");
    let page = standin::answering(&standin::http("502 Bad Gateway", "", "<html>"));
    let gateway = format!("http://127.0.0.1:{page}");
    examine(&with(&settings, &[("DINGTALK_OAPI_URL", &gateway)]))
        .check("dingtalk")
        .is("failure", "HTTP 502", "DINGTALK_OAPI_URL");
    let unresolved = "https://oapi.dingtalk.invalid";
    examine(&with(&settings, &[("DINGTALK_OAPI_URL", unresolved)]))
        .check("dingtalk")
        .is("failure", unresolved, "");
}

#[sqlx::test]
async fn a_ban_is_told_and_ends_the_calls(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    sim.fault("/sns/getuserinfo_bycode", Fault::Banned1111);
    sim.reset_calls();
    let report = examine(&settings);
    report.check("app_credentials").is("ok", "", "");
    report
        .check("login_app_credentials")
        .is("failure", "banned our address", "five minutes");
    report.check("qyapi_base").is("skipped", "banned", "");
    assert_eq!(sim.calls("/auth/scopes"), 0);
    // The pause is shared: whoever asks within it is told, and DingTalk is left alone.
    sim.clear_faults();
    sim.reset_calls();
    examine(&settings)
        .check("dingtalk")
        .is("failure", "banned our address", "five minutes");
    assert_eq!(sim.calls("/gettoken"), 0);
}

#[sqlx::test]
async fn a_web_page_may_be_a_proxys_and_pauses_for_a_moment_only(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    sim.fault_times("/gettoken", Fault::Html, 1);
    examine(&settings)
        .check("dingtalk")
        .is("failure", "answers with a web page", "proxy");
    examine(&settings).check("dingtalk").is("ok", "", "");
}

#[sqlx::test(migrations = false)]
async fn a_ban_ends_the_calls_where_there_is_no_schema_too(pool: PgPool) {
    without_schema(&pool).await;
    let (sim, settings) = surroundings(&pool);
    sim.fault("/gettoken", Fault::Html);
    let report = examine(&settings);
    report
        .check("dingtalk")
        .is("failure", "banned our address", "five minutes");
    report.check("app_credentials").is("skipped", "banned", "");
    assert_eq!(sim.calls("/gettoken"), 1);
}

#[sqlx::test]
async fn a_proxy_that_cannot_be_used_is_a_failure(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    for unusable in ["http://proxy:port", "socks5://gate:hunter2@proxy:1080"] {
        examine(&with(&settings, &[("HTTPS_PROXY", unusable)]))
            .check("proxy")
            .is(
                "failure",
                "HTTPS_PROXY is not the address",
                "HTTPS_PROXY=http://",
            );
    }
    examine(&with(
        &settings,
        &[("https_proxy", "http://gate:hunter2@proxy.example.com:3128")],
    ))
    .check("proxy")
    .is("ok", "through http://proxy.example.com:3128", "");
    examine(&settings)
        .check("proxy")
        .is("ok", "HTTPS_PROXY is not set", "");
}
