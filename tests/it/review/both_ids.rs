//! A rejection binds the person under both ids.

use dingtalk_sim::company::{self, EMPLOYEE};
use dingtalk_sim::{NewPerson, PersonChange};
use serde_json::json;
use sqlx::PgPool;

use super::{assert_refused, case_of, decide, gets_in, spawn, text, turned_away};
use crate::support::{Browser, TestApp, eventually};

const SOON: std::time::Duration = std::time::Duration::from_secs(5);
const BECAUSE: [(&str, &str); 1] = [("reason", "because")];

async fn reject(admin: &mut Browser, id: i64) {
    let answer = decide(admin, id, "reject", &BECAUSE).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
}

fn change_account(app: &TestApp, userid: &str, unionid: &str) {
    let change = PersonChange {
        unionid: Some(unionid.to_owned()),
        ..PersonChange::default()
    };
    app.sim.change_quietly(userid, change).unwrap();
}

/// An attempt with a QR code that is refused as rejected.
async fn assert_rejected(app: &TestApp, unionid: &str) {
    let answer = app.browser().scan(unionid, "/").await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    let last = "SELECT status FROM audit_entry WHERE action = 'refusal' ORDER BY id DESC LIMIT 1";
    assert_eq!(text(app, last).await, "rejected");
}

#[sqlx::test]
async fn another_account_of_a_rejected_userid_stays_out_whatever_admits_it(pool: PgPool) {
    let mut app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    let person = app.sim.person(EMPLOYEE).unwrap();
    let id = turned_away(&app, &person.unionid, "pending_review").await;
    reject(&mut admin, id).await;
    app.stop().await;
    app.settings
        .insert("DINGGATE_UNKNOWN_STAFF".into(), "provision".into());
    app.start();
    app.wait_until_ready().await;

    change_account(&app, EMPLOYEE, "another-1");
    assert_rejected(&app, "another-1").await;
    assert_eq!(app.status_of(EMPLOYEE).await, None, "provision adds nobody");
    let code = app.sim.in_app_code(EMPLOYEE);
    let body = json!({"code": code, "rd": "/"});
    let answer = app.browser().post_json("/login/in-app", &body).await;
    assert_eq!(
        (answer.status, answer.json()["error"].as_str()),
        (403, Some("rejected"))
    );
    app.deliver(&json!({"EventType": "user_add_org", "UserId": [EMPLOYEE], "TimeStamp": "1"}))
        .await;
    app.wait_for_status(EMPLOYEE, Some("employed"), SOON).await;
    assert_rejected(&app, "another-1").await;

    let page = admin.get(&format!("/admin/unmatched/{id}")).await.body;
    assert!(
        page.contains("The userid, under another account: another-1"),
        "{page}"
    );
    let others = "SELECT count(*) FROM unmatched_login WHERE unionid = 'another-1'";
    assert_eq!(app.number(others).await, 0, "the attempts are the case's");
    let reopened = decide(&mut admin, id, "reopen", &[]).await;
    assert_eq!(reopened.status, 303, "{}", reopened.body);
    assert!(gets_in(&app, "another-1").await);
}

#[sqlx::test]
async fn a_session_ends_when_its_userid_is_rejected_under_another_unionid(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    let mut employee = app.signed_in(EMPLOYEE).await;
    change_account(&app, EMPLOYEE, "another-1");
    let id = turned_away(&app, "another-1", "pending_review").await;
    reject(&mut admin, id).await;
    assert!(!employee.is_in().await);
    let former = text(
        &app,
        "SELECT unionid FROM staff WHERE userid = 'zhangsan01'",
    )
    .await;
    assert_eq!(app.browser().scan(&former, "/").await.status, 403);
}

#[sqlx::test]
async fn an_outsiders_rejection_gains_the_userid_that_dingtalk_names_later(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let id = turned_away(&app, company::STRANGER_UNIONID, "not_employee").await;
    reject(&mut admin, id).await;
    let newcomer = NewPerson {
        userid: Some("newcomer1".to_owned()),
        unionid: Some(company::STRANGER_UNIONID.to_owned()),
        ..NewPerson::named("新人")
    };
    app.sim.hire(newcomer).unwrap();
    app.wait_for_status("newcomer1", Some("employed"), SOON)
        .await;
    let named =
        format!("SELECT count(*) FROM unmatched_login WHERE id = {id} AND userid = 'newcomer1'");
    assert_eq!(app.number(&named).await, 1, "in the event's transaction");
    let change = PersonChange {
        unionid: Some("another-1".to_owned()),
        ..PersonChange::default()
    };
    app.sim.change("newcomer1", change).unwrap();
    let moved = "SELECT count(*) FROM staff WHERE unionid = 'another-1'";
    eventually("the account changes", SOON, async || {
        app.number(moved).await == 1
    })
    .await;
    assert_rejected(&app, "another-1").await;
}

#[sqlx::test]
async fn a_rejection_that_was_limited_to_the_account_leaves_the_userid_to_others(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    change_account(&app, EMPLOYEE, "another-1");
    let id = turned_away(&app, "another-1", "pending_review").await;
    reject(&mut admin, id).await;
    let former = text(
        &app,
        "SELECT unionid FROM staff WHERE userid = 'zhangsan01'",
    )
    .await;
    change_account(&app, EMPLOYEE, &former);
    assert!(!gets_in(&app, &former).await);
    app.execute("UPDATE unmatched_login SET decision_scope = 'account'")
        .await;
    assert!(gets_in(&app, &former).await);
    assert!(!gets_in(&app, "another-1").await);
}

#[sqlx::test]
async fn no_approval_and_no_restore_goes_round_a_rejection_under_the_other_id(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let person = app.sim.person(EMPLOYEE).unwrap();
    let rejected = turned_away(&app, &person.unionid, "pending_review").await;
    change_account(&app, EMPLOYEE, "another-1");
    let other = turned_away(&app, "another-1", "pending_review").await;
    reject(&mut admin, rejected).await;
    assert_refused(
        &decide(&mut admin, other, "approve", &[]).await,
        409,
        "Another case with this userid has been rejected",
    );
    assert_rejected(&app, "another-1").await;
    let page = admin.get(&format!("/admin/unmatched/{rejected}")).await;
    assert!(
        page.body.contains("The userid, under another account"),
        "the attempt is the rejected case's, though the account has one of its own: {}",
        page.body
    );
    assert_eq!(app.status_of(EMPLOYEE).await, None);

    // The same for somebody in the staff table.
    let answer = decide(&mut admin, rejected, "reopen", &[]).await;
    assert_eq!(answer.status, 303);
    let answer = decide(&mut admin, case_of(&app, "another-1").await, "approve", &[]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let answer = admin.post("/admin/staff/zhangsan01/leave", &BECAUSE).await;
    assert_eq!(answer.status, 303);
    reject(&mut admin, rejected).await;
    assert_refused(
        &admin
            .post("/admin/staff/zhangsan01/restore", &BECAUSE)
            .await,
        409,
        "rejected in the review",
    );
}

#[sqlx::test]
async fn an_outsiders_rejection_gains_the_userid_of_an_attempt_inside_dingtalk(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let id = turned_away(&app, company::STRANGER_UNIONID, "not_employee").await;
    reject(&mut admin, id).await;
    let newcomer = NewPerson {
        userid: Some("newcomer1".to_owned()),
        unionid: Some(company::STRANGER_UNIONID.to_owned()),
        ..NewPerson::named("新人")
    };
    // No event tells of it: the code is the first to name the userid.
    app.sim.hire_quietly(newcomer).unwrap();
    let code = app.sim.in_app_code("newcomer1");
    let body = serde_json::json!({"code": code, "rd": "/"});
    let answer = app.browser().post_json("/login/in-app", &body).await;
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert!(answer.body.contains("\"rejected\""), "{}", answer.body);
    let named =
        format!("SELECT count(*) FROM unmatched_login WHERE id = {id} AND userid = 'newcomer1'");
    assert_eq!(app.number(&named).await, 1);
}
