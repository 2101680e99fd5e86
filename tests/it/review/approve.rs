//! Approving asks DingTalk first, and writes nothing that has been overtaken.

use std::time::Duration;

use dingtalk_sim::{Fault, NewPerson, company};
use serde_json::json;
use sqlx::PgPool;

use super::{assert_refused, case_of, decide, gets_in, spawn, state_of, text, turned_away};
use crate::support::{TestApp, eventually};

#[sqlx::test]
async fn a_newcomer_who_is_approved_gets_in(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let person = app.sim.person(company::TWO_DEPARTMENTS).unwrap();
    let id = turned_away(&app, &person.unionid, "pending_review").await;
    let page = admin.get(&format!("/admin/unmatched/{id}")).await;
    assert!(
        page.status == 200
            && page.body.contains(&person.unionid)
            && page.body.contains(&person.userid),
        "{}",
        page.body
    );
    let answer = decide(&mut admin, id, "approve", &[]).await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/unmatched"),
        "{}",
        answer.body
    );
    assert!(
        admin
            .get("/admin/unmatched")
            .await
            .body
            .contains("is approved and can sign in now")
    );
    assert_eq!(state_of(&app, id).await, "approved");
    assert_eq!(
        app.number(&format!(
            "SELECT count(*) FROM staff_department WHERE userid = '{}'",
            person.userid
        ))
        .await,
        2
    );
    assert!(gets_in(&app, &person.unionid).await);
    let trail = "SELECT string_agg(actor || ' ' || action || ' ' || status, ', ' ORDER BY id) FROM audit_entry
                 WHERE action LIKE 'review.%' OR (action = 'staff.added' AND actor <> 'system')";
    let expected = format!(
        "{0} review.approve approved, {0} staff.added employed",
        company::ADMIN
    );
    assert_eq!(text(&app, trail).await, expected);
}

#[sqlx::test]
async fn whom_dingtalk_does_not_list_as_internal_cannot_be_approved(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let staff = app.number("SELECT count(*) FROM staff").await;
    for (unionid, sentence) in [
        (company::STRANGER_UNIONID, "does not list this person"),
        (company::LEFT_UNIONID, "does not list this person"),
        (company::EXTERNAL_UNIONID, "as an external contact"),
    ] {
        let id = turned_away(&app, unionid, "not_employee").await;
        assert_refused(&decide(&mut admin, id, "approve", &[]).await, 409, sentence);
        assert_eq!(state_of(&app, id).await, "waiting");
    }
    assert_eq!(app.number("SELECT count(*) FROM staff").await, staff);
}

#[sqlx::test]
async fn a_decision_is_made_once(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let unionid = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    let id = turned_away(&app, &unionid, "pending_review").await;
    assert_refused(
        &decide(&mut admin, id, "reopen", &[]).await,
        409,
        "waiting already",
    );
    assert_eq!(decide(&mut admin, id, "approve", &[]).await.status, 303);
    assert_refused(
        &decide(&mut admin, id, "approve", &[]).await,
        409,
        "decided already",
    );
    assert_refused(
        &decide(&mut admin, id, "reject", &[("reason", "x")]).await,
        409,
        "decided already",
    );
    assert!(
        gets_in(&app, &unionid).await,
        "a rejection that came too late ends nothing"
    );
    for path in [
        "/admin/unmatched/987654/approve",
        "/admin/unmatched/x/approve",
        "/admin/unmatched/99999999999999999999/reject",
    ] {
        assert_eq!(
            admin.post(path, &[("reason", "x")]).await.status,
            404,
            "{path}"
        );
    }
    assert_eq!(admin.get("/admin/unmatched/987654").await.status, 404);
}

#[sqlx::test]
async fn while_dingtalk_is_away_nothing_is_decided(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    let unionid = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    let id = turned_away(&app, &unionid, "pending_review").await;
    app.sim
        .fault("/topapi/user/getbyunionid", Fault::CloseConnection);
    let answer = decide(&mut admin, id, "approve", &[]).await;
    assert_refused(&answer, 503, "did not answer in time");
    assert!(answer.header("retry-after").parse::<u64>().unwrap() > 0);
    app.sim.clear_faults();
    app.sim.fault("/topapi/v2/user/get", Fault::ErrCode(60011));
    let answer = decide(&mut admin, id, "approve", &[]).await;
    assert_refused(&answer, 503, "DingTalk refuses our request");
    assert_eq!(answer.header("retry-after"), "");
    assert_eq!(
        (
            state_of(&app, id).await.as_str(),
            app.status_of(company::EMPLOYEE).await
        ),
        ("waiting", None)
    );
    app.sim.clear_faults();
    assert_eq!(decide(&mut admin, id, "approve", &[]).await.status, 303);
}

#[sqlx::test]
async fn a_leaving_that_comes_while_dingtalk_answers_wins(pool: PgPool) {
    let (app, mut admin) = spawn(&pool).await;
    for hold in [false, true] {
        let person = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
        let id = turned_away(&app, &person.unionid, "pending_review").await;
        app.sim.fault(
            "/topapi/v2/user/get",
            Fault::Delay(Duration::from_millis(1200)),
        );
        let approval = decide(&mut admin, id, "approve", &[]);
        let leaving = async {
            tokio::time::sleep(Duration::from_millis(600)).await;
            if hold {
                let row = format!(
                    "INSERT INTO staff (userid, name, status, left_at, left_cause, held_by, held_at)
                     VALUES ('{}', 'x', 'left', clock_timestamp(), 'manual', 'a', now())",
                    person.userid
                );
                sqlx::raw_sql(sqlx::AssertSqlSafe(row))
                    .execute(&pool)
                    .await
                    .unwrap();
            } else {
                app.deliver(&json!({"EventType": "user_leave_org", "UserId": [person.userid], "TimeStamp": "7"})).await;
            }
        };
        let (answer, ()) = tokio::join!(approval, leaving);
        assert_refused(
            &answer,
            409,
            if hold {
                "was marked as left"
            } else {
                "just left"
            },
        );
        app.sim.clear_faults();
        assert_eq!(state_of(&app, id).await, "waiting");
        assert_ne!(
            app.status_of(&person.userid).await.as_deref(),
            Some("employed")
        );
    }
}

#[sqlx::test]
async fn approving_brings_back_whom_an_event_ended_but_dingtalk_lists(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    app.deliver(
        &json!({"EventType": "user_leave_org", "UserId": [person.userid], "TimeStamp": "1"}),
    )
    .await;
    let id = turned_away(&app, &person.unionid, "left").await;
    assert_eq!(decide(&mut admin, id, "approve", &[]).await.status, 303);
    assert!(gets_in(&app, &person.unionid).await);
    assert_eq!(
        app.number(
            "SELECT count(*) FROM audit_entry WHERE action = 'staff.returned' AND actor <> 'system'"
        )
        .await,
        1
    );
}

#[sqlx::test]
async fn a_row_that_dingtalk_no_longer_knows_yields_its_unionid(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    app.sim.dismiss_quietly(&person.userid).unwrap();
    app.sim
        .rehire_quietly(&person.userid, Some("zhangsan02"))
        .unwrap();
    let id = turned_away(&app, &person.unionid, "pending_review").await;
    assert_eq!(decide(&mut admin, id, "approve", &[]).await.status, 303);
    assert_eq!(app.status_of(&person.userid).await.as_deref(), Some("left"));
    assert!(gets_in(&app, &person.unionid).await);
}

#[sqlx::test]
async fn a_unionid_that_an_employed_row_still_holds_is_not_given_twice(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut admin = app.admin().await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    app.sim.stale_answers(&person.userid, true);
    app.sim.dismiss_quietly(&person.userid).unwrap();
    app.sim
        .rehire_quietly(&person.userid, Some("zhangsan02"))
        .unwrap();
    let id = turned_away(&app, &person.unionid, "pending_review").await;
    assert_refused(
        &decide(&mut admin, id, "approve", &[]).await,
        409,
        "zhangsan01, who is employed, has the same unionid",
    );
    assert_eq!(app.status_of("zhangsan02").await, None);
    assert_eq!(state_of(&app, id).await, "waiting");
}

#[sqlx::test]
async fn a_case_closes_itself_when_an_event_makes_the_person_employed(pool: PgPool) {
    let (app, _admin) = spawn(&pool).await;
    let person = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    let id = turned_away(&app, &person.unionid, "pending_review").await;
    app.deliver(&json!({"EventType": "user_add_org", "UserId": [person.userid], "TimeStamp": "1"}))
        .await;
    eventually("the case is closed", Duration::from_secs(5), async || {
        state_of(&app, id).await == "closed"
    })
    .await;
    assert!(gets_in(&app, &person.unionid).await);
    app.deliver(
        &json!({"EventType": "user_leave_org", "UserId": [person.userid], "TimeStamp": "2"}),
    )
    .await;
    turned_away(&app, &person.unionid, "left").await;
    assert_eq!(
        (
            case_of(&app, &person.unionid).await,
            state_of(&app, id).await.as_str()
        ),
        (id, "waiting")
    );
}

#[sqlx::test]
async fn of_two_decisions_at_once_exactly_one_counts(pool: PgPool) {
    let (app, admin) = spawn(&pool).await;
    for name in ["甲", "乙", "丙", "丁"] {
        let person = app.sim.hire_quietly(NewPerson::named(name)).unwrap();
        let id = turned_away(&app, &person.unionid, "pending_review").await;
        let (mut one, mut other, mut third) = (admin.clone(), admin.clone(), admin.clone());
        let (approved, again, rejected) = tokio::join!(
            decide(&mut one, id, "approve", &[]),
            decide(&mut other, id, "approve", &[]),
            decide(&mut third, id, "reject", &[("reason", "x")]),
        );
        let mut statuses = [approved.status, again.status, rejected.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [303, 409, 409], "{name}");
        let state = state_of(&app, id).await;
        assert_eq!(
            state,
            if rejected.status == 303 {
                "rejected"
            } else {
                "approved"
            }
        );
        let count = format!(
            "SELECT count(*) FROM audit_entry WHERE action LIKE 'review.%' AND unionid = '{}'",
            person.unionid
        );
        assert_eq!(app.number(&count).await, 1);
        assert_eq!(gets_in(&app, &person.unionid).await, state == "approved");
    }
}
