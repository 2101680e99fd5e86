//! What the doctor says in all, and how.

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use super::{examine, run, surroundings, with};
use crate::support::{Settings, TestApp, free_port, without_schema};

/// Every check of a whole and running installation, in order.
const NAMES: [&str; 30] = [
    "settings",
    "postgres",
    "pooler",
    "encoding",
    "durability",
    "postgres_clock",
    "migrations",
    "proxy",
    "dingtalk",
    "dingtalk_clock",
    "app_credentials",
    "login_app_credentials",
    "caller_address",
    "qyapi_base",
    "qyapi_get_department_list",
    "qyapi_get_department_member",
    "qyapi_get_member",
    "field_mobile",
    "field_email",
    "unionid",
    "contact_scope",
    "same_company",
    "callback_settings",
    "registered_callback",
    "callback_owner_key",
    "self_message",
    "redirect_domain",
    "last_event",
    "events",
    "last_sync",
];

#[sqlx::test]
async fn where_everything_is_right_every_line_is_ok(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.deliver(
        &json!({"EventType": "user_modify_org", "UserId": [company::EMPLOYEE], "TimeStamp": "1"}),
    )
    .await;
    app.admin().await;
    let report = examine(&app.settings);
    let names: Vec<&str> = report
        .checks
        .iter()
        .map(|(name, _)| name.as_str())
        .collect();
    assert_eq!(names[..NAMES.len()], NAMES);
    assert_eq!(
        names[NAMES.len()..],
        [
            "alerts",
            "administrators",
            "forwarded_headers",
            "public_url"
        ]
    );
    // The Postgres of the tests does without fsync, and their address is one that only this machine can reach.
    let warnings = ["durability", "public_url"];
    assert_eq!(
        report.with_status("warning"),
        warnings,
        "{:?}",
        report.checks
    );
    assert_eq!(
        report.with_status("ok").len(),
        names.len() - warnings.len(),
        "{:?}",
        report.checks
    );
    let ended = run(&app.settings, &[]);
    assert_eq!((ended.code, ended.err.as_str()), (Some(0), ""));
    let lines: Vec<&str> = ended.out.lines().collect();
    assert_eq!(lines.len(), names.len() + 1);
    for (line, name) in lines.iter().zip(&names) {
        let status = if warnings.contains(name) {
            "warning     "
        } else {
            "ok          "
        };
        assert!(line.starts_with(&format!("{status}{name}: ")), "{line}");
    }
    assert_eq!(
        *lines.last().unwrap(),
        "32 ok, 2 warnings, 0 failures, 0 not checked"
    );
    assert!(!ended.out.contains('\u{1b}'), "colours are for terminals");
}

#[sqlx::test(migrations = false)]
async fn a_fresh_installation_that_is_right_has_warnings_and_no_failure(pool: PgPool) {
    without_schema(&pool).await;
    let (sim, settings) = surroundings(&pool);
    let report = examine(&settings);
    assert_eq!(
        report.with_status("failure"),
        [""; 0],
        "{:?}",
        report.checks
    );
    assert_eq!(
        report.with_status("warning"),
        ["durability", "migrations", "self_message", "public_url"]
    );
    report
        .check("migrations")
        .is("warning", "none of the", "dinggate serve");
    report.check("self_message").is(
        "warning",
        "Connection refused",
        "start `dinggate serve` and run doctor again",
    );
    report.check("app_credentials").is("ok", "", "");
    report.check("qyapi_get_member").is("ok", "agree", "");
    report
        .check("last_sync")
        .is("skipped", "migrations are pending", "");
    assert_eq!(
        sim.calls("/gettoken"),
        2,
        "the probe, and one token for all"
    );
    assert!(sim.max_in_flight() <= 1);
}

#[sqlx::test]
async fn before_the_first_start_the_tables_are_there_and_empty(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    let report = examine(&settings);
    assert_eq!(
        report.with_status("warning"),
        [
            "durability",
            "self_message",
            "last_event",
            "last_sync",
            "administrators",
            "public_url"
        ]
    );
    assert_eq!(report.with_status("skipped"), ["same_company"]);
    assert_eq!(report.with_status("failure"), [""; 0]);
}

#[sqlx::test]
async fn all_faults_of_the_settings_are_told_and_what_is_left_is_checked(pool: PgPool) {
    let (_sim, mut settings) = surroundings(&pool);
    settings.remove("DINGTALK_CALLBACK_TOKEN");
    let settings = with(
        &settings,
        &[
            ("DINGGATE_LISTNE", "x"),
            ("DINGGATE_SECRET_KEY", "hunter2hunter2"),
            ("DINGTALK_CALLBACK_AES_KEY", "hunter2-is-too-short"),
        ],
    );
    let report = examine(&settings);
    let faults = report.all("settings");
    assert_eq!(faults.len(), 4, "{faults:?}");
    for name in [
        "DINGGATE_LISTNE",
        "DINGGATE_SECRET_KEY",
        "DINGTALK_CALLBACK_TOKEN",
        "DINGTALK_CALLBACK_AES_KEY",
    ] {
        let fault = faults.iter().find(|fault| fault.detail.starts_with(name));
        fault.unwrap().is("failure", name, "for example");
    }
    for name in [
        "postgres",
        "migrations",
        "app_credentials",
        "login_app_credentials",
        "qyapi_get_member",
        "redirect_domain",
    ] {
        report.check(name).is("ok", "", "");
    }
    for name in ["callback_settings", "callback_owner_key", "self_message"] {
        report.check(name).is("skipped", "missing or wrong", "");
    }
    let lines = run(&settings, &[]);
    assert_eq!(lines.code, Some(1));
    assert!(lines.out.lines().all(|line| !line.is_empty()) && lines.err.is_empty());
}

#[test]
fn without_any_settings_there_is_a_report_all_the_same() {
    // Tests ask nobody outside this machine.
    let nobody = format!("http://127.0.0.1:{}", free_port());
    let report = examine(&with(&Settings::new(), &[("DINGTALK_OAPI_URL", &nobody)]));
    assert_eq!(report.all("settings").len(), 8);
    for name in [
        "postgres",
        "app_credentials",
        "contact_scope",
        "self_message",
        "redirect_domain",
        "administrators",
        "public_url",
    ] {
        report.check(name).is("skipped", "missing or wrong", "");
    }
}

#[test]
fn help_ends_with_0_and_bad_usage_with_2() {
    let help = run(&Settings::new(), &["--help"]);
    assert_eq!(help.code, Some(0));
    assert!(help.out.contains("Usage: dinggate doctor") && help.out.contains("--json"));
    let bad = run(&Settings::new(), &["--yaml"]);
    assert_eq!((bad.code, bad.out.as_str()), (Some(2), ""));
}
