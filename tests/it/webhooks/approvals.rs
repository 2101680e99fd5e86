//! Approvals and other events on their way from DingTalk to the company's own systems.

use dingtalk_sim::{Decision, Fault, FormValue, NewApproval, company};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::receiver::Request;
use super::{PROCESS_GET, SOON, hurry, messages, quiet, spawn, spawn_with, wait_for_messages};
use crate::support::{TestApp, eventually};

fn transfer() -> NewApproval {
    NewApproval {
        process_code: "PROC-DEMO".to_owned(),
        biz_category_id: "hrm.transfer".to_owned(),
        title: "张三提交的转岗".to_owned(),
        originator: company::EMPLOYEE.to_owned(),
        approver: company::ADMIN.to_owned(),
        form: vec![FormValue {
            name: "新部门".to_owned(),
            value: "人事部".to_owned(),
        }],
    }
}

fn find<'a>(requests: &'a [Request], kind: &str, step: &str) -> &'a Request {
    let found = requests
        .iter()
        .find(|request| request.kind() == kind && request.json()["data"]["event"]["type"] == step);
    found.unwrap_or_else(|| panic!("no {kind} {step} in {requests:#?}"))
}

#[sqlx::test]
async fn an_approval_that_could_not_be_pushed_is_fetched_and_handed_on_as_well(pool: PgPool) {
    let (mut app, receiver) = spawn(&pool).await;
    app.stop().await;
    let id = app.sim.start_approval(transfer()).unwrap();
    assert!(app.sim.settled(SOON).await);
    assert!(app.sim.failed_count() >= 2, "{}", app.sim.failed_count());
    app.start();
    app.wait_until_ready().await;
    let begun = receiver.wait_for(2).await;
    let data = &find(&begun, "bpms_instance_change", "start").json()["data"];
    assert_eq!(data["event"]["processInstanceId"], id.as_str());
    assert_eq!(data["process_instance"]["title"], "张三提交的转岗");
}

#[sqlx::test]
async fn an_approval_is_handed_on_from_its_start_to_its_end_with_its_details(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    let id = app.sim.start_approval(transfer()).unwrap();
    let begun = receiver.wait_for(2).await;
    let message = find(&begun, "bpms_instance_change", "start").json();
    let data = &message["data"];
    assert_eq!(data["event"]["processInstanceId"], id.as_str());
    assert_eq!(data["event_type"], "bpms_instance_change");
    assert_eq!(data["process_instance"]["title"], "张三提交的转岗");
    assert_eq!(data["process_instance"]["status"], "RUNNING");
    assert_eq!(
        data["process_instance"]["form_component_values"][0]["value"],
        "人事部"
    );
    let at = chrono::DateTime::parse_from_rfc3339(message["timestamp"].as_str().unwrap());
    assert!(at.is_ok(), "{message}");

    receiver.forget();
    app.sim.finish_approval(&id, Decision::Agree).unwrap();
    let ended = receiver.wait_for(2).await;
    let instance =
        &find(&ended, "bpms_instance_change", "finish").json()["data"]["process_instance"];
    assert_eq!(
        (&instance["status"], &instance["result"]),
        (&json!("COMPLETED"), &json!("agree"))
    );
    let task = find(&ended, "bpms_task_change", "finish").json();
    assert_eq!(task["data"]["process_instance"]["title"], "张三提交的转岗");
    quiet(&app).await;
    assert_eq!(messages(&app, "delivered").await, 4);
    let event_id = task["data"]["event_id"].as_i64().unwrap();
    assert_eq!(
        app.number(&format!(
            "SELECT count(*) FROM event WHERE id = {event_id} AND event_type = 'bpms_task_change'"
        ))
        .await,
        1
    );
}

/// An approval's event as DingTalk pushes it.
fn event(id: &str, instance: &str) -> Value {
    json!({"eventId": id, "EventType": "bpms_instance_change", "processInstanceId": instance, "title": "请假", "type": "start"})
}

async fn deliver(app: &TestApp, id: &str) {
    app.deliver(&event(id, "6040-demo")).await;
}

#[sqlx::test]
async fn an_event_that_comes_twice_is_handed_on_once(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    for id in ["same", "same", "other"] {
        // Without an approval's number there is nothing to ask for.
        app.deliver(&json!({"eventId": id, "EventType": "bpms_instance_change"}))
            .await;
    }
    receiver.wait_for(2).await;
    quiet(&app).await;
    assert_eq!(receiver.requests().len(), 2);
}

#[sqlx::test]
async fn only_chosen_types_are_stored_and_sent(pool: PgPool) {
    let (app, receiver) = spawn_with(&pool, |settings| {
        let types = "org_dept_modify, org_admin_add";
        settings.insert("DINGGATE_WEBHOOK_EVENTS".to_owned(), types.to_owned());
    })
    .await;
    deliver(&app, "not-chosen").await;
    let odd = json!({"eventId": "chosen", "EventType": "org_admin_add", "UserId": ["x"], "big": 176_292_748_870_660_513_i64, "odd": "a\u{0}b"});
    app.deliver(&odd).await;
    let requests = receiver.wait_for(1).await;
    let data = &requests[0].json()["data"];
    assert_eq!(requests[0].kind(), "org_admin_add");
    assert_eq!(data["event"]["big"], 176_292_748_870_660_513_i64);
    assert_eq!(data["event"]["odd"], "a\u{fffd}b");
    assert!(data.get("process_instance").is_none());
    assert_eq!(app.sim.calls(PROCESS_GET), 0);
    assert_eq!(app.number("SELECT count(*) FROM webhook_delivery").await, 1);
}

#[sqlx::test]
async fn without_a_webhook_nothing_is_stored_for_it(pool: PgPool) {
    let mut app = TestApp::spawn_empty(&pool, |_| {}).await;
    let stored =
        "SELECT (SELECT count(*) FROM webhook_delivery) + (SELECT count(*) FROM staff_change)";
    deliver(&app, "one").await;
    let _admin = app.admin().await;
    app.sim.change(company::ADMIN, title("a")).unwrap();
    eventually("the change has arrived", SOON, async || {
        app.number("SELECT count(*) FROM staff WHERE title = 'a'")
            .await
            == 1
    })
    .await;
    assert_eq!(app.number(stored).await, 0);

    // Where one was configured and is no longer, it ends with the next start.
    app.execute(
        "UPDATE webhook_subscription SET includes_staff = true, event_types = '{bpms_instance_change}'",
    )
    .await;
    app.execute("UPDATE staff SET title = 'b' WHERE status = 'employed'")
        .await;
    assert_eq!(app.number(stored).await, 1);
    app.stop().await;
    app.start();
    app.wait_until_ready().await;
    app.execute("UPDATE staff SET title = 'c' WHERE status = 'employed'")
        .await;
    deliver(&app, "two").await;
    assert_eq!(app.number(stored).await, 0);
}

fn title(title: &str) -> dingtalk_sim::PersonChange {
    dingtalk_sim::PersonChange {
        title: Some(title.to_owned()),
        ..Default::default()
    }
}

#[sqlx::test]
async fn while_dingtalk_is_away_the_message_waits_and_others_go_on(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    let id = app.sim.start_approval(transfer()).unwrap();
    receiver.wait_for(2).await;
    receiver.forget();
    for (name, fault) in [
        ("gateway", Fault::Http(502)),
        ("busy", Fault::ErrCode(-1)),
        ("half", Fault::TruncatedJson),
        ("address", Fault::ErrCode(60020)),
    ] {
        app.sim.fault(PROCESS_GET, fault);
        app.deliver(&event(name, &id)).await;
        eventually(name, SOON, async || {
            app.number("SELECT count(*) FROM webhook_delivery WHERE state = 'waiting' AND last_error = 'dingtalk' AND next_attempt_at > now() + interval '2 seconds'").await == 1
        })
        .await;
        // Nothing that needs no details is held up.
        app.execute("UPDATE staff SET title = coalesce(title, '') || 'x' WHERE status = 'left'")
            .await;
        assert_eq!(receiver.wait_for(1).await[0].kind(), "staff.changed");
        app.sim.clear_faults();
        hurry(&app).await;
        let requests = receiver.wait_for(2).await;
        let data = &requests[1].json()["data"];
        assert_eq!(
            data["process_instance"]["title"], "张三提交的转岗",
            "{name}"
        );
        receiver.forget();
    }
}

/// Waits until DingTalk has been asked in vain, and lets the message's event be so many minutes old.
async fn grows_old(app: &TestApp, minutes: i32) {
    eventually("DingTalk was asked in vain", SOON, async || {
        app.number("SELECT count(*) FROM webhook_delivery WHERE state = 'waiting' AND body IS NULL AND last_error = 'dingtalk'").await == 1
    })
    .await;
    #[expect(
        clippy::disallowed_methods,
        reason = "a test turns the clock back, which the product never does"
    )]
    let aged = sqlx::query(
        "UPDATE event SET received_at = received_at - make_interval(mins => $1)
         WHERE id IN (SELECT event_id FROM webhook_delivery WHERE state = 'waiting')",
    )
    .bind(minutes)
    .execute(&app.pool);
    aged.await.unwrap();
    hurry(app).await;
}

#[sqlx::test]
async fn details_that_come_late_are_handed_on_and_missing_ones_when_it_is_sent_again(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    let id = app.sim.start_approval(transfer()).unwrap();
    receiver.wait_for(2).await;
    receiver.forget();
    for (name, minutes) in [("late", 1), ("too-late", 60)] {
        app.sim.fault(PROCESS_GET, Fault::ErrCode(820_005));
        app.deliver(&event(name, &id)).await;
        if minutes == 1 {
            grows_old(&app, minutes).await;
            app.sim.clear_faults();
            hurry(&app).await;
        } else {
            grows_old(&app, minutes).await;
        }
        receiver.wait_for(1).await;
        let found = receiver.requests()[0].json()["data"]["process_instance"].clone();
        assert_eq!(found.is_null(), minutes == 60, "{name}");
        wait_for_messages(&app, "delivered", if minutes == 60 { 4 } else { 3 }).await;
        receiver.forget();
    }
    app.sim.clear_faults();
    let last = app.number("SELECT max(id) FROM webhook_delivery").await;
    let mut conn = dinggate::store::Conn::single(pool.acquire().await.unwrap().detach());
    assert!(
        dinggate::store::webhook::redeliver(&mut conn, last)
            .await
            .unwrap()
            .is_some()
    );
    let again = receiver.wait_for(1).await;
    assert_eq!(
        again[0].json()["data"]["process_instance"]["title"],
        "张三提交的转岗"
    );
}

#[sqlx::test]
async fn where_dingtalk_refuses_for_long_the_message_goes_without_details(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    let alerts = "SELECT count(*) FROM alert WHERE kind LIKE 'misconfigured:%'";
    // There is no such approval.
    deliver(&app, "unknown").await;
    grows_old(&app, 5).await;
    receiver.wait_for(1).await;
    assert_eq!(app.number(alerts).await, 0);
    app.sim.fault(PROCESS_GET, Fault::ErrCode(60011));
    deliver(&app, "forbidden").await;
    grows_old(&app, 60).await;
    receiver.wait_for(2).await;
    assert_eq!(app.number(alerts).await, 1);
    app.sim.fault(
        PROCESS_GET,
        Fault::Json(json!({"errcode": 0, "process_instance": []})),
    );
    deliver(&app, "odd").await;
    grows_old(&app, 5).await;
    receiver.wait_for(3).await;
    app.deliver(&json!({"eventId": "bare", "EventType": "bpms_instance_change"}))
        .await;
    let requests = receiver.wait_for(4).await;
    let codes: Vec<Value> = requests
        .iter()
        .map(|request| request.json()["data"]["process_instance_error"].clone())
        .collect();
    assert_eq!(
        codes,
        ["820005", "60011", "unreadable", "no_process_instance_id"]
    );
    for request in requests {
        let data = &request.json()["data"];
        assert_eq!(data["process_instance"], Value::Null);
        assert_eq!(data["event"]["EventType"], "bpms_instance_change");
    }
    wait_for_messages(&app, "delivered", 4).await;
}
