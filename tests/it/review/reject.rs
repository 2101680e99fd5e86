//! Rejecting: with a reason, against events and provisioning, until the case is re-opened.

use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use super::{assert_refused, case_of, decide, gets_in, spawn, state_of, text, turned_away};
use crate::support::TestApp;

#[sqlx::test]
async fn a_rejection_wants_a_reason_and_the_form_comes_back(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let id = turned_away(&app, company::STRANGER_UNIONID, "not_employee").await;
    for reason in ["", "   ", "\u{1}\n"] {
        assert_refused(
            &decide(&mut admin, id, "reject", &[("reason", reason)]).await,
            400,
            "Please give a reason",
        );
    }
    let long = "长".repeat(501);
    let answer = decide(&mut admin, id, "reject", &[("reason", &long)]).await;
    assert_refused(&answer, 400, "Please give a reason");
    assert!(
        answer.body.contains(&format!("value=\"{long}\""))
            && answer.body.contains("aria-describedby=\"reason-error\"")
    );
    assert_eq!(state_of(&app, id).await, "waiting");
    assert_eq!(
        decide(&mut admin, id, "reject", &[("reason", &"长".repeat(500))])
            .await
            .status,
        303
    );
}

#[sqlx::test]
async fn a_rejected_person_stays_out_until_the_case_is_reopened(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |s| {
        s.insert("DINGGATE_UNKNOWN_STAFF".into(), "review".into());
    })
    .await;
    let mut admin = app.admin().await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    let id = turned_away(&app, &person.unionid, "pending_review").await;
    let answer = decide(
        &mut admin,
        id,
        "reject",
        &[("reason", "not one of us\u{1}")],
    )
    .await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/unmatched")
    );
    let list = admin.get("/admin/unmatched").await.body;
    assert!(
        list.contains("is rejected") && list.contains(&format!("/admin/unmatched/{id}/reopen")),
        "{list}"
    );

    let answer = app.browser().scan(&person.unionid, "/").await;
    assert!(
        answer.status == 403 && state_of(&app, id).await == "rejected",
        "{}",
        answer.body
    );
    app.deliver(&json!({"EventType": "user_add_org", "UserId": [person.userid], "TimeStamp": "1"}))
        .await;
    app.wait_for_status(
        &person.userid,
        Some("employed"),
        std::time::Duration::from_secs(5),
    )
    .await;
    assert_eq!(
        state_of(&app, id).await,
        "rejected",
        "no event takes a rejection back"
    );
    assert_eq!(app.browser().scan(&person.unionid, "/").await.status, 403);
    assert_eq!(
        app.number(&format!(
            "SELECT attempts::bigint FROM unmatched_login WHERE id = {id}"
        ))
        .await,
        3
    );

    assert_refused(
        &decide(&mut admin, id, "approve", &[]).await,
        409,
        "decided already",
    );
    let answer = decide(&mut admin, id, "reopen", &[]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, format!("/admin/unmatched/{id}").as_str())
    );
    assert!(
        gets_in(&app, &person.unionid).await,
        "whom an event made employed needs no approval"
    );
    let trail = "SELECT string_agg(action || ' ' || coalesce(reason, '-'), ', ' ORDER BY id) FROM audit_entry WHERE action LIKE 'review.%'";
    assert_eq!(
        text(&app, trail).await,
        "review.reject not one of us, review.reopen -"
    );
}

#[sqlx::test]
async fn provisioning_does_not_let_a_rejected_person_in(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |s| {
        s.insert("DINGGATE_UNKNOWN_STAFF".into(), "provision".into());
    })
    .await;
    let mut admin = app.admin().await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    assert!(gets_in(&app, &person.unionid).await);
    app.execute("INSERT INTO unmatched_login (unionid, nick, reason, last_request_id) SELECT unionid, name, 'pending_review', 'R' FROM staff WHERE userid = 'zhangsan01'").await;
    let id = case_of(&app, &person.unionid).await;
    assert_eq!(
        decide(&mut admin, id, "reject", &[("reason", "gone")])
            .await
            .status,
        303
    );
    app.execute("DELETE FROM staff WHERE userid = 'zhangsan01'")
        .await;
    assert!(!gets_in(&app, &person.unionid).await);
    assert_eq!(app.status_of(company::EMPLOYEE).await, None);
}

#[sqlx::test]
async fn rejecting_ends_the_persons_sessions_everywhere(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let second = app.another_instance().await;
    let mut admin = app.admin().await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    let mut elsewhere = browser.at(&second.url);
    assert!(elsewhere.is_in().await);
    app.execute("INSERT INTO unmatched_login (unionid, nick, reason, last_request_id) SELECT unionid, name, 'pending_review', 'R' FROM staff WHERE userid = 'zhangsan01'").await;
    let id = case_of(&app, &app.sim.person(company::EMPLOYEE).unwrap().unionid).await;
    assert_eq!(
        decide(&mut admin, id, "reject", &[("reason", "gone")])
            .await
            .status,
        303
    );
    assert!(!browser.is_in().await && !elsewhere.is_in().await);
    assert_eq!(
        app.number("SELECT count(*) FROM web_session").await,
        1,
        "the administrator's own"
    );
    assert!(
        admin
            .get("/admin/staff/zhangsan01")
            .await
            .body
            .contains("was rejected in review")
    );
}

#[sqlx::test]
async fn every_decision_wants_an_administrator_and_the_token(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    let mut employee = app.signed_in(company::EMPLOYEE).await;
    let id = turned_away(&app, company::STRANGER_UNIONID, "not_employee").await;
    let ids = id.to_string();
    let decisions =
        ["approve", "reject", "reopen"].map(|decision| format!("/admin/unmatched/{id}/{decision}"));
    for path in decisions
        .iter()
        .map(String::as_str)
        .chain(["/admin/unmatched/bulk"])
    {
        let fields = [("reason", "x"), ("ids", ids.as_str()), ("action", "reject")];
        assert_eq!(
            admin.post_bare(path, &fields).await.status,
            403,
            "{path} without a token"
        );
        let wrong = [fields.as_slice(), &[("csrf_token", "x")]].concat();
        assert_eq!(
            admin.post_bare(path, &wrong).await.status,
            403,
            "{path} with a wrong one"
        );
        assert_eq!(
            employee.post(path, &fields).await.status,
            403,
            "{path} as an employee"
        );
        assert_eq!(
            app.browser().post_bare(path, &fields).await.status,
            303,
            "{path} without a session"
        );
    }
    for path in [
        "/admin/unmatched",
        "/admin/unmatched.csv",
        "/admin/unmatched/jobs/1",
    ] {
        assert_eq!(employee.get(path).await.status, 403, "{path}");
    }
    assert_eq!(state_of(&app, id).await, "waiting");
    assert_eq!(app.number("SELECT count(*) FROM review_job").await, 0);
}

/// Names another userid for every case as soon as sessions are ended, as a login or a lookup at this moment does.
const ANOTHER_USERID: &str = "
CREATE FUNCTION rename_cases() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
    UPDATE unmatched_login SET userid = 'somebody-else'; RETURN NULL; END $$;
CREATE TRIGGER rename_cases AFTER DELETE OR UPDATE ON web_session FOR EACH STATEMENT EXECUTE FUNCTION rename_cases()";

#[sqlx::test]
async fn a_rejection_does_not_bind_a_userid_that_it_did_not_check(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let id = turned_away(
        &app,
        &app.sim.person(company::EMPLOYEE).unwrap().unionid,
        "pending_review",
    )
    .await;
    app.execute(ANOTHER_USERID).await;
    let answer = decide(&mut admin, id, "reject", &[("reason", "x")]).await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(state_of(&app, id).await, "waiting");
    app.execute("DROP TRIGGER rename_cases ON web_session")
        .await;
    let answer = decide(&mut admin, id, "reject", &[("reason", "x")]).await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(state_of(&app, id).await, "rejected");
}
