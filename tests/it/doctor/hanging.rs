//! Nobody answers: the doctor ends in time all the same.

use std::time::{Duration, Instant};

use dingtalk_sim::Fault;
use sqlx::PgPool;

use super::{Report, examine, standin, surroundings, with};
use crate::support::Settings;

/// A report that must be there within half a minute.
fn in_time(settings: &Settings) -> Report {
    let begun = Instant::now();
    let report = examine(settings);
    let took = begun.elapsed();
    assert!(took < Duration::from_secs(30), "{took:?}");
    report
}

#[sqlx::test]
async fn where_everybody_is_silent_the_report_is_there_within_half_a_minute(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    let silent = standin::silent();
    let url = format!("http://127.0.0.1:{silent}");
    let report = in_time(&with(
        &settings,
        &[
            (
                "DATABASE_URL",
                &format!("postgres://gate:hunter2@127.0.0.1:{silent}/gate"),
            ),
            ("DINGTALK_OAPI_URL", &url),
            ("DINGGATE_PUBLIC_URL", &url),
        ],
    ));
    report
        .check("postgres")
        .is("failure", "no answer in time", "DATABASE_URL");
    report
        .check("dingtalk")
        .is("failure", "no answer in time", "port 443");
    report
        .check("self_message")
        .is("warning", "does not answer in time", "run doctor again");
    report
        .check("administrators")
        .is("skipped", "no connection", "");
}

#[sqlx::test]
async fn interfaces_that_fall_silent_after_a_token_was_given_do_not_add_up(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    sim.fault("*", Fault::Hang);
    // A fault of its own keeps the one above from this path; this one strikes as if there were none.
    sim.fault("/gettoken", Fault::Delay(Duration::from_millis(1)));
    let report = in_time(&settings);
    report.check("app_credentials").is("ok", "", "");
    report.check("login_app_credentials").is(
        "failure",
        "did not answer in time",
        "run doctor again",
    );
    report
        .check("redirect_domain")
        .is("skipped", "too long", "");
    report.check("last_sync").is("warning", "no full sync", "");
}

#[sqlx::test]
async fn one_silent_interface_keeps_no_other_from_being_tried(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    sim.fault("/topapi/v2/user/getuserinfo", Fault::Hang);
    let report = in_time(&settings);
    report
        .check("qyapi_base")
        .is("failure", "did not answer in time", "run doctor again");
    assert_eq!(report.with_status("failure"), ["qyapi_base"]);
    report.check("qyapi_get_member").is("ok", "agree", "");
}
