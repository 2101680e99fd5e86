//! When DingTalk does not answer, refuses, or answers nonsense.

use std::time::Duration;

use dingtalk_sim::{Fault, company};
use serde_json::json;
use sqlx::PgPool;

use super::{APPLIED, SOON, USER_GET, about, all_worked, tell};
use crate::support::{TestApp, eventually};

const IDS: [&str; 3] = [
    company::EMPLOYEE,
    company::LEADING_ZERO,
    company::TWO_DEPARTMENTS,
];

/// A service that asks DingTalk about nobody but those whom events name.
async fn app(pool: &PgPool) -> TestApp {
    TestApp::spawn_empty(pool, |settings| {
        settings.remove("DINGGATE_ADMINS");
    })
    .await
}

#[sqlx::test]
async fn events_that_come_while_dingtalk_is_away_are_applied_when_it_is_back(pool: PgPool) {
    let app = app(&pool).await;
    app.sim.fault("*", Fault::CloseConnection);
    for id in app
        .sim
        .people()
        .iter()
        .map(|person| person.userid.clone())
        .take(12)
    {
        tell(&app, &about("user_add_org", &[&id])).await;
    }
    tell(
        &app,
        &json!({"EventType": "org_dept_modify", "DeptId": [1], "TimeStamp": "1600000000000"}),
    )
    .await;
    eventually("something was tried", SOON, async || {
        app.number("SELECT count(*) FROM event WHERE state = 'waiting' AND attempts > 0 AND last_error IS NOT NULL").await > 2
    })
    .await;
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state <> 'waiting'")
            .await,
        0
    );
    app.sim.clear_faults();
    all_worked(&app).await;
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        12
    );
    assert_eq!(
        app.number("SELECT count(*) FROM department WHERE dept_id = 1")
            .await,
        1
    );
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'applied' AND last_error IS NULL")
            .await,
        13
    );
}

#[sqlx::test]
async fn an_unreadable_answer_stops_nobody_else_and_is_asked_for_again(pool: PgPool) {
    let app = app(&pool).await;
    app.sim.fault_times(USER_GET, Fault::EmptyResult, 1);
    for id in IDS {
        tell(&app, &about("user_add_org", &[id])).await;
    }
    all_worked(&app).await;
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'applied' AND attempts = 1")
            .await,
        2
    );
    assert_eq!(
        app.number(
            "SELECT count(*) FROM event WHERE state = 'applied' AND attempts = 2 AND refusals = 1"
        )
        .await,
        1
    );
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        3
    );
}

#[sqlx::test]
async fn what_is_refused_for_a_fault_of_ours_is_applied_once_that_is_mended(pool: PgPool) {
    let app = app(&pool).await;
    let refused = "SELECT count(*) FROM event WHERE state = 'waiting' AND refusals = 0 AND last_error LIKE '%60020%'";
    app.sim.fault(USER_GET, Fault::sub_code("60020"));
    tell(&app, &about("user_add_org", &[company::EMPLOYEE])).await;
    eventually("it was tried", APPLIED, async || {
        app.number(refused).await == 1
    })
    .await;
    // As if half a day had gone by.
    app.execute("UPDATE event SET attempts = 2880, next_attempt_at = now()")
        .await;
    eventually("it was tried again", APPLIED, async || {
        app.number("SELECT count(*) FROM event WHERE attempts = 2881 AND claimed_by IS NULL")
            .await
            == 1
    })
    .await;
    assert_eq!(app.number(refused).await, 1);
    let wait = "SELECT extract(epoch FROM next_attempt_at - now())::bigint FROM event";
    assert!((9..=18).contains(&app.number(wait).await));
    app.sim.clear_faults();
    app.execute("UPDATE event SET next_attempt_at = now()")
        .await;
    all_worked(&app).await;
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed")
    );
}

#[sqlx::test]
async fn a_refusal_marks_nobody_and_is_put_before_the_administrators_in_the_end(pool: PgPool) {
    let app = app(&pool).await;
    super::employ(&app, company::EMPLOYEE).await;
    app.sim.fault(USER_GET, Fault::sub_code("40035"));
    tell(&app, &about("user_modify_org", &[company::EMPLOYEE])).await;
    eventually("it was tried", APPLIED, async || {
        app.number(
            "SELECT count(*) FROM event WHERE state = 'waiting' AND last_error LIKE '%40035%'",
        )
        .await
            == 1
    })
    .await;
    // As if ten more attempts had gone by.
    app.execute("UPDATE event SET attempts = 11, refusals = 11, next_attempt_at = now() WHERE state = 'waiting'")
        .await;
    all_worked(&app).await;
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'failed' AND attempts = 12")
            .await,
        1
    );
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed")
    );
    let id = app
        .number("SELECT id FROM event WHERE state = 'failed'")
        .await;
    app.sim.clear_faults();
    assert!(
        dinggate::store::event::retry_one(
            &mut dinggate::store::Conn::single(pool.acquire().await.unwrap().detach()),
            id
        )
        .await
        .unwrap()
    );
    all_worked(&app).await;
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'failed'")
            .await,
        0
    );
}

#[sqlx::test]
async fn an_attempt_that_fails_is_made_again_after_one_and_two_and_four_seconds(pool: PgPool) {
    let app = app(&pool).await;
    app.sim.fault(USER_GET, Fault::Http(500));
    tell(&app, &about("user_add_org", &[company::EMPLOYEE])).await;
    for (attempts, from, to) in [(1, 0.7, 1.3), (2, 1.5, 2.5), (3, 3.1, 4.9)] {
        let due = format!(
            "SELECT count(*) FROM event WHERE attempts = {attempts} AND last_error IS NOT NULL AND claimed_by IS NULL"
        );
        eventually(&due, SOON, async || app.number(&due).await == 1).await;
        let wait = app.number("SELECT round(1000 * extract(epoch FROM next_attempt_at - now()))::bigint FROM event").await;
        #[expect(clippy::cast_precision_loss, reason = "a few thousand milliseconds")]
        let seconds = wait as f64 / 1000.0;
        // Some of the wait has gone by before the test could look.
        assert!(
            seconds > from - 0.5 && seconds < to,
            "{seconds} s after attempt {attempts}"
        );
    }
}

#[sqlx::test]
async fn one_slow_answer_holds_up_no_event_that_comes_later(pool: PgPool) {
    let app = app(&pool).await;
    let [slow, quick, _] = IDS;
    app.sim.fault_times(USER_GET, Fault::Hang, 1);
    tell(&app, &about("user_add_org", &[slow])).await;
    eventually("the question hangs", SOON, async || {
        app.sim.calls(USER_GET) == 1
    })
    .await;
    tell(&app, &about("user_add_org", &[quick])).await;
    app.wait_for_status(quick, Some("employed"), Duration::from_secs(1))
        .await;
    assert_eq!(app.status_of(slow).await, None, "it hangs still");
    all_worked(&app).await;
    assert_eq!(app.status_of(slow).await.as_deref(), Some("employed"));
}
