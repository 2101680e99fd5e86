use serde_json::json;

use super::*;

fn users(event: &Event) -> Vec<&str> {
    event.userids.iter().map(UserId::as_str).collect()
}

#[test]
fn both_spellings_of_the_fields_are_one_event() {
    let pascal = Event::parse(
        &json!({"EventType": "user_add_org", "UserId": ["b", "a"], "TimeStamp": "1700000001200"}),
    );
    let camel = Event::parse(
        &json!({"eventType": "user_add_org", "userId": ["a", "b"], "timeStamp": 1_700_000_001_200_i64}),
    );
    let lower = Event::parse(
        &json!({"eventtype": "user_add_org", "userid": ["a", "b", "a"], "eventTime": "1700000001200"}),
    );
    assert_eq!(users(&pascal), ["a", "b"]);
    assert_eq!(
        pascal.event_time.unwrap().timestamp_millis(),
        1_700_000_001_200
    );
    assert_eq!((pascal.kind, pascal.problem), (Kind::UserJoined, None));
    assert_eq!(pascal.dedupe_key, camel.dedupe_key);
    assert_eq!(pascal.dedupe_key, lower.dedupe_key);
}

#[test]
fn an_id_may_stand_without_its_list_and_as_a_number() {
    let plain =
        Event::parse(&json!({"EventType": "user_leave_org", "userId": "0158", "unionid": "x"}));
    assert_eq!((users(&plain), plain.problem), (vec!["0158"], None));
    let text = Event::parse(
        &json!({"EventType": "user_leave_org", "UserId": "[\"a\", \"b\"]", "TimeStamp": 1}),
    );
    assert_eq!((users(&text), text.problem), (vec!["a", "b"], None));
    let list =
        Event::parse(&json!({"EventType": "user_leave_org", "UserId": ["a", "b"], "TimeStamp": 1}));
    assert_eq!(text.dedupe_key, list.dedupe_key);
    let departments =
        Event::parse(&json!({"EventType": "org_dept_remove", "DeptId": "[7, \"8\"]"}));
    assert_eq!(departments.dept_ids, [7, 8]);
    let no_list = Event::parse(&json!({"EventType": "user_leave_org", "UserId": "[a"}));
    assert_eq!((users(&no_list), no_list.problem), (vec!["[a"], None));
    let number = Event::parse(&json!({"EventType": "user_leave_org", "UserId": [158]}));
    assert_eq!(users(&number), ["158"]);
    let department = Event::parse(&json!({"EventType": "org_dept_create", "DeptId": "4100200330"}));
    assert_eq!(
        (department.dept_ids, department.problem),
        (vec![4_100_200_330], None)
    );
}

#[test]
fn large_department_ids_are_whole_and_home_school_contacts_are_left_out() {
    let event = Event::parse(
        &json!({"EventType": "org_dept_remove", "deptId": [9_007_199_254_740_993_i64, -7, 0, "12"]}),
    );
    assert_eq!(event.dept_ids, [12, 9_007_199_254_740_993]);
    assert_eq!(event.problem, None);
    let none = Event::parse(&json!({"EventType": "org_dept_modify", "DeptId": [-1]}));
    assert_eq!((none.problem, none.names_something()), (None, false));
}

#[test]
fn what_cannot_be_read_is_a_problem_of_the_event_and_the_rest_is_kept() {
    let event = Event::parse(
        &json!({"EventType": "user_modify_org", "UserId": ["good", null, "", {"a": 1}, 1.5]}),
    );
    assert_eq!(
        (users(&event), event.problem),
        (vec!["good"], Some(BAD_PEOPLE))
    );
    assert!(event.names_something());
    for odd in [
        json!({"EventType": "user_add_org"}),
        json!({"EventType": "user_add_org", "UserId": []}),
    ] {
        assert_eq!(Event::parse(&odd).problem, Some(NO_PEOPLE));
    }
    assert_eq!(
        Event::parse(&json!({"EventType": "org_dept_create"})).problem,
        Some(NO_DEPARTMENTS)
    );
    assert_eq!(
        Event::parse(&json!({"EventType": "org_dept_create", "DeptId": ["x"]})).problem,
        Some(BAD_DEPARTMENTS)
    );
    assert_eq!(
        Event::parse(&json!({"EventType": "chat_quit", "UserId": null})).problem,
        None
    );
}

#[test]
fn times_in_seconds_as_text_or_out_of_range_are_understood() {
    let time = |value: serde_json::Value| {
        Event::parse(&json!({"EventType": "x", "TimeStamp": value})).event_time
    };
    assert_eq!(
        time(json!(1_700_000_001)).unwrap().timestamp_millis(),
        1_700_000_001_000
    );
    assert_eq!(
        time(json!(" 1700000001200 ")).unwrap().timestamp_millis(),
        1_700_000_001_200
    );
    for odd in [
        json!("soon"),
        json!(0),
        json!(-5),
        json!(i64::MIN),
        json!(u64::MAX),
        json!(1e300),
        json!("9999999999999999"),
        json!(null),
    ] {
        assert_eq!(time(odd.clone()), None, "{odd}");
    }
}

#[test]
fn the_events_own_id_decides_where_there_is_one() {
    let one = Event::parse(
        &json!({"EventType": "user_add_org", "userId": ["a"], "eventId": "c7", "timeStamp": "1700000001200"}),
    );
    let again = Event::parse(
        &json!({"EventType": "user_add_org", "userId": ["a"], "EventId": "c7", "timeStamp": "1700000009999"}),
    );
    assert_eq!(one.dedupe_key, "id:c7");
    assert_eq!(again.dedupe_key, "id:c7");
    let long = Event::parse(&json!({"EventType": "x", "eventId": "y".repeat(5000)}));
    assert_eq!(long.dedupe_key.len(), "idhash:".len() + 64);
}

#[test]
fn different_events_have_different_keys() {
    let key = |value: serde_json::Value| Event::parse(&value).dedupe_key;
    let base = key(
        json!({"EventType": "user_add_org", "UserId": ["a"], "TimeStamp": 1_700_000_000_000_i64}),
    );
    assert_ne!(
        base,
        key(
            json!({"EventType": "user_leave_org", "UserId": ["a"], "TimeStamp": 1_700_000_000_000_i64})
        )
    );
    assert_ne!(
        base,
        key(
            json!({"EventType": "user_add_org", "UserId": ["b"], "TimeStamp": 1_700_000_000_000_i64})
        )
    );
    assert_ne!(
        base,
        key(
            json!({"EventType": "user_add_org", "UserId": ["a"], "TimeStamp": 1_700_000_000_001_i64})
        )
    );
    // These have the same ids and differ only in the rest of the message.
    let unknown = |who| {
        key(json!({"EventType": "check_in", "StaffId": who, "TimeStamp": 1_700_000_000_000_i64}))
    };
    assert_ne!(unknown("a"), unknown("b"));
    assert_eq!(unknown("a"), unknown("a"));
    let untimed =
        |staff| key(json!({"EventType": "user_modify_org", "UserId": ["a"], "OptStaffId": staff}));
    assert_ne!(untimed("x"), untimed("y"));
    let unreadable = |id| {
        key(
            json!({"EventType": "user_add_org", "UserId": [{"id": id}], "TimeStamp": 1_700_000_000_000_i64}),
        )
    };
    assert_ne!(unreadable("x"), unreadable("y"));
}

#[test]
fn what_postgres_cannot_hold_is_replaced() {
    let event = Event::parse(&json!({"EventType": "odd\u{0}\ntype", "a\u{0}": ["b\u{0}"]}));
    assert_eq!(event.event_type, "odd\u{fffd}type");
    assert_eq!(
        event.body,
        json!({"EventType": "odd\u{fffd}\ntype", "a\u{fffd}": ["b\u{fffd}"]})
    );
    assert_eq!(Event::parse(&json!({"a": 1})).event_type, "unnamed");
}

proptest::proptest! {
    #[test]
    fn no_message_stops_the_reader(text in r#"[\[\]{}",:a-zA-Z0-9\\u ]{0,80}"#, id in "\\PC{0,200}", number in proptest::num::i64::ANY) {
        if let Ok(value) = serde_json::from_str::<Value>(&text) {
            Event::parse(&value);
        }
        for kind in ["user_leave_org", "org_dept_remove", "check_in"] {
            let event = Event::parse(&json!({"EventType": kind, "UserId": [id, number], "DeptId": [number, id], "TimeStamp": number, "eventId": id}));
            proptest::prop_assert!(event.dedupe_key.len() <= 140);
            proptest::prop_assert!(event.dept_ids.iter().all(|id| *id > 0));
        }
    }
}

#[test]
fn an_event_of_another_company_names_nobody_and_is_not_taken_for_one_of_ours() {
    let event = |corp: serde_json::Value| {
        Event::parse(&json!({"EventType": "user_leave_org", "UserId": ["a"], "TimeStamp": 1_700_000_000_000_i64, "corpId": corp}))
            .checked_for("ours")
    };
    for ours in [json!("ours"), json!(null), json!("")] {
        let event = event(ours);
        assert_eq!((event.is_foreign, event.kind), (false, Kind::UserLeft));
    }
    let foreign = event(json!("theirs"));
    assert!(foreign.is_foreign && !foreign.names_something() && foreign.userids.is_empty());
    assert_eq!(foreign.identifying_time(), None);
    assert_ne!(foreign.dedupe_key, event(json!("ours")).dedupe_key);
    assert_ne!(foreign.dedupe_key, event(json!("others")).dedupe_key);
    let both = json!({"EventType": "user_leave_org", "UserId": ["a"], "CorpId": "ours", "corpId": "theirs"});
    assert!(Event::parse(&both).checked_for("ours").is_foreign);
}
