//! Repeats of stored events, parked ones among them, and events of other companies.

use dinggate::store::{Conn, event_parked};
use dinggate::upstream::event;
use dingtalk_sim::company;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{APPLIED, about, all_worked, employ, let_time_pass_until_the_next_look, looks, tell};
use crate::support::{TestApp, eventually};

const WHO: &str = company::EMPLOYEE;
const CORP_ID: &str = "ding0123456789abcdef0123456789abcdef";
const AT: i64 = 1_700_000_001_200;

async fn app_with_employee(pool: &PgPool) -> TestApp {
    let app = TestApp::spawn_empty(pool, |_| {}).await;
    employ(&app, WHO).await;
    all_worked(&app).await;
    eventually(
        "the administrator has been looked up",
        APPLIED,
        async || app.number("SELECT count(*) FROM admin_binding").await == 1,
    )
    .await;
    app
}

/// Parks an entry of DingTalk's list, as reading the list does.
async fn park(pool: &PgPool, event_type: &str, corp_id: &str) {
    let entry = json!({"call_back_tag": event_type, "event_time": AT,
        event_type: {"corpid": corp_id, "userid": [WHO]}});
    let mut conn = Conn::single(pool.acquire().await.unwrap().detach());
    let event = event::of_failed_entry(&entry).checked_for(CORP_ID);
    event_parked::insert_once(&mut conn, &event, event::is_contained_in)
        .await
        .unwrap()
        .unwrap();
}

fn push(event_type: &str, more: &[(&str, Value)]) -> Value {
    let mut event = json!({"EventType": event_type, "UserId": [WHO], "TimeStamp": AT.to_string()});
    for (name, value) in more {
        event[*name] = value.clone();
    }
    event
}

async fn events(app: &TestApp, state: &str) -> i64 {
    app.number(&format!(
        "SELECT count(*) FROM event WHERE state = '{state}'"
    ))
    .await
}

#[sqlx::test]
async fn a_parked_leave_event_takes_effect_at_once_when_it_is_pushed(pool: PgPool) {
    for more in [vec![], vec![("eventId", json!("c7c7120f2c07"))]] {
        let app = app_with_employee(&pool).await;
        let mut browser = app.signed_in(WHO).await;
        park(&pool, "user_leave_org", CORP_ID).await;
        assert_eq!(app.status_of(WHO).await.as_deref(), Some("employed"));
        let before = app.number("SELECT count(*) FROM event").await;
        tell(&app, &push("user_leave_org", &more)).await;
        assert_eq!(app.status_of(WHO).await.as_deref(), Some("left"));
        assert!(!browser.is_in().await);
        assert_eq!(app.number("SELECT count(*) FROM event").await, before);
        assert_eq!((events(&app, "parked").await, looks(&app).await), (0, 2));
        // Once more changes nothing.
        tell(&app, &push("user_leave_org", &more)).await;
        assert_eq!(app.number("SELECT count(*) FROM event").await, before);
        drop(app);
        let clean = "DELETE FROM event; DELETE FROM subject_recheck; DELETE FROM staff";
        sqlx::raw_sql(clean).execute(&pool).await.unwrap();
    }
}

#[sqlx::test]
async fn a_parked_change_is_looked_up_when_it_is_pushed(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    park(&pool, "user_modify_org", CORP_ID).await;
    app.sim.reset_calls();
    tell(&app, &push("user_modify_org", &[])).await;
    eventually("the person is looked up", APPLIED, async || {
        app.sim.calls(super::USER_GET) == 1
            && events(&app, "parked").await + events(&app, "waiting").await == 0
    })
    .await;
}

#[sqlx::test]
async fn an_applied_event_is_known_by_its_id_or_by_type_time_and_ids(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    let stored = async |event: Value| {
        let before = app.number("SELECT count(*) FROM event").await;
        tell(&app, &event).await;
        app.number("SELECT count(*) FROM event").await - before
    };
    let id = |id: &str| ("eventId", json!(id));
    let operator = |who: &str| ("OptStaffId", json!(who));
    assert_eq!(stored(push("user_modify_org", &[id("one")])).await, 1);
    assert_eq!(stored(push("user_modify_org", &[])).await, 0);
    assert_eq!(stored(push("user_modify_org", &[id("two")])).await, 0);
    let later = ("TimeStamp", json!("1700000009999"));
    assert_eq!(
        stored(push("user_modify_org", &[id("one"), later.clone()])).await,
        0,
        "its id was seen"
    );
    assert_eq!(stored(push("user_modify_org", &[later])).await, 1);
    // Without a time these say nothing, and types that are not applied are told apart by all that they say.
    let untimed = ("TimeStamp", Value::Null);
    for (event_type, time) in [
        ("user_modify_org", untimed),
        ("org_admin_add", ("TimeStamp", json!(AT))),
    ] {
        let event = |more: (&'static str, Value)| push(event_type, &[time.clone(), more]);
        assert_eq!(stored(event(operator("x"))).await, 1, "{event_type}");
        assert_eq!(stored(event(operator("y"))).await, 1, "{event_type}");
        assert_eq!(stored(event(operator("x"))).await, 0, "{event_type}");
        assert_eq!(stored(event(id(event_type))).await, 1, "{event_type}");
    }
}

#[sqlx::test]
async fn an_event_of_another_company_is_recorded_shown_so_and_not_applied(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    employ(&app, company::ADMIN).await;
    all_worked(&app).await;
    app.sim.reset_calls();
    let other = "ding-of-another-company";
    for (name, event_type) in [
        ("CorpId", "user_leave_org"),
        ("corpId", "user_modify_org"),
        ("corpid", "user_leave_org"),
    ] {
        tell(&app, &push(event_type, &[(name, json!(other))])).await;
    }
    assert_eq!(app.status_of(WHO).await.as_deref(), Some("employed"));
    assert_eq!((events(&app, "ignored").await, looks(&app).await), (3, 0));
    assert_eq!(app.sim.calls(super::USER_GET), 0);
    let page = app.admin().await.get("/admin/events?state=ignored").await;
    assert!(
        page.status == 200 && page.body.contains("the event names another CorpId"),
        "{}",
        page.body
    );
    // Ours, with the same type, time and ids, is not taken for one of them.
    tell(&app, &push("user_leave_org", &[("CorpId", json!(CORP_ID))])).await;
    assert_eq!(app.status_of(WHO).await.as_deref(), Some("left"));
}

#[sqlx::test]
async fn an_entry_of_another_company_in_dingtalks_list_is_never_released(pool: PgPool) {
    let app = app_with_employee(&pool).await;
    park(&pool, "user_leave_org", "ding-of-another-company").await;
    assert_eq!(
        (events(&app, "parked").await, events(&app, "ignored").await),
        (0, 1)
    );
    tell(&app, &push("user_leave_org", &[])).await;
    assert_eq!(app.status_of(WHO).await.as_deref(), Some("left"));
}

#[sqlx::test]
async fn nobody_is_added_by_a_leave_event_or_a_change(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |settings| {
        settings.insert("DINGGATE_UNKNOWN_STAFF".into(), "provision".into());
    })
    .await;
    tell(&app, &about("user_leave_org", &[WHO])).await;
    tell(&app, &about("user_modify_org", &[company::LEADING_ZERO])).await;
    for left in [1, 0] {
        let_time_pass_until_the_next_look(&app).await;
        eventually("a recheck is done", APPLIED, async || {
            looks(&app).await == left
        })
        .await;
    }
    all_worked(&app).await;
    for userid in [WHO, company::LEADING_ZERO] {
        assert_eq!(app.status_of(userid).await, None, "{userid}");
    }
    // DingTalk still lists the person, so the leave event was false: who signs in is provisioned.
    let browser = app.signed_in(WHO).await;
    drop(browser);
    assert_eq!(app.status_of(WHO).await.as_deref(), Some("employed"));
}

/// Parks a leave event whose release then fails for a fault of ours.
async fn park_and_fail(app: &TestApp, pool: &PgPool) -> i64 {
    park(pool, "user_leave_org", CORP_ID).await;
    app.execute("UPDATE event SET state = 'failed', last_error = 'a fault' WHERE state = 'parked'")
        .await;
    app.number("SELECT id FROM event WHERE state = 'failed'")
        .await
}

#[sqlx::test]
async fn a_failed_leave_event_ends_the_employment_when_it_is_retried_or_pushed_again(pool: PgPool) {
    for retry in ["one", "all", "push"] {
        let app = app_with_employee(&pool).await;
        employ(&app, company::ADMIN).await;
        all_worked(&app).await;
        let (mut admin, mut browser) = (app.admin().await, app.signed_in(WHO).await);
        let id = park_and_fail(&app, &pool).await;
        // The event is older than what DingTalk has said since, so that a retry has DingTalk asked.
        app.sim.dismiss_quietly(WHO).unwrap();
        match retry {
            "one" => {
                let path = format!("/admin/events/{id}/retry");
                assert_eq!(admin.post(&path, &[]).await.status, 303);
            }
            "all" => {
                let answer = admin.post("/admin/events/retry-failed", &[]).await;
                assert_eq!(answer.status, 303);
            }
            _ => tell(&app, &push("user_leave_org", &[])).await,
        }
        if retry == "push" {
            assert_eq!(app.status_of(WHO).await.as_deref(), Some("left"));
        }
        app.wait_for_status(WHO, Some("left"), APPLIED).await;
        assert!(!browser.is_in().await, "{retry}");
        assert_eq!(
            events(&app, "failed").await + events(&app, "parked").await,
            0
        );
        drop(app);
        let clean = "DELETE FROM event; DELETE FROM subject_recheck; DELETE FROM web_session; DELETE FROM admin_binding;
            DELETE FROM staff";
        sqlx::raw_sql(clean).execute(&pool).await.unwrap();
    }
}
