//! Events that arrive during a run win over what it has read before them.

use std::time::Duration;

use dinggate::domain::ids::UserId;
use dinggate::service::employment::{self, Trigger, Warrant};
use dinggate::upstream::Priority;
use dingtalk_sim::{Fault, NewPerson, PersonChange, company};
use sqlx::PgPool;

use super::*;

/// Long enough for a test to do something between two answers.
const SLOW: Duration = Duration::from_millis(250);

fn titled(title: &str) -> PersonChange {
    PersonChange {
        title: Some(title.to_owned()),
        ..PersonChange::default()
    }
}

fn newcomer(userid: &str) -> NewPerson {
    NewPerson {
        userid: Some(userid.to_owned()),
        departments: vec![1],
        ..NewPerson::named("新同事")
    }
}

async fn look(company: &Company, userid: &str, trigger: Trigger) {
    employment::refresh_person(
        &company.ctx,
        Priority::Recheck,
        &UserId::parse(userid).unwrap(),
        trigger,
        Warrant::JoinEvents(&[]),
    )
    .await
    .unwrap();
}

#[sqlx::test]
async fn what_lands_while_the_run_still_reads_wins(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let sim = &company.sim;
    sim.set_callback_url(None);
    for userid in ["leaves", "unknown-leaves"] {
        sim.hire_quietly(newcomer(userid)).unwrap();
    }
    look(&company, "leaves", Trigger::Join).await;
    sim.change_quietly(IN_ROOT, titled("旧")).unwrap();
    sim.fault(USER_LIST, Fault::Delay(SLOW));
    let summary = company
        .sync_during(async |run| {
            run.root_is_read().await;
            sim.change_quietly(IN_ROOT, titled("新")).unwrap();
            look(&company, IN_ROOT, Trigger::Event).await;
            for userid in ["leaves", "unknown-leaves"] {
                sim.dismiss_quietly(userid).unwrap();
                company.receive("user_leave_org", userid).await;
            }
            sim.hire_quietly(newcomer("joins")).unwrap();
            look(&company, "joins", Trigger::Join).await;
        })
        .await;
    assert_eq!((summary.state, numbers(&summary)), (State::Done, [0; 5]));
    assert_eq!(
        company.column(IN_ROOT, "title").await.as_deref(),
        Some("新")
    );
    assert_eq!(company.status("leaves").await.as_deref(), Some("left"));
    assert_eq!(company.status("unknown-leaves").await, None);
    assert!(company.is_employed("joins").await);
}

#[sqlx::test]
async fn what_lands_between_the_plan_and_its_writing_wins(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let sim = &company.sim;
    sim.set_callback_url(None);
    // Planned: two to change, one to add, one to return, one to leave.
    company
        .receive("user_leave_org", company::LEADING_ZERO)
        .await;
    for userid in [IN_ROOT, company::EMPLOYEE] {
        sim.change_quietly(userid, titled("旧")).unwrap();
    }
    sim.hire_quietly(newcomer("fresh")).unwrap();
    sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    sim.fault(USER_GET, Fault::Delay(Duration::from_millis(1_500)));
    let summary = company
        .sync_during(async |run| {
            // Everything has been read and planned once the run asks about the leaver.
            run.reach(|progress| matches!(progress, Progress::Reading { people, .. } if people == company.sim.people().len())).await;
            while company.sim.calls(USER_GET) == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            for userid in [IN_ROOT, company::LEADING_ZERO, "fresh"] {
                company.receive("user_leave_org", userid).await;
            }
            // Two looks, as events have them.
            company.execute("UPDATE staff SET title = '新', observed_at = clock_timestamp() WHERE userid = 'zhangsan01'").await;
            company.execute("UPDATE staff SET observed_at = clock_timestamp() WHERE userid = 'wangwei07'").await;
        })
        .await;
    assert_eq!((summary.state, numbers(&summary)), (State::Done, [0; 5]));
    for userid in [IN_ROOT, company::LEADING_ZERO] {
        assert_eq!(
            company.status(userid).await.as_deref(),
            Some("left"),
            "{userid}"
        );
    }
    assert_eq!(company.status("fresh").await, None);
    assert_eq!(
        company.column(company::EMPLOYEE, "title").await.as_deref(),
        Some("新")
    );
    assert!(company.is_employed(company::BIG_ORDER).await);
}

#[sqlx::test]
async fn nobody_comes_back_into_a_department_that_an_event_has_removed_during_the_run(
    pool: PgPool,
) {
    let company = Company::imported(&pool).await;
    let sim = &company.sim;
    sim.set_callback_url(None);
    let short_lived = sim.create_department("短命部门", 1).unwrap().dept_id;
    let placed = |userid: &str| NewPerson {
        departments: vec![FINANCE, short_lived],
        ..newcomer(userid)
    };
    sim.hire_quietly(placed("old")).unwrap();
    company.sync().await;
    sim.hire_quietly(placed("fresh")).unwrap();
    sim.change_quietly("old", titled("新")).unwrap();
    sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    sim.fault(USER_GET, Fault::Delay(Duration::from_secs(1)));
    sim.reset_calls();
    let summary = company
        .sync_during(async |_| {
            while sim.calls(USER_GET) == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            company
                .push(json!({"EventType": "org_dept_remove", "DeptId": [short_lived]}))
                .await;
            // What comes of the event.
            for table in ["department", "staff_department"] {
                company
                    .execute(&format!(
                        "DELETE FROM {table} WHERE dept_id = {short_lived}"
                    ))
                    .await;
            }
        })
        .await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [1, 1, 0, 1, 0])
    );
    let places = |dept_id: i64| {
        format!(
            "SELECT count(*) FROM staff_department WHERE dept_id = {dept_id} AND userid IN ('old', 'fresh')"
        )
    };
    assert_eq!(company.number(&places(short_lived)).await, 0);
    assert_eq!(company.number(&places(FINANCE)).await, 2);
}

#[sqlx::test]
async fn a_leaving_told_before_the_run_is_taken_back_by_it(pool: PgPool) {
    let company = Company::imported(&pool).await;
    company.receive("user_leave_org", company::EMPLOYEE).await;
    let summary = company.sync().await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [0, 0, 1, 0, 0])
    );
    assert!(company.is_employed(company::EMPLOYEE).await);
}

#[sqlx::test]
async fn one_row_that_postgres_refuses_does_not_hold_up_the_others(pool: PgPool) {
    let company = Company::imported(&pool).await;
    let sim = &company.sim;
    sim.set_callback_url(None);
    for n in 0..9 {
        sim.hire_quietly(newcomer(&format!("fresh{n}"))).unwrap();
    }
    let unionid = sim.person("fresh4").unwrap().unionid;
    sim.dismiss_quietly(company::BIG_ORDER).unwrap();
    sim.fault(USER_GET, Fault::Delay(Duration::from_secs(1)));
    let summary = company
        .sync_during(async |_| {
            while sim.calls(USER_GET) == 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            company.execute(&format!("INSERT INTO staff (userid, unionid, name) VALUES ('rival', '{unionid}', '对手')")).await;
        })
        .await;
    assert_eq!(
        (summary.state, numbers(&summary)),
        (State::Done, [8, 0, 0, 1, 1])
    );
    assert_eq!(
        company.reasons().await,
        [(
            "fresh4".to_owned(),
            "another employed person has the same unionid".to_owned()
        )]
    );
    assert!(company.is_employed("fresh0").await && company.is_employed("fresh8").await);
}
