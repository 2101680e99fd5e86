//! Whoever loses the administrator's rights while a decision of theirs is under way decides nothing.

use std::time::Duration;

use dingtalk_sim::company::{EMPLOYEE, STRANGER_UNIONID};
use dingtalk_sim::{Fault, PersonChange, company};
use serde_json::json;
use sqlx::PgPool;

use super::{case_of, decide, state_of, turned_away};
use crate::cli::run;
use crate::support::{Browser, TestApp, eventually};

const USER_GET: &str = "/topapi/v2/user/get";
const SOON: Duration = Duration::from_secs(20);
/// How long DingTalk takes to answer, while rights are taken away.
const SLOW: Duration = Duration::from_secs(4);
const BECAUSE: &[(&str, &str)] = &[("reason", "because")];

/// A service with two administrators, of whom the second, by a grant, is about to decide; their browsers.
async fn spawn(pool: &PgPool) -> (TestApp, Browser, Browser) {
    let app = TestApp::spawn_empty(pool, |_| {}).await;
    let admin = app.admin().await;
    app.deliver(&json!({"EventType": "user_add_org", "UserId": [EMPLOYEE], "TimeStamp": "1", "eventId": "joins"}))
        .await;
    app.wait_for_status(EMPLOYEE, Some("employed"), SOON).await;
    let granted = run(&app.settings, &["admin", "grant", EMPLOYEE]);
    assert_eq!(granted.code, Some(0), "{}", granted.err);
    let second = app.signed_in(EMPLOYEE).await;
    (app, admin, second)
}

/// Takes the grant away while DingTalk is being asked.
async fn revoke_meanwhile(app: &TestApp) {
    eventually("DingTalk is being asked", SOON, async || {
        app.sim.calls(USER_GET) > 0
    })
    .await;
    let revoked = run(&app.settings, &["admin", "revoke", EMPLOYEE]);
    assert_eq!(revoked.code, Some(0), "{}", revoked.err);
}

/// From now on each answer about a person takes its time. Those who wait have been looked up before.
async fn slow_down(app: &TestApp) {
    eventually("nobody is being looked up", SOON, async || {
        app.number("SELECT count(*) FROM unmatched_lookup").await == 0
    })
    .await;
    app.sim.fault(USER_GET, Fault::Delay(SLOW));
    app.sim.reset_calls();
}

#[sqlx::test]
async fn an_approval_of_somebody_who_is_no_longer_an_administrator_when_dingtalk_answers_admits_nobody(
    pool: PgPool,
) {
    let (app, _admin, mut second) = spawn(&pool).await;
    let unionid = app.sim.person(company::BIG_ORDER).unwrap().unionid;
    let case = turned_away(&app, &unionid, "pending_review").await;
    second.csrf_token().await;
    slow_down(&app).await;
    let (answer, ()) = tokio::join!(
        decide(&mut second, case, "approve", &[]),
        revoke_meanwhile(&app)
    );
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert_eq!(state_of(&app, case).await, "waiting");
    assert_eq!(app.status_of(company::BIG_ORDER).await, None);
}

#[sqlx::test]
async fn a_restore_of_somebody_who_is_no_longer_an_administrator_when_dingtalk_answers_restores_nobody(
    pool: PgPool,
) {
    let (app, mut admin, mut second) = spawn(&pool).await;
    let joins = json!({"EventType": "user_add_org", "UserId": [company::BIG_ORDER], "TimeStamp": "2", "eventId": "too"});
    app.deliver(&joins).await;
    app.wait_for_status(company::BIG_ORDER, Some("employed"), SOON)
        .await;
    let path = |action| format!("/admin/staff/{}/{action}", company::BIG_ORDER);
    assert_eq!(admin.post(&path("leave"), BECAUSE).await.status, 303);
    second.csrf_token().await;
    slow_down(&app).await;
    let restore = path("restore");
    let (answer, ()) = tokio::join!(second.post(&restore, BECAUSE), revoke_meanwhile(&app));
    assert_eq!(answer.status, 403, "{}", answer.body);
    let status = app.status_of(company::BIG_ORDER).await;
    assert_eq!(status.as_deref(), Some("left"));
}

/// Starts a job that approves two people, and waits until the first of them is being asked about.
async fn start_job(app: &TestApp, by: &mut Browser) -> [i64; 2] {
    let people = [company::BIG_ORDER, company::TWO_DEPARTMENTS];
    let mut cases = [0; 2];
    for (case, userid) in cases.iter_mut().zip(people) {
        let unionid = app.sim.person(userid).unwrap().unionid;
        *case = turned_away(app, &unionid, "pending_review").await;
    }
    let ids = cases.map(|id| id.to_string());
    by.csrf_token().await;
    slow_down(app).await;
    let fields = [
        ("ids", ids[0].as_str()),
        ("ids", ids[1].as_str()),
        ("action", "approve"),
        ("confirmed", "yes"),
    ];
    let answer = by.post("/admin/unmatched/bulk", &fields).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    eventually("the job asks DingTalk", SOON, async || {
        app.sim.calls(USER_GET) > 0
    })
    .await;
    cases
}

async fn assert_nothing_decided(app: &TestApp, cases: [i64; 2]) {
    eventually("the job is finished", SOON, async || {
        app.number("SELECT count(*) FROM review_job WHERE finished_at IS NULL")
            .await
            == 0
    })
    .await;
    let refused = "SELECT count(*) FROM review_job_item WHERE state = 'refused' AND outcome = 'no_longer_admin'";
    assert_eq!(app.number(refused).await, 2);
    for case in cases {
        assert_eq!(state_of(app, case).await, "waiting");
    }
    let approved = "SELECT count(*) FROM audit_entry WHERE action = 'review.approve'";
    assert_eq!(app.number(approved).await, 0);
}

#[sqlx::test]
async fn a_job_stops_with_the_grant_of_whoever_started_it(pool: PgPool) {
    let (app, _admin, mut second) = spawn(&pool).await;
    let cases = start_job(&app, &mut second).await;
    let revoked = run(&app.settings, &["admin", "revoke", EMPLOYEE]);
    assert_eq!(revoked.code, Some(0), "{}", revoked.err);
    assert_nothing_decided(&app, cases).await;
}

#[sqlx::test]
async fn a_job_stops_when_whoever_started_it_leaves(pool: PgPool) {
    let (app, _admin, mut second) = spawn(&pool).await;
    let cases = start_job(&app, &mut second).await;
    app.deliver(&json!({"EventType": "user_leave_org", "UserId": [EMPLOYEE], "TimeStamp": "3", "eventId": "leaves"}))
        .await;
    assert_nothing_decided(&app, cases).await;
}

#[sqlx::test]
async fn a_job_stops_when_whoever_started_it_is_rejected(pool: PgPool) {
    let (app, mut admin, mut second) = spawn(&pool).await;
    // Another account of the same userid is turned away, which the rejection of the person covers, too.
    let another = PersonChange {
        unionid: Some("another-1".to_owned()),
        ..PersonChange::default()
    };
    app.sim.change_quietly(EMPLOYEE, another).unwrap();
    assert_eq!(app.browser().scan("another-1", "/").await.status, 403);
    let own_case = case_of(&app, "another-1").await;
    admin.csrf_token().await;
    let cases = start_job(&app, &mut second).await;
    let rejected = decide(&mut admin, own_case, "reject", BECAUSE).await;
    assert_eq!(rejected.status, 303, "{}", rejected.body);
    assert_nothing_decided(&app, cases).await;
}

#[sqlx::test]
async fn a_rejection_by_somebody_whose_rights_are_ending_waits_for_the_end(pool: PgPool) {
    let (app, _admin, mut second) = spawn(&pool).await;
    let case = turned_away(&app, STRANGER_UNIONID, "not_employee").await;
    second.csrf_token().await;
    // Somebody has ended the right, and is about to commit.
    let mut revocation = app.pool.begin().await.unwrap();
    sqlx::raw_sql("DELETE FROM admin_grant")
        .execute(&mut *revocation)
        .await
        .unwrap();
    let end = async {
        eventually("the decision waits", SOON, async || {
            let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database()
                 AND wait_event_type = 'Lock' AND query LIKE '%admin_grant%'";
            app.number(waiting).await > 0 || state_of(&app, case).await != "waiting"
        })
        .await;
        revocation.commit().await.unwrap();
    };
    let (answer, ()) = tokio::join!(decide(&mut second, case, "reject", BECAUSE), end);
    assert_eq!(answer.status, 403, "{}", answer.body);
    assert_eq!(state_of(&app, case).await, "waiting");
}
