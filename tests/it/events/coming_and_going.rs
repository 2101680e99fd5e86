//! What happens in the company is seen here.

use dingtalk_sim::{NewPerson, PersonChange, company};
use serde_json::json;
use sqlx::PgPool;

use super::{
    APPLIED, USER_GET, about, all_worked, employ, let_time_pass_until_the_next_look, looks, tell,
};
use crate::support::{TestApp, eventually};

async fn app(pool: &PgPool) -> TestApp {
    TestApp::spawn_empty(pool, |_| {}).await
}

async fn soon_one(app: &TestApp, statement: &str) {
    eventually(statement, APPLIED, async || {
        app.number(statement).await == 1
    })
    .await;
}

#[sqlx::test]
async fn a_newcomer_is_in_and_a_change_is_seen_within_two_seconds(pool: PgPool) {
    let app = app(&pool).await;
    let person = app
        .sim
        .hire(NewPerson {
            name: "韩梅梅".into(),
            title: "设计师".into(),
            ..NewPerson::default()
        })
        .unwrap();
    app.wait_for_status(&person.userid, Some("employed"), APPLIED)
        .await;
    soon_one(
        &app,
        "SELECT count(*) FROM staff WHERE name = '韩梅梅' AND title = '设计师'",
    )
    .await;
    app.sim
        .change(
            &person.userid,
            PersonChange {
                title: Some("经理".into()),
                ..PersonChange::default()
            },
        )
        .unwrap();
    soon_one(
        &app,
        "SELECT count(*) FROM staff WHERE name = '韩梅梅' AND title = '经理'",
    )
    .await;
    app.sim.dismiss(&person.userid).unwrap();
    app.wait_for_status(&person.userid, Some("left"), APPLIED)
        .await;
}

#[sqlx::test]
async fn departments_come_move_and_go(pool: PgPool) {
    let app = app(&pool).await;
    let above = app.sim.create_department("上级", 1).unwrap().dept_id;
    let below = app.sim.create_department("下级", 1).unwrap().dept_id;
    soon_one(
        &app,
        "SELECT count(*) FROM department WHERE name = '下级' AND parent_id = 1",
    )
    .await;
    app.sim.rename_department(below, "小组").unwrap();
    app.sim.move_department(below, above).unwrap();
    let moved = format!(
        "SELECT count(*) FROM department WHERE name = '小组' AND dept_id = {below} AND parent_id = {above}"
    );
    soon_one(&app, &moved).await;
    app.sim.remove_department(below).unwrap();
    let gone = format!("SELECT count(*) FROM department WHERE dept_id = {below}");
    eventually(&gone, APPLIED, async || app.number(&gone).await == 0).await;
    // An old change of it that comes late does not bring it back.
    tell(
        &app,
        &json!({"EventType": "org_dept_modify", "DeptId": [below], "TimeStamp": "1600000000000"}),
    )
    .await;
    all_worked(&app).await;
    assert_eq!(app.number(&gone).await, 0);
}

#[sqlx::test]
async fn a_newcomer_whom_dingtalk_does_not_know_yet_is_asked_for_twice_more(pool: PgPool) {
    let app = app(&pool).await;
    tell(&app, &about("user_add_org", &["late0001"])).await;
    all_worked(&app).await;
    assert_eq!(app.status_of("late0001").await, None);
    assert_eq!(
        app.number(
            "SELECT count(*) FROM subject_recheck, unnest(reasons) AS reason WHERE reason = 'join'"
        )
        .await,
        2
    );
    let_time_pass_until_the_next_look(&app).await;
    eventually("the first look is done", APPLIED, async || {
        looks(&app).await == 1
    })
    .await;
    app.sim
        .hire_quietly(NewPerson {
            userid: Some("late0001".into()),
            ..NewPerson::named("晚到")
        })
        .unwrap();
    let_time_pass_until_the_next_look(&app).await;
    app.wait_for_status("late0001", Some("employed"), APPLIED)
        .await;
    eventually("no look is left", APPLIED, async || looks(&app).await == 0).await;
}

#[sqlx::test]
async fn a_newcomer_who_never_comes_is_not_asked_for_for_ever(pool: PgPool) {
    let app = app(&pool).await;
    tell(&app, &about("user_add_org", &["never001"])).await;
    all_worked(&app).await;
    for left in [1, 0] {
        let_time_pass_until_the_next_look(&app).await;
        eventually("a look is done", APPLIED, async || {
            looks(&app).await == left
        })
        .await;
    }
    assert_eq!(app.status_of("never001").await, None);
}

#[sqlx::test]
async fn events_in_any_order_end_in_what_dingtalk_says_now(pool: PgPool) {
    let app = app(&pool).await;
    let ids = [
        company::EMPLOYEE,
        company::LEADING_ZERO,
        company::TWO_DEPARTMENTS,
    ];
    let early: Vec<_> = ["user_add_org", "user_modify_org", "user_active_org"]
        .map(|kind| about(kind, &ids))
        .to_vec();
    for event in early.iter().rev() {
        tell(&app, event).await;
    }
    all_worked(&app).await;
    for id in ids {
        assert_eq!(app.status_of(id).await.as_deref(), Some("employed"), "{id}");
    }
}

#[sqlx::test]
async fn a_storm_about_one_person_becomes_few_questions(pool: PgPool) {
    let app = app(&pool).await;
    employ(&app, company::EMPLOYEE).await;
    app.sim.fault(
        USER_GET,
        dingtalk_sim::Fault::Delay(std::time::Duration::from_millis(1500)),
    );
    app.sim.reset_calls();
    let storm: Vec<_> = (0..60)
        .map(|_| about("user_modify_org", &[company::EMPLOYEE]))
        .collect();
    for gust in storm.chunks(6) {
        futures_util::future::join_all(gust.iter().map(|event| tell(&app, event))).await;
    }
    all_worked(&app).await;
    assert!(
        app.sim.calls(USER_GET) <= 10,
        "{} calls for 60 events",
        app.sim.calls(USER_GET)
    );
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'applied'")
            .await,
        61
    );
}
