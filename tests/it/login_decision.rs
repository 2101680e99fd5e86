//! Who may sign in when the tables and DingTalk disagree, or change while DingTalk is asked.

use std::time::Duration;

use dingtalk_sim::{Fault, NewPerson, company};
use sqlx::PgPool;

use crate::support::{Answer, TestApp, eventually};

const MATCH: &str = "/topapi/user/getbyunionid";
const DESCRIBE: &str = "/topapi/v2/user/get";

const REJECTED_USERID: &str = "INSERT INTO unmatched_login (unionid, userid, nick, reason, state, last_request_id, decided_by, decided_at)
     VALUES ('another-' || $2, $1, '张三', 'pending_review', 'rejected', 'r', 'manager4220', now())";

/// Scans as an employee.
async fn scan(app: &TestApp, userid: &str) -> Answer {
    let unionid = app.sim.person(userid).unwrap().unionid;
    app.browser().scan(&unionid, "/").await
}

fn assert_refused(answer: &Answer, words: &str) {
    assert_eq!(answer.status, 403, "{words}: {}", answer.body);
    assert!(answer.body.contains(words), "{words}: {}", answer.body);
}

/// Executes a statement about the person with this userid and unionid.
async fn change(app: &TestApp, statement: &'static str, userid: &str, unionid: &str) {
    #[expect(
        clippy::disallowed_methods,
        reason = "a test writes what the product never would"
    )]
    let query = sqlx::query(statement);
    query
        .bind(userid)
        .bind(unionid)
        .execute(&app.pool)
        .await
        .unwrap();
}

/// Gives the unionid of zhangsan01 to the row of lina08.
async fn mix_up(app: &TestApp) {
    app.execute("UPDATE staff SET unionid = 'former-' || unionid WHERE userid = 'zhangsan01'")
        .await;
    app.execute(
        "UPDATE staff SET unionid = (SELECT substr(unionid, 8) FROM staff WHERE userid = 'zhangsan01')
         WHERE userid = 'lina08'",
    )
    .await;
}

#[sqlx::test]
async fn whoever_the_table_says_has_left_is_not_asked_about(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.execute("UPDATE staff SET status = 'left', left_at = now(), left_cause = 'manual' WHERE userid = 'zhangsan01'")
        .await;
    app.sim.reset_calls();
    assert_refused(
        &scan(&app, company::EMPLOYEE).await,
        "you’ve left the company",
    );
    assert_eq!(app.sim.calls(MATCH), 0);
}

#[sqlx::test]
async fn a_unionid_in_the_row_of_somebody_else_admits_nobody(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    mix_up(&app).await;
    assert_refused(&scan(&app, company::EMPLOYEE).await, "waiting for review");
    assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
    change(&app, REJECTED_USERID, company::EMPLOYEE, "x").await;
    assert_refused(
        &scan(&app, company::EMPLOYEE).await,
        "Your request was declined",
    );
}

/// A service that adds whom DingTalk confirms.
async fn provisioning(pool: &PgPool) -> TestApp {
    let app = TestApp::spawn_with(pool, |s| {
        s.insert("DINGGATE_UNKNOWN_STAFF".into(), "provision".into());
    })
    .await;
    app.wait_for_first_sync().await;
    app
}

/// Lets a newcomer scan, and executes a statement while DingTalk is asked to describe them.
async fn provision_while(pool: &PgPool, statement: &'static str) -> (TestApp, Answer) {
    let app = provisioning(pool).await;
    let newcomer = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    app.sim.reset_calls();
    app.sim
        .fault_times(DESCRIBE, Fault::Delay(Duration::from_millis(1500)), 1);
    let mut browser = app.browser();
    let (answer, ()) = tokio::join!(browser.scan(&newcomer.unionid, "/"), async {
        let asked = async || app.sim.calls(DESCRIBE) > 0;
        eventually("DingTalk is asked", Duration::from_secs(5), asked).await;
        change(&app, statement, &newcomer.userid, &newcomer.unionid).await;
    });
    (app, answer)
}

#[sqlx::test]
async fn who_was_added_while_dingtalk_answered_is_let_in_and_added_once(pool: PgPool) {
    let row = "INSERT INTO staff (userid, unionid, name) VALUES ($1, $2, '韩梅梅')";
    let (app, answer) = provision_while(&pool, row).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    let added = "SELECT count(*) FROM audit_entry WHERE action = 'staff.added' AND name = '韩梅梅'";
    assert_eq!(app.number(added).await, 0, "not by the login");
}

#[sqlx::test]
async fn who_left_while_dingtalk_answered_is_refused(pool: PgPool) {
    let row = "INSERT INTO staff (userid, unionid, name, status, left_at, left_cause)
         VALUES ($1, $2, '韩梅梅', 'left', now(), 'event')";
    let (app, answer) = provision_while(&pool, row).await;
    assert_refused(&answer, "you’ve left the company");
    assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
}

#[sqlx::test]
async fn whose_unionid_somebody_else_got_while_dingtalk_answered_waits_for_review(pool: PgPool) {
    let row = "INSERT INTO staff (userid, unionid, name) VALUES ('another-' || $1, $2, '韩梅梅')";
    let (_app, answer) = provision_while(&pool, row).await;
    assert_refused(&answer, "waiting for review");
}

#[sqlx::test]
async fn who_was_rejected_while_dingtalk_answered_is_rejected(pool: PgPool) {
    let (app, answer) = provision_while(&pool, REJECTED_USERID).await;
    assert_refused(&answer, "Your request was declined");
    let added = "SELECT count(*) FROM staff WHERE name = '韩梅梅'";
    assert_eq!(app.number(added).await, 0);
}

#[sqlx::test]
async fn while_dingtalk_cannot_describe_a_newcomer_nobody_is_refused(pool: PgPool) {
    let app = provisioning(&pool).await;
    let newcomer = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    app.sim.fault(DESCRIBE, Fault::Http(502));
    let answer = app.browser().scan(&newcomer.unionid, "/").await;
    assert!(answer.status >= 500, "{}: {}", answer.status, answer.body);
    assert_eq!(app.number("SELECT count(*) FROM unmatched_login").await, 0);
}

#[sqlx::test]
async fn while_the_table_takes_no_newcomer_nobody_is_refused(pool: PgPool) {
    let app = provisioning(&pool).await;
    let newcomer = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    app.execute("ALTER TABLE staff ADD CONSTRAINT no_newcomers CHECK (name <> '韩梅梅') NOT VALID")
        .await;
    let answer = app.browser().scan(&newcomer.unionid, "/").await;
    assert!(answer.status >= 500, "{}: {}", answer.status, answer.body);
    assert_eq!(app.number("SELECT count(*) FROM unmatched_login").await, 0);
}
