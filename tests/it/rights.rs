//! Administrator's rights belong to a pair of userid and unionid, and end with it.

mod acting;
mod binding;
mod by_sync;
mod grants;
mod last_administrator;
mod listed;
mod masking;
mod max_age;
mod scope;
mod table;
mod taken_out;

use std::time::Duration;

use dingtalk_sim::{PersonChange, company};
use serde_json::json;

use crate::cli::run;
use crate::support::{Browser, TestApp, eventually};

const SOON: Duration = Duration::from_secs(5);

/// Whether the administrators' pages open.
async fn is_admin(browser: &mut Browser) -> bool {
    let answer = browser.get("/admin/staff").await;
    assert!(
        [200, 403].contains(&answer.status),
        "{} {}",
        answer.status,
        answer.location()
    );
    answer.status == 200
}

/// Somebody who signs in now.
async fn may_administer(app: &TestApp, userid: &str) -> bool {
    is_admin(&mut app.signed_in(userid).await).await
}

/// Makes somebody an administrator on the command line.
fn grant(app: &TestApp, args: &[&str]) {
    let ended = run(&app.settings, &[&["admin", "grant"], args].concat());
    assert_eq!(ended.code, Some(0), "{}", ended.err);
}

/// How many lines of the audit trail say this of a person.
async fn lines(app: &TestApp, action: &str, status: &str, userid: &str) -> i64 {
    app.number(&format!(
        "SELECT count(*) FROM audit_entry
         WHERE action = '{action}' AND status = '{status}' AND userid = '{userid}' AND unionid IS NOT NULL"
    ))
    .await
}

async fn wait_for_unionid(app: &TestApp, userid: &str, unionid: &str) {
    eventually("the row has the unionid", SOON, async || {
        app.number(&format!(
            "SELECT count(*) FROM staff WHERE userid = '{userid}' AND unionid = '{unionid}'"
        ))
        .await
            == 1
    })
    .await;
}

fn account(unionid: &str) -> PersonChange {
    PersonChange {
        unionid: Some(unionid.to_owned()),
        ..PersonChange::default()
    }
}

/// Pushes a leave event that is false: DingTalk still lists these people.
async fn leave_falsely(app: &TestApp, userids: &[&str]) {
    app.deliver(&json!({"EventType": "user_leave_org", "UserId": userids, "TimeStamp": "1", "eventId": "false"}))
        .await;
    for userid in userids {
        app.wait_for_status(userid, Some("left"), SOON).await;
    }
}

async fn recheck(app: &TestApp, userids: &[&str]) {
    app.execute("UPDATE subject_recheck SET due_at = now()")
        .await;
    for userid in userids {
        app.wait_for_status(userid, Some("employed"), SOON).await;
    }
}

/// The settings' entries have been bound.
async fn wait_for_bindings(app: &TestApp, count: i64) {
    eventually("the entries are bound", SOON, async || {
        app.number("SELECT count(*) FROM admin_binding").await == count
    })
    .await;
}

async fn leave_and_return(app: &TestApp, userid: &str) {
    app.sim.dismiss(userid).unwrap();
    app.wait_for_status(userid, Some("left"), SOON).await;
    app.sim.rehire(userid, None).unwrap();
    app.wait_for_status(userid, Some("employed"), SOON).await;
}

const PEOPLE: [&str; 2] = [company::ADMIN, company::EMPLOYEE];
