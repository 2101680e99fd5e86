use std::time::Duration;

use dingtalk_sim::{
    EventState, FieldNames, NewPerson, Overrides, OwnerKey, PersonChange, SimConfig, company,
};
use serde_json::{Value, json};

use crate::support::{Caller, Receiver, Reply};

const SOON: Duration = Duration::from_secs(5);

fn config() -> SimConfig {
    SimConfig {
        retry_delays: vec![Duration::from_millis(40), Duration::from_millis(60)],
        reply_deadline: Duration::from_millis(400),
        ..SimConfig::default()
    }
}

/// A stand-in whose pushes go to a receiver with this script.
fn connected(config: SimConfig, script: &[Reply]) -> (Caller, Receiver) {
    let receiver = Receiver::start(&config, script);
    let caller = Caller::with(SimConfig {
        callback_url: Some(receiver.url.clone()),
        ..config
    });
    (caller, receiver)
}

#[actix_web::test]
async fn people_raise_the_events_that_tell_of_them() {
    let (caller, receiver) = connected(config(), &[]);
    let person = caller.sim.hire(NewPerson::named("李雷")).unwrap();
    assert!(caller.sim.settled(SOON).await);
    let title = PersonChange {
        title: Some("经理".into()),
        ..PersonChange::default()
    };
    caller.sim.change(&person.userid, title).unwrap();
    assert!(caller.sim.settled(SOON).await);
    caller.sim.dismiss(&person.userid).unwrap();
    assert!(caller.sim.settled(SOON).await);
    let mut types = receiver.types();
    types[..2].sort();
    assert_eq!(
        types,
        [
            "user_add_org",
            "user_modify_org",
            "user_modify_org",
            "user_leave_org"
        ]
    );
    for seen in receiver.seen() {
        assert_eq!(seen.event["UserId"], json!([person.userid]));
        assert_eq!(seen.event["OptStaffId"], company::ADMIN);
        assert_eq!(seen.event["CorpId"], caller.sim.config().corp_id);
        assert!(seen.event["TimeStamp"].as_str().unwrap().len() == 13);
        let timestamp = &seen
            .query
            .iter()
            .find(|(key, _)| key == "timestamp")
            .unwrap()
            .1;
        assert_eq!(timestamp.len(), 13);
    }
    assert_eq!(caller.sim.events_in(EventState::Delivered), 4);
}

#[actix_web::test]
async fn a_return_under_a_new_userid_is_a_joining() {
    let (caller, receiver) = connected(config(), &[]);
    caller.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    caller
        .sim
        .rehire(company::EMPLOYEE, Some("zhangsan02"))
        .unwrap();
    assert!(caller.sim.settled(SOON).await);
    let seen = receiver.seen();
    assert_eq!(seen.len(), 2);
    assert!(
        seen.iter()
            .all(|seen| seen.event["UserId"] == json!(["zhangsan02"]))
    );
}

#[actix_web::test]
async fn departments_raise_the_events_that_tell_of_them() {
    let (caller, receiver) = connected(config(), &[]);
    let team = caller.sim.create_department("税务组", 1).unwrap().dept_id;
    assert!(caller.sim.settled(SOON).await);
    caller.sim.rename_department(team, "税务部").unwrap();
    assert!(caller.sim.settled(SOON).await);
    caller.sim.move_department(team, 410_020_006).unwrap();
    assert!(caller.sim.settled(SOON).await);
    caller.sim.remove_department(team).unwrap();
    assert!(caller.sim.settled(SOON).await);
    assert_eq!(
        receiver.types(),
        [
            "org_dept_create",
            "org_dept_modify",
            "org_dept_modify",
            "org_dept_remove"
        ]
    );
    assert!(
        receiver
            .seen()
            .iter()
            .all(|seen| seen.event["DeptId"] == json!([team]))
    );
}

#[actix_web::test]
async fn quiet_acts_send_nothing_and_are_logged_as_dropped() {
    let (caller, receiver) = connected(config(), &[]);
    caller.sim.hire_quietly(NewPerson::named("李雷")).unwrap();
    caller
        .sim
        .change_quietly(company::EMPLOYEE, PersonChange::default())
        .unwrap();
    caller.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    caller.sim.rehire_quietly(company::EMPLOYEE, None).unwrap();
    assert!(caller.sim.settled(SOON).await);
    assert!(receiver.seen().is_empty());
    assert_eq!(caller.sim.events_in(EventState::Dropped), 6);
}

#[actix_web::test]
async fn without_a_callback_address_events_are_only_logged() {
    let caller = Caller::new();
    caller.sim.dismiss(company::EMPLOYEE).unwrap();
    assert_eq!(caller.sim.events_in(EventState::Dropped), 1);
    let error = caller.sim.check_url().await.unwrap_err();
    assert!(error.contains("no callback address"), "{error}");
    let receiver = Receiver::start(caller.sim.config(), &[]);
    caller.sim.set_callback_url(Some(&receiver.url));
    caller
        .sim
        .send_event(json!({"EventType": "user_active_org", "UserId": ["a"]}));
    assert!(caller.sim.settled(SOON).await);
    assert_eq!(receiver.types(), ["user_active_org"]);
}

#[actix_web::test]
async fn the_owner_key_may_be_the_companys() {
    let config = SimConfig {
        owner_key: OwnerKey::CorpId,
        ..config()
    };
    let (caller, receiver) = connected(config, &[]);
    caller.sim.check_url().await.unwrap();
    assert_eq!(receiver.types(), ["check_url"]);
}

#[actix_web::test]
async fn the_documented_spelling_has_an_event_id_that_retries_keep() {
    let config = SimConfig {
        fields: FieldNames::Camel,
        ..config()
    };
    let (caller, receiver) = connected(config, &[Reply::Status(500)]);
    let name = PersonChange {
        name: Some("张山".into()),
        ..PersonChange::default()
    };
    caller.sim.change(company::EMPLOYEE, name).unwrap();
    assert!(caller.sim.settled(SOON).await);
    let seen = receiver.seen();
    assert_eq!((seen.len(), &seen[0].event), (2, &seen[1].event));
    let event = &seen[0].event;
    assert_eq!(event["userId"], json!([company::EMPLOYEE]));
    assert_eq!(event["eventId"].as_str().unwrap().len(), 32);
    assert_eq!(event["diffInfo"]["curr"]["name"], "张山");
    assert!(event.get("UserId").is_none());
    let nonce = |at: usize| {
        seen[at]
            .query
            .iter()
            .find(|(key, _)| key == "nonce")
            .unwrap()
            .1
            .clone()
    };
    assert_ne!(nonce(0), nonce(1), "each attempt is signed anew");
}

#[actix_web::test]
async fn an_event_is_retried_twice_and_then_arrives() {
    let (caller, receiver) = connected(config(), &[Reply::Status(503), Reply::Text("success")]);
    caller.sim.dismiss(company::EMPLOYEE).unwrap();
    assert!(caller.sim.settled(SOON).await);
    assert_eq!(receiver.seen().len(), 3);
    let record = &caller.sim.events()[0];
    assert_eq!((record.state, record.attempts), (EventState::Delivered, 3));
    assert!(caller.sim.failed_events().is_empty());
}

#[actix_web::test]
async fn every_wrong_answer_is_a_failure() {
    let slow = Reply::Slow(Duration::from_millis(700));
    for (reply, word) in [
        (Reply::Status(201), "201"),
        (Reply::Status(302), "302"),
        (Reply::Status(403), "403"),
        (Reply::Text(""), "71009"),
        (Reply::Text("success"), "71009"),
        (Reply::Text("{}"), "71010"),
        (Reply::OtherOwner, "owner key"),
        (slow, "in time"),
    ] {
        let (caller, _) = connected(config(), &[reply]);
        let error = caller.sim.check_url().await.unwrap_err();
        assert!(error.contains(word), "{word}: {error}");
        caller.sim.check_url().await.unwrap();
    }
}

#[actix_web::test]
async fn what_failed_three_times_stands_in_the_failed_list_until_fetched_twice() {
    let no = Reply::Status(500);
    let (caller, receiver) = connected(config(), &[no.clone(), no.clone(), no]);
    caller.sim.dismiss(company::EMPLOYEE).unwrap();
    assert!(caller.sim.settled(SOON).await);
    assert_eq!(receiver.seen().len(), 3);
    assert_eq!(caller.sim.events_in(EventState::Failed), 1);
    let token = caller.token().await;
    let fetch = format!("/call_back/get_call_back_failed_result?access_token={token}");
    let answer = caller.get(&fetch).await;
    let born = caller.sim.events()[0].born_at;
    assert_eq!(
        answer,
        json!({"errcode": 0, "errmsg": "ok", "has_more": false, "failed_list": [{
            "call_back_tag": "user_leave_org", "event_time": born,
            "user_leave_org": {"corpid": caller.sim.config().corp_id, "userid": [company::EMPLOYEE]},
        }]})
    );
    assert_eq!(caller.get(&fetch).await["failed_list"], json!([]));
    assert!(caller.sim.failed_events().is_empty());
}

#[actix_web::test]
async fn the_failed_list_wants_a_token() {
    let caller = Caller::new();
    let answer = caller
        .get("/call_back/get_call_back_failed_result?access_token=x")
        .await;
    assert_eq!(answer["errcode"], 40014);
}

#[actix_web::test]
async fn check_url_is_sent_at_the_start_until_it_is_answered() {
    let receiver = Receiver::start(&config(), &[Reply::Status(500)]);
    let caller = Caller::with(SimConfig {
        callback_url: Some(receiver.url.clone()),
        check_url_at_start: true,
        ..config()
    });
    let end = std::time::Instant::now() + SOON;
    while caller.get("/sim/api/status").await["url_check"] != "ok" {
        assert!(std::time::Instant::now() < end);
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(receiver.seen()[0].event, json!({"EventType": "check_url"}));
    assert_eq!(receiver.seen().len(), 2);
}

#[actix_web::test]
async fn a_crafted_push_is_what_the_stand_in_itself_would_send() {
    let caller = Caller::new();
    let receiver = Receiver::start(caller.sim.config(), &[]);
    let event = json!({"EventType": "user_add_org", "UserId": ["李雷"]});
    let push = caller.sim.encrypt_event(&event);
    let url = format!("{}?{}", receiver.url, push.query);
    let answer = caller.http.post(url).body(push.body).send().await.unwrap();
    let body = answer.text().await.unwrap();
    caller.sim.check_reply(&body).unwrap();
    assert!(caller.sim.check_reply("{}").is_err());
    assert_eq!(receiver.seen()[0].event, event);
}

#[test]
fn a_crafted_push_can_be_wrong_in_any_part() {
    let caller = Caller::new();
    let config = caller.sim.config();
    let right = Overrides {
        timestamp: Some("1700000000000".into()),
        nonce: Some("kBms4hUF".into()),
        random: Some(*b"A1b2C3d4E5f6G7h8"),
        ..Overrides::default()
    };
    let message = br#"{"EventType":"check_url"}"#;
    let push = caller.sim.encrypt_with(message, &right).unwrap();
    assert_eq!(push.signature, "95ed2c089e602b1180c97f30e50b1c97988259ff");
    let other = |change: fn(&mut Overrides)| {
        let mut other = right.clone();
        change(&mut other);
        caller.sim.encrypt_with(message, &other).unwrap()
    };
    assert_ne!(
        other(|o| o.token = Some("other".into())).signature,
        push.signature
    );
    assert_eq!(
        other(|o| o.token = Some("other".into())).encrypt,
        push.encrypt
    );
    assert_ne!(
        other(|o| o.owner_key = Some("other".into())).encrypt,
        push.encrypt
    );
    assert_ne!(
        other(|o| o.nonce = Some("other".into())).signature,
        push.signature
    );
    assert_ne!(other(|o| o.random = None).encrypt, push.encrypt);
    let key = "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4";
    let foreign = Overrides {
        aes_key: Some(key.into()),
        ..right.clone()
    };
    assert_ne!(
        caller.sim.encrypt_with(message, &foreign).unwrap().encrypt,
        push.encrypt
    );
    let bad = Overrides {
        aes_key: Some("short".into()),
        ..right.clone()
    };
    assert!(caller.sim.encrypt_with(message, &bad).is_err());
    let body: Value = serde_json::from_str(&push.body).unwrap();
    assert_eq!(body, json!({"encrypt": push.encrypt}));
    assert_eq!(config.owner_key, OwnerKey::AppKey);
}
