//! Changes of the staff, whoever made them: one message for each that really changes something.

use std::time::Duration;

use dingtalk_sim::{NewPerson, PersonChange, company};
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{SOON, quiet, spawn, spawn_full, spawn_with};
use crate::support::{TestApp, eventually};

/// Waits for one message and gives its data.
async fn one(app: &TestApp, receiver: &super::Receiver, kind: &str) -> Value {
    let requests = receiver.wait_for(1).await;
    quiet(app).await;
    let requests_after = receiver.requests();
    assert_eq!(requests_after.len(), 1, "{:?}", receiver.kinds());
    assert_eq!(requests[0].kind(), kind, "{}", requests[0].body);
    receiver.forget();
    requests[0].json()["data"].clone()
}

#[sqlx::test]
async fn events_are_told_as_what_they_did_to_the_row(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    let person = app
        .sim
        .hire(NewPerson {
            name: "李雷".to_owned(),
            departments: vec![1],
            ..NewPerson::default()
        })
        .unwrap();
    let added = one(&app, &receiver, "staff.added").await;
    assert_eq!(added["userid"], person.userid.as_str());
    assert_eq!(added["unionid"], person.unionid.as_str());
    assert_eq!(
        (&added["name"], &added["status"]),
        (&json!("李雷"), &json!("employed"))
    );
    assert_eq!(added["departments"][0]["dept_id"], 1);
    assert_eq!(
        (&added["changed"], &added["cause"]),
        (&json!([]), &Value::Null)
    );
    assert!(added.get("mobile").is_none() && added.get("email").is_none());

    let change = PersonChange {
        title: Some("经理".to_owned()),
        leads: Some(vec![1]),
        ..PersonChange::default()
    };
    app.sim.change(&person.userid, change).unwrap();
    let changed = one(&app, &receiver, "staff.changed").await;
    assert_eq!(changed["changed"], json!(["title", "departments"]));
    assert_eq!(changed["title"], "经理");
    assert_eq!(changed["departments"][0]["is_leader"], true);

    // Told again, it changes nothing.
    let again =
        json!({"eventId": "again", "EventType": "user_modify_org", "UserId": [person.userid]});
    app.deliver(&again).await;
    eventually("it is applied", SOON, async || {
        app.number("SELECT count(*) FROM event WHERE dedupe_key = 'id:again' AND state = 'applied'")
            .await
            == 1
    })
    .await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(receiver.kinds(), [""; 0]);

    app.sim.dismiss(&person.userid).unwrap();
    let left = one(&app, &receiver, "staff.left").await;
    assert_eq!(
        (&left["status"], &left["cause"]),
        (&json!("left"), &json!("event"))
    );
    assert!(chrono::DateTime::parse_from_rfc3339(left["left_at"].as_str().unwrap()).is_ok());

    app.sim.rehire(&person.userid, None).unwrap();
    // Whichever of the two events is looked into first: the other may tell of a changed field before.
    eventually("the return is told", SOON, async || {
        receiver.kinds().contains(&"staff.returned".to_owned())
    })
    .await;
    let requests = receiver.requests();
    let returned = requests.iter().find(|r| r.kind() == "staff.returned");
    let returned = returned.unwrap().json()["data"].clone();
    assert_eq!(
        (&returned["status"], &returned["left_at"]),
        (&json!("employed"), &Value::Null)
    );
}

/// Runs a full sync as the administrators' command does.
async fn sync(app: &TestApp) {
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_dinggate"));
    command.arg("sync").env_clear().envs(&app.settings);
    let output = tokio::task::spawn_blocking(move || command.output().unwrap())
        .await
        .unwrap();
    let words = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{words}");
}

#[sqlx::test]
async fn a_sync_tells_each_person_once_and_nothing_when_nothing_changed(pool: PgPool) {
    let (app, receiver) = spawn_full(&pool, |_| {}).await;
    let people = i64::try_from(app.sim.people().len()).unwrap();
    let told =
        "SELECT count(DISTINCT userid) FROM webhook_delivery WHERE message_type = 'staff.added'";
    assert_eq!(app.number(told).await, people);
    assert_eq!(
        app.number("SELECT count(*) FROM webhook_delivery").await,
        people,
        "one message a person"
    );
    sync(&app).await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(receiver.kinds(), [""; 0]);

    app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    let change = PersonChange {
        title: Some("顾问".to_owned()),
        ..PersonChange::default()
    };
    app.sim.change_quietly(company::EMPLOYEE, change).unwrap();
    app.sim.dismiss_quietly(company::LEADING_ZERO).unwrap();
    sync(&app).await;
    receiver.wait_for(3).await;
    quiet(&app).await;
    let mut told: Vec<(String, Value, Value)> = receiver
        .requests()
        .iter()
        .map(|request| {
            let data = &request.json()["data"];
            (
                request.kind(),
                data["changed"].clone(),
                data["cause"].clone(),
            )
        })
        .collect();
    told.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(
        told,
        [
            ("staff.added".to_owned(), json!([]), Value::Null),
            ("staff.changed".to_owned(), json!(["title"]), Value::Null),
            ("staff.left".to_owned(), json!([]), json!("sync")),
        ]
    );
}

#[sqlx::test]
async fn decisions_by_hand_are_told_with_their_cause(pool: PgPool) {
    let (app, receiver) = spawn_full(&pool, |_| {}).await;
    let mut admin = app.admin().await;
    let because = [("reason", "because")];
    let path = format!("/admin/staff/{}", company::EMPLOYEE);
    assert_eq!(
        admin.post(&format!("{path}/leave"), &because).await.status,
        303
    );
    let left = one(&app, &receiver, "staff.left").await;
    assert_eq!(
        (&left["userid"], &left["cause"]),
        (&json!(company::EMPLOYEE), &json!("manual"))
    );
    assert_eq!(
        admin
            .post(&format!("{path}/restore"), &because)
            .await
            .status,
        303
    );
    let returned = one(&app, &receiver, "staff.returned").await;
    assert_eq!(returned["cause"], "manual");
}

#[sqlx::test]
async fn whom_a_review_or_a_login_brings_in_is_told(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    let mut admin = app.admin().await;
    let added = one(&app, &receiver, "staff.added").await;
    assert_eq!(added["userid"], company::ADMIN);
    let unionid = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    assert_eq!(app.browser().scan(&unionid, "/").await.status, 403);
    let case = app.number("SELECT max(id) FROM unmatched_login").await;
    let answer = admin
        .post(&format!("/admin/unmatched/{case}/approve"), &[])
        .await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    receiver.wait_for(3).await;
    let mut kinds = receiver.kinds();
    kinds.sort_unstable();
    assert_eq!(kinds, ["review.decided", "review.waiting", "staff.added"]);
    let requests = receiver.requests();
    let added = requests
        .iter()
        .find(|request| request.kind() == "staff.added");
    assert_eq!(added.unwrap().json()["data"]["userid"], company::EMPLOYEE);
}

#[sqlx::test]
async fn whom_provisioning_brings_in_is_told(pool: PgPool) {
    let (app, receiver) = spawn_with(&pool, |settings| {
        let value = "provision".to_owned();
        settings.insert("DINGGATE_UNKNOWN_STAFF".to_owned(), value);
    })
    .await;
    app.signed_in(company::EMPLOYEE).await;
    let added = one(&app, &receiver, "staff.added").await;
    assert_eq!(added["userid"], company::EMPLOYEE);
}

#[sqlx::test]
async fn one_transaction_is_one_message_a_person_and_its_net_effect_counts(pool: PgPool) {
    let (app, receiver) = spawn(&pool).await;
    app.execute(
        "INSERT INTO staff (userid, unionid, name) VALUES ('a', 'ua', 'A'), ('b', 'ub', 'B')",
    )
    .await;
    receiver.wait_for(2).await;
    receiver.forget();
    // What is taken and given back, and what only says when it was written, changes nothing.
    app.execute(
        "BEGIN;
         UPDATE staff SET unionid = NULL WHERE userid IN ('a', 'b');
         UPDATE staff SET unionid = 'u' || userid, observed_at = now(), updated_at = now() WHERE userid IN ('a', 'b');
         UPDATE staff SET title = 'new' WHERE userid = 'b';
         INSERT INTO staff_department (userid, dept_id) VALUES ('b', 1), ('b', 2);
         UPDATE staff_department SET sort_order = 5 WHERE userid = 'b';
         COMMIT;",
    )
    .await;
    let told = one(&app, &receiver, "staff.changed").await;
    assert_eq!(told["userid"], "b");
    assert_eq!(told["changed"], json!(["title", "departments"]));
    app.execute("UPDATE staff_department SET sort_order = 6 WHERE userid = 'b'")
        .await;
    app.execute("BEGIN; UPDATE staff SET title = 'x' WHERE userid = 'a'; ROLLBACK;")
        .await;
    tokio::time::sleep(Duration::from_millis(700)).await;
    assert_eq!(receiver.kinds(), [""; 0]);
    // Two transactions are two messages, in their order.
    app.execute("UPDATE staff SET status = 'left', left_at = now(), left_cause = 'event' WHERE userid = 'a'")
        .await;
    app.execute("UPDATE staff SET status = 'employed', left_at = NULL, left_cause = NULL WHERE userid = 'a'")
        .await;
    receiver.wait_for(2).await;
    let mut kinds = receiver.kinds();
    kinds.sort_unstable();
    assert_eq!(kinds, ["staff.left", "staff.returned"]);
}
