//! Leavings: believed at once, taken back slowly.

use dingtalk_sim::{Fault, company};
use serde_json::json;
use sqlx::PgPool;

use super::{
    APPLIED, SOON, USER_GET, about, all_worked, employ, let_time_pass_until_the_next_look, looks,
    tell,
};
use crate::support::{TestApp, eventually};

const WHO: &str = company::EMPLOYEE;

async fn app_with_employee(pool: &PgPool) -> TestApp {
    let app = TestApp::spawn_empty(pool, |_| {}).await;
    employ(&app, WHO).await;
    app
}

async fn status(app: &TestApp) -> Option<String> {
    app.status_of(WHO).await
}

#[sqlx::test]
async fn the_door_closes_before_the_answer_on_every_instance_while_dingtalk_is_away(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    let other = app.another_instance().await;
    let mut browser = app.signed_in(WHO).await;
    let mut elsewhere = browser.at(&other.url);
    assert!(browser.is_in().await && elsewhere.is_in().await);
    app.sim.fault("*", Fault::Hang);
    app.sim.reset_calls();
    tell(&app, &about("user_leave_org", &[WHO])).await;
    assert_eq!(status(&app).await.as_deref(), Some("left"));
    assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
    assert!(!browser.is_in().await && !elsewhere.is_in().await);
    assert_eq!(
        app.number(
            "SELECT count(*) FROM event WHERE event_type = 'user_leave_org' AND state = 'applied'"
        )
        .await,
        1
    );
    assert_eq!(app.sim.calls(USER_GET), 0);
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE left_cause = 'event'")
            .await,
        1
    );
    let told = format!(
        "SELECT count(*) FROM audit_entry WHERE action = 'staff.left' AND actor = 'system' AND userid = '{WHO}' AND name <> ''"
    );
    assert_eq!(app.number(&told).await, 1);
}

#[sqlx::test]
async fn a_leaving_is_looked_at_after_a_minute_and_after_ten(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    tell(&app, &about("user_leave_org", &[WHO])).await;
    let due_in = "SELECT count(*) FROM subject_recheck, unnest(reasons, times) AS n (reason, at) WHERE reason = 'leave' AND at - now() BETWEEN";
    assert_eq!(
        app.number(&format!("{due_in} interval '55 s' AND interval '60 s'"))
            .await,
        1
    );
    assert_eq!(
        app.number(&format!("{due_in} interval '595 s' AND interval '600 s'"))
            .await,
        1
    );
    // Another leaving puts its own looks in their place.
    tell(&app, &about("user_leave_org", &[WHO])).await;
    assert_eq!(looks(&app).await, 2);
    let once_more = "SELECT count(*) FROM subject_recheck WHERE generation = 2";
    assert_eq!(
        (
            app.number("SELECT count(*) FROM subject_recheck").await,
            app.number(once_more).await
        ),
        (1, 1),
        "one row for the person"
    );
}

#[sqlx::test]
async fn whom_dingtalk_still_lists_comes_back_with_a_look_and_goes_with_the_next(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    tell(&app, &about("user_leave_org", &[WHO])).await;
    let_time_pass_until_the_next_look(&app).await;
    app.wait_for_status(WHO, Some("employed"), APPLIED).await;
    eventually("one look is left", APPLIED, async || looks(&app).await == 1).await;
    app.sim.dismiss_quietly(WHO).unwrap();
    let_time_pass_until_the_next_look(&app).await;
    app.wait_for_status(WHO, Some("left"), APPLIED).await;
    // This, too, is a leaving that is looked at again.
    eventually("two looks are due", APPLIED, async || {
        looks(&app).await == 2
    })
    .await;
    for left in [1, 0] {
        let_time_pass_until_the_next_look(&app).await;
        eventually("a look is done", APPLIED, async || {
            looks(&app).await == left
        })
        .await;
    }
    assert_eq!(status(&app).await.as_deref(), Some("left"));
}

#[sqlx::test]
async fn a_stale_answer_after_a_leaving_does_not_open_the_door(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    app.sim.stale_answers(WHO, true);
    app.sim.dismiss_quietly(WHO).unwrap();
    tell(&app, &about("user_leave_org", &[WHO])).await;
    app.sim.reset_calls();
    tell(&app, &about("user_modify_org", &[WHO])).await;
    all_worked(&app).await;
    assert_eq!(app.sim.calls(USER_GET), 1);
    assert_eq!(status(&app).await.as_deref(), Some("left"));
}

#[sqlx::test]
async fn an_answer_on_its_way_while_the_leaving_comes_does_not_open_the_door(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    app.sim.fault_times(
        USER_GET,
        Fault::Delay(std::time::Duration::from_millis(900)),
        1,
    );
    app.sim.reset_calls();
    tell(&app, &about("user_active_org", &[WHO])).await;
    eventually("DingTalk is asked", APPLIED, async || {
        app.sim.calls(USER_GET) == 1
    })
    .await;
    tell(&app, &about("user_leave_org", &[WHO])).await;
    all_worked(&app).await;
    assert_eq!(status(&app).await.as_deref(), Some("left"));
}

#[sqlx::test]
async fn who_is_hired_again_is_in_with_the_event_that_says_so(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    app.sim.dismiss(WHO).unwrap();
    app.wait_for_status(WHO, Some("left"), APPLIED).await;
    app.sim.rehire(WHO, None).unwrap();
    app.wait_for_status(WHO, Some("employed"), APPLIED).await;
}

#[sqlx::test]
async fn a_joining_that_waited_does_not_undo_a_leaving_that_came_after_it(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    app.sim.fault(USER_GET, Fault::CloseConnection);
    tell(&app, &about("user_add_org", &[WHO])).await;
    eventually("the joining was tried", APPLIED, async || {
        app.number("SELECT count(*) FROM event WHERE state = 'waiting' AND last_error IS NOT NULL")
            .await
            == 1
    })
    .await;
    tell(&app, &about("user_leave_org", &[WHO])).await;
    app.sim.clear_faults();
    all_worked(&app).await;
    // DingTalk still lists the person, but that may be an old answer.
    assert_eq!(status(&app).await.as_deref(), Some("left"));
    let_time_pass_until_the_next_look(&app).await;
    app.wait_for_status(WHO, Some("employed"), APPLIED).await;
}

#[sqlx::test]
async fn a_leaving_that_dingtalk_dates_before_the_joining_is_taken_back_by_it(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    let leaving = about("user_leave_org", &[WHO]);
    let joining = about("user_add_org", &[WHO]);
    app.sim.fault(USER_GET, Fault::CloseConnection);
    tell(&app, &joining).await;
    // No attempt may be under way while the leaving comes.
    eventually("the joining waits", SOON, async || {
        app.execute("UPDATE event SET next_attempt_at = now() + interval '18 seconds' WHERE state = 'waiting' AND claimed_by IS NULL")
            .await;
        app.number("SELECT count(*) FROM event WHERE next_attempt_at > now() + interval '16 seconds'").await == 1
    })
    .await;
    tell(&app, &leaving).await;
    assert_eq!(status(&app).await.as_deref(), Some("left"));
    app.sim.clear_faults();
    app.execute("UPDATE event SET next_attempt_at = now() WHERE state = 'waiting'")
        .await;
    all_worked(&app).await;
    assert_eq!(status(&app).await.as_deref(), Some("employed"));
}

#[sqlx::test]
async fn a_decision_by_hand_is_stronger_than_any_event(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    app.execute(
        "UPDATE staff SET status = 'left', left_at = now(), left_cause = 'manual', held_by = 'manager4220', held_at = now(),
         held_reason = 'test' WHERE userid = 'zhangsan01'",
    )
    .await;
    for event_type in [
        "user_add_org",
        "user_active_org",
        "user_modify_org",
        "user_leave_org",
    ] {
        tell(&app, &about(event_type, &[WHO])).await;
    }
    let_time_pass_until_the_next_look(&app).await;
    all_worked(&app).await;
    eventually("the look is done", APPLIED, async || looks(&app).await == 1).await;
    assert_eq!(status(&app).await.as_deref(), Some("left"));
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE held_at IS NOT NULL")
            .await,
        1
    );
}

#[sqlx::test]
async fn who_left_before_we_knew_them_stays_out(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    // A plain id instead of a list, as some apps are sent.
    tell(
        &app,
        &json!({"EventType": "user_leave_org", "userId": WHO, "timeStamp": 1_699_999_999_000_i64}),
    )
    .await;
    assert_eq!(app.number("SELECT count(*) FROM unknown_leaver").await, 1);
    tell(&app, &about("user_modify_org", &[WHO])).await;
    all_worked(&app).await;
    assert_eq!(status(&app).await, None);
    let_time_pass_until_the_next_look(&app).await;
    eventually("the leave event has proved false", APPLIED, async || {
        app.number("SELECT count(*) FROM unknown_leaver").await == 0
    })
    .await;
    // Only a join event, a login, an approval or a sync adds people.
    assert_eq!(status(&app).await, None);
}

#[sqlx::test]
async fn the_looks_wait_for_dingtalk_to_come_back(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    tell(&app, &about("user_leave_org", &[WHO])).await;
    app.sim.fault(USER_GET, Fault::Http(502));
    let_time_pass_until_the_next_look(&app).await;
    eventually("the look has failed", APPLIED, async || {
        app.number(
            "SELECT count(*) FROM subject_recheck WHERE last_error IS NOT NULL AND due_at > now()",
        )
        .await
            == 1
    })
    .await;
    assert_eq!(looks(&app).await, 2);
    app.sim.clear_faults();
    app.wait_for_status(WHO, Some("employed"), super::SOON)
        .await;
}
