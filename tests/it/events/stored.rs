//! What the inbox holds.

use dinggate::store::event;
use dingtalk_sim::company;
use serde_json::json;
use sqlx::PgPool;

use super::{about, all_worked, employ, tell};
use crate::support::{TestApp, eventually};

async fn app(pool: &PgPool) -> TestApp {
    TestApp::spawn_empty(pool, |_| {}).await
}

#[sqlx::test]
async fn an_event_is_stored_once_however_often_it_comes(pool: PgPool) {
    let app = app(&pool).await;
    let event = about("user_add_org", &[company::EMPLOYEE, company::ADMIN]);
    for _ in 0..3 {
        tell(&app, &event).await;
    }
    let turned = json!({"EventType": "user_add_org", "timeStamp": event["TimeStamp"], "userId": [company::ADMIN, company::EMPLOYEE]});
    tell(&app, &turned).await;
    assert_eq!(app.number("SELECT count(*) FROM event").await, 1);
    let with_id = |time: i64| json!({"EventType": "org_change", "eventId": "c7c7120f2c07", "timeStamp": time});
    tell(&app, &with_id(1_700_000_000_000)).await;
    tell(&app, &with_id(1_700_000_000_001)).await;
    assert_eq!(app.number("SELECT count(*) FROM event").await, 2);
}

#[sqlx::test]
async fn one_event_that_comes_many_times_at_once_is_stored_once(pool: PgPool) {
    let app = app(&pool).await;
    let event = about("user_leave_org", &[company::EMPLOYEE]);
    let pushes = (0..12).map(|_| tell(&app, &event));
    futures_util::future::join_all(pushes).await;
    assert_eq!(app.number("SELECT count(*) FROM event").await, 1);
    assert_eq!(
        app.number("SELECT count(*) FROM subject_recheck, unnest(times)")
            .await,
        2
    );
}

#[sqlx::test]
async fn a_late_repeat_of_a_leaving_does_not_close_the_door_on_who_has_come_back(pool: PgPool) {
    let app = app(&pool).await;
    employ(&app, company::EMPLOYEE).await;
    let leaving = about("user_leave_org", &[company::EMPLOYEE]);
    tell(&app, &leaving).await;
    employ(&app, company::EMPLOYEE).await;
    tell(&app, &leaving).await;
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed")
    );
}

#[sqlx::test]
async fn types_that_ask_nothing_of_us_are_kept_and_grant_nothing(pool: PgPool) {
    let app = app(&pool).await;
    eventually(
        "the administrator has been looked up",
        super::SOON,
        async || app.number("SELECT count(*) FROM admin_binding").await == 1,
    )
    .await;
    app.sim.reset_calls();
    tell(&app, &about("org_admin_add", &[company::EMPLOYEE])).await;
    tell(&app, &about("org_admin_remove", &[company::EMPLOYEE])).await;
    tell(&app, &about("never_heard_of", &[company::EMPLOYEE])).await;
    tell(&app, &json!({"EventType": "check_in", "StaffId": "a", "TimeStamp": 1_700_000_000_000_i64, "odd\u{0}": "nul\u{0}"})).await;
    tell(&app, &json!({"no": "type"})).await;
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'applied' AND applied_at IS NOT NULL")
            .await,
        5
    );
    assert_eq!(app.number("SELECT count(*) FROM admin_grant").await, 0);
    assert_eq!(
        app.number("SELECT count(*) FROM staff WHERE status = 'employed'")
            .await,
        0
    );
    assert_eq!(app.sim.calls("/topapi/v2/user/get"), 0);
}

#[sqlx::test]
async fn ids_that_cannot_be_read_park_the_event_and_spare_the_others(pool: PgPool) {
    let app = app(&pool).await;
    tell(
        &app,
        &json!({"EventType": "user_add_org", "TimeStamp": "1700000000000"}),
    )
    .await;
    tell(&app, &json!({"EventType": "user_add_org", "UserId": [company::EMPLOYEE, {}], "TimeStamp": "1700000000001"})).await;
    app.wait_for_status(company::EMPLOYEE, Some("employed"), super::SOON)
        .await;
    all_worked(&app).await;
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'failed' AND last_error <> ''")
            .await,
        2
    );
    // A leaver among them is out nevertheless.
    tell(&app, &json!({"EventType": "user_leave_org", "UserId": [null, company::EMPLOYEE], "TimeStamp": "1700000000002"})).await;
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'failed'")
            .await,
        3
    );
}

#[sqlx::test]
async fn bodies_go_after_thirty_days_and_the_events_stay(pool: PgPool) {
    let app = app(&pool).await;
    tell(&app, &json!({"EventType": "org_change", "eventId": "old"})).await;
    tell(&app, &json!({"EventType": "org_change", "eventId": "new"})).await;
    app.execute("UPDATE event SET received_at = now() - interval '30 days 1 minute' WHERE dedupe_key = 'id:old'").await;
    app.execute(
        "UPDATE event SET received_at = now() - interval '29 days' WHERE dedupe_key = 'id:new'",
    )
    .await;
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    let days_30 = std::time::Duration::from_hours(24 * 30);
    event::drop_old_bodies(&mut conn, days_30).await.unwrap();
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE dedupe_key = 'id:old' AND body IS NULL")
            .await,
        1
    );
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE dedupe_key = 'id:new' AND body IS NOT NULL")
            .await,
        1
    );
}

#[sqlx::test]
async fn failed_events_are_tried_again_when_somebody_wants_it(pool: PgPool) {
    let app = app(&pool).await;
    tell(
        &app,
        &json!({"EventType": "user_add_org", "TimeStamp": "1700000000000"}),
    )
    .await;
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    let id = app.number("SELECT id FROM event").await;
    assert!(event::retry_one(&mut conn, id).await.unwrap());
    all_worked(&app).await;
    // Nothing has mended it.
    assert_eq!(
        app.number("SELECT count(*) FROM event WHERE state = 'failed' AND attempts = 1")
            .await,
        1
    );
    assert_eq!(event::retry_all_failed(&mut conn).await.unwrap().count, 1);
    all_worked(&app).await;
    assert!(!event::retry_one(&mut conn, id + 1).await.unwrap());
}
