//! Decisions by hand, and people who cannot both be let in.

use dingtalk_sim::{Scope, company};
use serde_json::json;
use sqlx::PgPool;

use super::*;

#[sqlx::test]
async fn a_decision_by_hand_outlasts_every_run(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company
        .execute(
            "UPDATE staff SET status = 'left', left_at = now(), left_cause = 'manual', held_by = 'manager4220', held_at = now(),
             held_reason = '停用', name = '旧名' WHERE userid = 'zhangsan01'",
        )
        .await;
    let before = company.fingerprint().await;
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 0, 0, 0, 1])
    );
    assert_eq!(
        company.reasons().await,
        [(
            company::EMPLOYEE.to_owned(),
            "marked as left by an administrator".to_owned()
        )]
    );
    assert_eq!(company.fingerprint().await, before);
}

#[sqlx::test]
async fn a_decision_by_hand_is_about_the_person_whatever_the_userid(pool: PgPool) {
    let company = Company::imported(&pool).await;
    // Somebody came back under another userid, and was then marked as left by hand.
    let held = "INSERT INTO staff (userid, unionid, name, status, left_at, left_cause, held_by, held_at, held_reason)
         SELECT 'held', unionid, name, 'left', now(), 'manual', 'manager4220', now(), '停用' FROM staff WHERE userid = 'zhangsan01'";
    company.execute(held).await;
    let reason = "marked as left by an administrator".to_owned();
    for before in [
        "UPDATE staff SET status = 'left', left_at = now() - interval '1 day', left_cause = 'event' WHERE userid = 'zhangsan01'",
        "DELETE FROM staff WHERE userid = 'zhangsan01'",
    ] {
        company.execute(before).await;
        let summary = company.sync().await;
        assert_eq!(
            (summary.state, numbers(&summary)),
            (State::Done, [0, 0, 0, 0, 1]),
            "{before}"
        );
        assert_eq!(
            company.reasons().await,
            [(company::EMPLOYEE.to_owned(), reason.clone())],
            "{before}"
        );
        assert!(!company.is_employed(company::EMPLOYEE).await, "{before}");
    }
}

#[sqlx::test]
async fn a_decision_by_hand_that_lands_after_the_plan_wins_under_another_userid(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let unionid = company.column(company::EMPLOYEE, "unionid").await;
    company
        .execute(
            "INSERT INTO staff (userid, unionid, name, status, left_at, left_cause)
             SELECT 'held', unionid, name, 'left', now(), 'event' FROM staff WHERE userid = 'zhangsan01';
             UPDATE staff SET status = 'left', left_at = now() - interval '1 day', left_cause = 'event' WHERE userid = 'zhangsan01';
             UPDATE staff SET unionid = 'older' WHERE userid = 'chenboss1';
             INSERT INTO staff (userid, unionid, name, status, left_at, left_cause) VALUES ('held2', 'x', 'x', 'left', now(), 'event')",
        )
        .await;
    // A newcomer to the table, whose former row is decided about.
    let newcomer = company::LEADING_ZERO;
    company
        .execute(&format!(
            "INSERT INTO staff (userid, unionid, name, status, left_at, left_cause)
             SELECT 'held3', unionid, name, 'left', now(), 'event' FROM staff WHERE userid = '{newcomer}';
             DELETE FROM staff WHERE userid = '{newcomer}'"
        ))
        .await;
    let boss = company.sim.person(IN_ROOT).unwrap().unionid;
    // The plan is made; the decisions are stored when the first row is to be written.
    let decide = format!(
        "CREATE FUNCTION decide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
             UPDATE staff SET held_at = now(), held_by = 'manager4220', unionid = CASE userid WHEN 'held2' THEN '{boss}' ELSE unionid END
             WHERE userid IN ('held', 'held2', 'held3');
             RETURN NULL; END $$;
         CREATE TRIGGER decide AFTER INSERT ON sync_change FOR EACH STATEMENT EXECUTE FUNCTION decide()"
    );
    company.execute(&decide).await;
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 0, 0, 0, 0])
    );
    assert!(!company.is_employed(company::EMPLOYEE).await);
    assert!(!company.is_employed(newcomer).await);
    assert_eq!(company.column(company::EMPLOYEE, "unionid").await, unionid);
    assert_eq!(
        company.column(IN_ROOT, "unionid").await.as_deref(),
        Some("older"),
        "who keeps the row keeps the unionid"
    );
}

#[sqlx::test]
async fn only_a_complete_run_takes_a_leaving_back(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.receive("user_leave_org", company::EMPLOYEE).await;
    company
        .execute("DELETE FROM staff WHERE userid = 'wangwei07'")
        .await;
    company.receive("user_leave_org", company::BIG_ORDER).await;
    company.sim.set_scope(Scope {
        departments: vec![TECHNOLOGY, FINANCE],
        users: Vec::new(),
    });
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Partial, [0, 0, 0, 0, 2])
    );
    assert_eq!(
        (
            company.is_employed(company::EMPLOYEE).await,
            company.status(company::BIG_ORDER).await
        ),
        (false, None)
    );

    company.sim.set_scope(Scope::all());
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [1, 0, 1, 0, 0])
    );
    assert!(
        company.is_employed(company::EMPLOYEE).await
            && company.is_employed(company::BIG_ORDER).await
    );
    assert_eq!(
        company.number("SELECT count(*) FROM unknown_leaver").await,
        0
    );
}

#[sqlx::test]
async fn two_employed_people_who_would_share_a_unionid_are_reported_and_not_merged(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let unionid = company.sim.person(company::EMPLOYEE).unwrap().unionid;
    let twin = json!({"userid": "twin", "name": "双胞胎", "unionid": unionid, "dept_id_list": [1]});
    let boss =
        json!({"userid": IN_ROOT, "name": "陈建国", "unionid": unionid, "dept_id_list": [1]});
    company.sim.fault_times(
        USER_LIST,
        page(&json!({"has_more": false, "list": [twin, boss]})),
        1,
    );
    let before = company.column(IN_ROOT, "unionid").await;
    let summary = company.sync().await;
    // The rest of a record is written although its unionid is somebody else's.
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 1, 0, 0, 2])
    );
    let reason = "another employed person has the same unionid".to_owned();
    assert_eq!(
        company.reasons().await,
        [
            (IN_ROOT.to_owned(), reason.clone()),
            ("twin".to_owned(), reason)
        ]
    );
    assert_eq!(company.column(IN_ROOT, "unionid").await, before);
    assert_eq!(company.status("twin").await, None);
}

#[sqlx::test]
async fn a_unionid_that_is_not_shown_stays_as_it_was(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let unionid = company.column(IN_ROOT, "unionid").await;
    let bare = json!({"userid": IN_ROOT, "name": "陈建国", "dept_id_list": [1]});
    company.sim.fault_times(
        USER_LIST,
        page(&json!({"has_more": false, "list": [bare]})),
        1,
    );
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 1, 0, 0, 0])
    );
    assert_eq!(company.column(IN_ROOT, "unionid").await, unionid);
    assert_eq!(company.column(IN_ROOT, "mobile").await, None);
}
