//! The service fetches and releases by itself.

use std::time::Duration;

use dingtalk_sim::{Fault, NewPerson, company};
use serde_json::json;
use sqlx::PgPool;

use super::{FAILED, entry, now, number, wait_for_first_reading};
use crate::cli::run;
use crate::support::{TestApp, eventually};

const SOON: Duration = Duration::from_secs(10);

/// Has the list read as if ten minutes had passed.
async fn ten_minutes_later(app: &TestApp) {
    app.execute("UPDATE failed_callback_fetch SET due_at = now()")
        .await;
}

#[sqlx::test]
async fn events_that_were_lost_while_the_service_was_stopped_arrive_when_it_starts(pool: PgPool) {
    let mut app = TestApp::spawn(&pool).await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    app.stop().await;
    app.sim.dismiss(company::EMPLOYEE).unwrap();
    let person = app.sim.hire(NewPerson::named("李雷")).unwrap();
    assert!(app.sim.settled(SOON).await);
    assert!(app.sim.failed_count() >= 2, "{}", app.sim.failed_count());
    app.start();
    app.wait_until_ready().await;
    app.wait_for_status(company::EMPLOYEE, Some("left"), SOON)
        .await;
    app.wait_for_status(&person.userid, Some("employed"), SOON)
        .await;
    assert!(!browser.is_in().await);
    assert_eq!(
        app.number("SELECT count(*) FROM alert WHERE kind = 'directory:failed_events'")
            .await,
        1
    );
    let again = "SELECT count(*) FROM failed_callback_fetch
                 WHERE follow_up_at BETWEEN now() + interval '5 minutes' AND now() + interval '6 minutes'";
    assert_eq!(
        app.number(again).await,
        1,
        "DingTalk lists a failed push minutes later"
    );
}

#[sqlx::test]
async fn the_list_is_read_every_ten_minutes_whatever_a_command_has_left(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let other = app.another_instance().await;
    wait_for_first_reading(&app).await;
    tokio::time::sleep(Duration::from_secs(6)).await;
    let calls = app.sim.calls(FAILED);
    assert!((1..=2).contains(&calls), "{calls} calls by two instances");
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(app.sim.calls(FAILED), calls, "and no more");

    app.sim
        .add_failed(entry("user_leave_org", now(), &[company::LEADING_ZERO]));
    let ended = run(&app.settings, &["callback", "failed"]);
    assert_eq!(ended.code, Some(0), "{ended:?}");
    app.sim
        .add_failed(entry("user_leave_org", now(), &[company::EMPLOYEE]));
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(
        app.status_of(company::LEADING_ZERO).await.as_deref(),
        Some("employed"),
        "held"
    );
    ten_minutes_later(&app).await;
    app.wait_for_status(company::EMPLOYEE, Some("left"), SOON)
        .await;
    app.wait_for_status(company::LEADING_ZERO, Some("left"), SOON)
        .await;
    drop(other);
}

#[sqlx::test]
async fn the_list_is_read_after_postgres_was_away(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    wait_for_first_reading(&app).await;
    app.sim
        .add_failed(entry("user_leave_org", now(), &[company::EMPLOYEE]));
    let mut tx = pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE failed_callback_fetch")
        .execute(&mut *tx)
        .await
        .unwrap();
    tokio::time::sleep(Duration::from_secs(17)).await;
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed")
    );
    tx.rollback().await.unwrap();
    app.wait_for_status(company::EMPLOYEE, Some("left"), SOON)
        .await;
}

#[sqlx::test]
async fn a_lost_answer_has_the_whole_directory_read(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    wait_for_first_reading(&app).await;
    app.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    app.sim.fault_times(FAILED, Fault::LoseAnswer, 1);
    ten_minutes_later(&app).await;
    app.wait_for_status(company::EMPLOYEE, Some("left"), Duration::from_secs(30))
        .await;
    assert_eq!(
        app.number("SELECT count(*) FROM sync_run WHERE cause = 'lost_events'")
            .await,
        1
    );
}

#[sqlx::test]
async fn a_full_sync_that_fails_is_made_up_for_by_the_next_also_after_a_kill(pool: PgPool) {
    let mut app = TestApp::spawn(&pool).await;
    wait_for_first_reading(&app).await;
    app.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    app.stop().await;
    // All that a reader leaves that was killed once it had told its loss.
    app.execute("INSERT INTO alert (kind, detail) VALUES ('directory:lost_events', 'interrupted')")
        .await;
    app.sim
        .fault("/topapi/v2/department/listsub", Fault::ErrCode(60011));
    app.start();
    let runs = "SELECT count(*) FROM sync_run WHERE cause = 'lost_events' AND state <> 'running'";
    eventually(
        "the first full sync fails",
        Duration::from_secs(30),
        async || app.number(runs).await == 1,
    )
    .await;
    app.sim.clear_faults();
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(app.number(runs).await, 1, "the next one takes its time");
    app.execute("UPDATE alert SET first_at = first_at - interval '2 minutes', last_at = last_at - interval '2 minutes'").await;
    app.execute("UPDATE sync_run SET started_at = started_at - interval '61 seconds', finished_at = finished_at - interval '61 seconds' WHERE cause = 'lost_events'").await;
    app.execute("UPDATE sync_request SET retry_at = retry_at - interval '61 seconds'")
        .await;
    app.wait_for_status(company::EMPLOYEE, Some("left"), Duration::from_secs(30))
        .await;
    eventually("the alert is gone", SOON, async || {
        app.number("SELECT count(*) FROM alert WHERE kind = 'directory:lost_events'")
            .await
            == 0
    })
    .await;
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert_eq!(app.number(runs).await, 2);
}

#[sqlx::test]
async fn a_company_without_a_registered_callback_is_left_in_peace(pool: PgPool) {
    let sim = TestApp::cloud();
    sim.fault(FAILED, Fault::ErrCode(71007));
    let app = TestApp::spawn_on(&pool, sim, |_| {}).await;
    eventually("the list was asked for", SOON, async || {
        app.number("SELECT count(*) FROM failed_callback_fetch WHERE problem LIKE '%71007%' AND due_at > now() + interval '9 minutes'").await > 0
    })
    .await;
    assert_eq!(app.number("SELECT count(*) FROM alert").await, 0);
    assert_eq!(app.sim.calls(FAILED), 1);
}

#[sqlx::test]
async fn a_late_leaving_does_not_throw_out_whom_dingtalk_has_listed_since(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    wait_for_first_reading(&app).await;
    let left = now();
    app.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    app.sim.rehire_quietly(company::EMPLOYEE, None).unwrap();
    let rehired =
        json!({"EventType": "user_add_org", "UserId": [company::EMPLOYEE], "TimeStamp": left + 50});
    app.deliver(&rehired).await;
    eventually("the joining is applied", SOON, async || {
        app.number(
            "SELECT count(*) FROM event WHERE event_type = 'user_add_org' AND state = 'applied'",
        )
        .await
            > 0
    })
    .await;
    let mut browser = app.signed_in(company::EMPLOYEE).await;
    app.sim.add_failed(entry(
        "user_leave_org",
        left,
        &[company::EMPLOYEE, company::LEADING_ZERO],
    ));
    app.sim.reset_calls();
    let ended = run(&app.settings, &["callback", "failed", "--replay"]);
    assert!(ended.out.ends_with("released 1\n"), "{ended:?}");
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed")
    );
    assert_eq!(
        app.status_of(company::LEADING_ZERO).await.as_deref(),
        Some("left"),
        "nobody has said anything of that one since"
    );
    eventually("DingTalk is asked at once", SOON, async || {
        app.sim.calls("/topapi/v2/user/get") > 0
    })
    .await;
    assert!(browser.is_in().await);

    // One that is younger than the joining is believed at once.
    app.sim
        .add_failed(entry("user_leave_org", left + 100, &[company::EMPLOYEE]));
    run(&app.settings, &["callback", "failed", "--replay"]);
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("left")
    );
    assert!(!browser.is_in().await);
}

#[sqlx::test]
async fn a_late_leaving_of_somebody_who_has_left_again_takes_effect(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    // The first sync has listed everybody, long after this leaving; and now the person is gone.
    app.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    app.sim.add_failed(entry(
        "user_leave_org",
        now() - 3_600_000,
        &[company::EMPLOYEE],
    ));
    ten_minutes_later(&app).await;
    app.wait_for_status(company::EMPLOYEE, Some("left"), SOON)
        .await;
    assert_eq!(
        number(
            &pool,
            "SELECT count(*) FROM staff WHERE left_cause = 'event'"
        )
        .await,
        1
    );
}

#[sqlx::test]
async fn held_events_are_released_in_the_order_in_which_they_happened(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    wait_for_first_reading(&app).await;
    let at = now();
    // Left and came back: the list has them the other way round.
    app.sim.add_failed_many([
        entry("user_add_org", at + 1000, &[company::EMPLOYEE]),
        entry("user_leave_org", at, &[company::EMPLOYEE]),
    ]);
    ten_minutes_later(&app).await;
    eventually("both are applied", SOON, async || {
        app.number("SELECT count(*) FROM event WHERE source = 'failed_list' AND state = 'applied'")
            .await
            == 2
    })
    .await;
    app.wait_for_status(company::EMPLOYEE, Some("employed"), SOON)
        .await;
    let trail = "SELECT count(*) FROM audit_entry WHERE userid = 'zhangsan01' AND action IN ('staff.left', 'staff.returned')";
    assert_eq!(app.number(trail).await, 2);
}
