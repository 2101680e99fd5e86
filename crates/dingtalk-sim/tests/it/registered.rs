use std::time::Duration;

use dingtalk_sim::{
    EventState, FailedShape, Fault, NewPerson, OwnerKey, PersonChange, SimConfig, Subscription,
    company,
};
use serde_json::{Value, json};

use crate::support::{Caller, Receiver, Reply};

const SOON: Duration = Duration::from_secs(5);
const TOKEN: &str = "registeredtoken";
const KEY: &str = "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4";

fn config() -> SimConfig {
    SimConfig {
        retry_delays: vec![Duration::from_millis(40)],
        reply_deadline: Duration::from_millis(400),
        calls_per_second: 10_000,
        ..SimConfig::default()
    }
}

/// A receiver that knows what will be registered.
fn receiver(script: &[Reply]) -> Receiver {
    let config = SimConfig {
        callback_token: TOKEN.into(),
        callback_aes_key: KEY.into(),
        owner_key: OwnerKey::CorpId,
        ..config()
    };
    Receiver::start(&config, script)
}

fn wish(url: &str, tags: &[&str]) -> Value {
    json!({"call_back_tag": tags, "token": TOKEN, "aes_key": KEY, "url": url})
}

async fn post(caller: &Caller, name: &str, body: &Value) -> Value {
    let token = caller.token().await;
    let path = format!("/call_back/{name}_call_back?access_token={token}");
    caller.post(&path, body).await
}

async fn get(caller: &Caller, name: &str) -> Value {
    let token = caller.token().await;
    caller
        .get(&format!("/call_back/{name}?access_token={token}"))
        .await
}

#[actix_web::test]
async fn a_callback_is_registered_shown_changed_and_deleted() {
    let (caller, receiver) = (Caller::with(config()), receiver(&[]));
    assert_eq!(get(&caller, "get_call_back").await["errcode"], 71007);
    assert_eq!(get(&caller, "delete_call_back").await["errcode"], 71007);
    let first = wish(&receiver.url, &["user_add_org", "bpms_instance_change"]);
    assert_eq!(post(&caller, "update", &first).await["errcode"], 71007);
    assert_eq!(
        post(&caller, "register", &first).await,
        json!({"errcode": 0, "errmsg": "ok"})
    );
    assert_eq!(receiver.types(), ["check_url"]);
    let shown = get(&caller, "get_call_back").await;
    assert_eq!(
        shown,
        json!({"errcode": 0, "errmsg": "ok", "token": TOKEN, "aes_key": KEY, "url": receiver.url,
               "call_back_tag": ["user_add_org", "bpms_instance_change"]})
    );
    assert_eq!(post(&caller, "register", &first).await["errcode"], 71006);
    let second = wish(&receiver.url, &["org_change"]);
    assert_eq!(post(&caller, "update", &second).await["errcode"], 0);
    assert_eq!(receiver.types(), ["check_url", "check_url"]);
    let registered = caller.sim.registered_callback().unwrap();
    assert_eq!(registered.call_back_tag, ["org_change"]);
    assert_eq!(get(&caller, "delete_call_back").await["errcode"], 0);
    assert_eq!(caller.sim.registered_callback(), None);
}

#[actix_web::test]
async fn each_field_is_checked_before_the_receiver_is_asked() {
    let (caller, receiver) = (Caller::with(config()), receiver(&[]));
    let good = wish(&receiver.url, &["user_add_org"]);
    let cases = [
        ("call_back_tag", Value::Null, 71010),
        ("call_back_tag", json!("user_add_org"), 71010),
        ("call_back_tag", json!([]), 71008),
        ("call_back_tag", json!(["user_add_org", "nothing"]), 71008),
        ("call_back_tag", json!([7]), 71008),
        ("token", Value::Null, 71010),
        ("token", json!("five5"), 71010),
        ("token", json!("x".repeat(64)), 71010),
        ("token", json!(123_456), 71010),
        ("aes_key", Value::Null, 71010),
        ("aes_key", json!(KEY.get(1..)), 71010),
        ("aes_key", json!("-".repeat(43)), 71010),
        ("url", Value::Null, 71010),
        ("url", json!("people.example.com/dd"), 71011),
        ("url", json!("ftp://people.example.com/dd"), 71011),
    ];
    for (field, value, code) in cases {
        let mut bad = good.clone();
        bad[field] = value;
        let answer = post(&caller, "register", &bad).await;
        assert_eq!(answer["errcode"], code, "{bad}");
    }
    assert!(receiver.seen().is_empty());
    assert_eq!(caller.sim.registered_callback(), None);
}

#[actix_web::test]
async fn a_receiver_that_does_not_answer_right_is_not_registered() {
    let slow = Reply::Slow(Duration::from_millis(700));
    for (reply, code, word) in [
        (Reply::Text("success"), 71009, "JSON"),
        (Reply::OtherOwner, 71009, "owner key"),
        (Reply::Text("{}"), 71009, "msg_signature"),
        (Reply::Status(403), 71012, "403"),
        (Reply::Status(302), 71012, "302"),
        (slow, 71012, "in time"),
    ] {
        let (caller, receiver) = (Caller::with(config()), receiver(&[reply]));
        let wish = wish(&receiver.url, &["user_add_org"]);
        let answer = post(&caller, "register", &wish).await;
        assert_eq!(answer["errcode"], code, "{answer}");
        assert!(
            answer["errmsg"].as_str().unwrap().contains(word),
            "{answer}"
        );
        assert_eq!(caller.sim.registered_callback(), None);
        assert_eq!(post(&caller, "register", &wish).await["errcode"], 0);
    }
    let caller = Caller::with(config());
    let nobody = wish("http://127.0.0.1:9/events", &["user_add_org"]);
    assert_eq!(post(&caller, "register", &nobody).await["errcode"], 71012);
}

#[actix_web::test]
async fn a_change_that_is_not_confirmed_leaves_the_callback_as_it_was() {
    let (caller, receiver) = (Caller::with(config()), receiver(&[]));
    let first = wish(&receiver.url, &["user_add_org"]);
    post(&caller, "register", &first).await;
    let other = wish("http://127.0.0.1:9/events", &["org_change"]);
    assert_eq!(post(&caller, "update", &other).await["errcode"], 71012);
    assert_eq!(caller.sim.registered_callback().unwrap().url, receiver.url);
}

#[actix_web::test]
async fn methods_and_tokens_are_refused_with_plain_codes() {
    let caller = Caller::with(config());
    let token = caller.token().await;
    for name in ["register_call_back", "update_call_back"] {
        let path = format!("/call_back/{name}?access_token={token}");
        assert_eq!(caller.get(&path).await["errcode"], 43002);
    }
    for name in [
        "get_call_back",
        "delete_call_back",
        "get_call_back_failed_result",
    ] {
        let path = format!("/call_back/{name}?access_token={token}");
        assert_eq!(caller.post(&path, &json!({})).await["errcode"], 43001);
        for (shown, code) in [("", 41001), ("?access_token=x", 40014)] {
            let answer = caller.get(&format!("/call_back/{name}{shown}")).await;
            assert_eq!(answer["errcode"], code);
            assert_eq!(answer.get("sub_code"), None);
        }
    }
}

#[actix_web::test]
async fn only_registered_types_are_pushed_and_the_console_gets_all_beside_it() {
    let console = Receiver::start(&config(), &[]);
    let caller = Caller::with(SimConfig {
        callback_url: Some(console.url.clone()),
        ..config()
    });
    let registered = receiver(&[]);
    let wish = wish(&registered.url, &["user_leave_org"]);
    assert_eq!(post(&caller, "register", &wish).await["errcode"], 0);
    let person = caller.sim.hire(NewPerson::named("李雷")).unwrap();
    caller.sim.dismiss(&person.userid).unwrap();
    assert!(caller.sim.settled(SOON).await);
    assert_eq!(registered.types(), ["check_url", "user_leave_org"]);
    assert_eq!(console.types().len(), 3);
    let has_both = |receiver: &Receiver| {
        let seen = receiver.seen();
        seen.iter()
            .all(|s| s.query.iter().any(|(key, _)| key == "msg_signature"))
    };
    assert!(has_both(&console) && !has_both(&registered));
    let to_registered = |r: &&dingtalk_sim::EventRecord| r.subscription == Subscription::Registered;
    assert_eq!(caller.sim.events().iter().filter(to_registered).count(), 1);
    caller.sim.set_callback_url(None);
    caller.sim.rehire(&person.userid, None).unwrap();
    caller.sim.dismiss(&person.userid).unwrap();
    assert!(caller.sim.settled(SOON).await);
    assert_eq!(registered.types().len(), 3);
    assert_eq!(console.types().len(), 3);
    assert_eq!(
        caller.sim.events_in(EventState::Dropped),
        2,
        "two tags that nobody wants"
    );
}

#[actix_web::test]
async fn a_registered_push_that_fails_stands_in_the_failed_list() {
    let no = Reply::Status(500);
    let (caller, receiver) = (
        Caller::with(config()),
        receiver(&[Reply::Success, no.clone(), no]),
    );
    let wish = wish(&receiver.url, &["user_modify_org"]);
    post(&caller, "register", &wish).await;
    let title = PersonChange {
        title: Some("经理".into()),
        ..PersonChange::default()
    };
    caller.sim.change(company::EMPLOYEE, title).unwrap();
    assert!(caller.sim.settled(SOON).await);
    caller.sim.set_failed_shape(FailedShape::Flat);
    let answer = get(&caller, "get_call_back_failed_result").await;
    let born = caller.sim.failed_events()[0].born_at;
    assert_eq!(
        answer["failed_list"],
        json!([{"call_back_tag": "user_modify_org", "event_time": born,
                "corpid": caller.sim.config().corp_id, "userid": [company::EMPLOYEE]}])
    );
}

#[actix_web::test]
async fn entries_put_on_the_failed_list_come_200_at_a_time_as_they_are() {
    let caller = Caller::with(config());
    let many =
        (0..250).map(|number| json!({"call_back_tag": "user_add_org", "event_time": number}));
    caller.sim.add_failed_many(many);
    caller.sim.add_failed(json!("malformed"));
    let two = json!([{"call_back_tag": 7}, null]);
    caller.post("/sim/api/failed", &two).await;
    assert_eq!(caller.sim.failed_count(), 253);
    let first = get(&caller, "get_call_back_failed_result").await;
    assert_eq!(first["has_more"], true);
    assert_eq!(first["failed_list"].as_array().unwrap().len(), 200);
    let second = get(&caller, "get_call_back_failed_result").await;
    assert_eq!(second["has_more"], false);
    let rest = second["failed_list"].as_array().unwrap();
    assert_eq!(rest[0]["event_time"], 200);
    assert_eq!(
        rest[50..],
        [json!("malformed"), json!({"call_back_tag": 7}), Value::Null]
    );
    assert_eq!(caller.sim.failed_count(), 53, "held until the next call");
    let third = get(&caller, "get_call_back_failed_result").await;
    assert_eq!(third["failed_list"], json!([]));
    assert_eq!(caller.sim.failed_count(), 0);
}

/// A call that does all its work while the caller hears nothing.
async fn unheard(caller: &Caller, path: &str, body: Option<&Value>) {
    let token = caller.token().await;
    caller.sim.fault_times(path, Fault::LoseAnswer, 1);
    let url = format!("{}{path}?access_token={token}", caller.sim.url());
    let call = match body {
        Some(body) => caller.http.post(url).json(body),
        None => caller.http.get(url),
    };
    let call = call.timeout(Duration::from_millis(600));
    assert!(call.send().await.unwrap_err().is_timeout());
}

#[actix_web::test]
async fn a_lost_answer_has_had_its_effect() {
    let (caller, receiver) = (Caller::with(config()), receiver(&[]));
    let wish = wish(&receiver.url, &["user_add_org"]);
    unheard(&caller, "/call_back/register_call_back", Some(&wish)).await;
    assert_eq!(post(&caller, "register", &wish).await["errcode"], 71006);
    let entry = |number: i64| json!({"call_back_tag": "org_change", "event_time": number});
    caller.sim.add_failed_many((0..201).map(entry));
    unheard(&caller, "/call_back/get_call_back_failed_result", None).await;
    let next = get(&caller, "get_call_back_failed_result").await;
    assert_eq!(
        next["failed_list"],
        json!([entry(200)]),
        "200 were given and are forgotten"
    );
    unheard(&caller, "/call_back/delete_call_back", None).await;
    assert_eq!(get(&caller, "get_call_back").await["errcode"], 71007);
}

#[actix_web::test]
async fn the_page_and_the_status_tell_of_the_registered_callback() {
    let (caller, receiver) = (Caller::with(config()), receiver(&[]));
    post(&caller, "register", &wish(&receiver.url, &["user_add_org"])).await;
    let status = caller.get("/sim/api/status").await;
    assert_eq!(
        status["registered_callback"],
        json!({"url": receiver.url, "call_back_tag": ["user_add_org"]})
    );
    assert!(!status.to_string().contains(TOKEN));
    let (_, _, page) = caller.page("/sim/events").await;
    assert!(page.contains(&receiver.url) && !page.contains(TOKEN));
    let shape = json!({"shape": "flat"});
    caller.post("/sim/api/failed/shape", &shape).await;
    assert_eq!(caller.get("/sim/api/status").await["failed_shape"], "flat");
}
