use serde_json::json;

use super::*;

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
    assert_eq!(pascal.userids, ["a", "b"]);
    assert_eq!(pascal.time.unwrap().timestamp_millis(), 1_700_000_001_200);
    assert_eq!((pascal.kind, pascal.problem), (EventKind::UserJoined, None));
    for other in [camel, lower] {
        assert_eq!((other.kind, other.time), (pascal.kind, pascal.time));
        assert_eq!(other.userids, pascal.userids);
    }
}

#[test]
fn an_id_may_stand_without_its_list_and_as_a_number() {
    let plain =
        Event::parse(&json!({"EventType": "user_leave_org", "userId": "0158", "unionid": "x"}));
    assert_eq!(plain.userids, ["0158"]);
    assert_eq!(plain.problem, None);
    let text = Event::parse(
        &json!({"EventType": "user_leave_org", "UserId": "[\"a\", \"b\"]", "TimeStamp": 1}),
    );
    assert_eq!(text.userids, ["a", "b"]);
    assert_eq!(text.problem, None);
    let list =
        Event::parse(&json!({"EventType": "user_leave_org", "UserId": ["a", "b"], "TimeStamp": 1}));
    assert_eq!(text.userids, list.userids);
    let departments =
        Event::parse(&json!({"EventType": "org_dept_remove", "DeptId": "[7, \"8\"]"}));
    assert_eq!(departments.dept_ids, [7, 8]);
    let no_list = Event::parse(&json!({"EventType": "user_leave_org", "UserId": "[a"}));
    assert_eq!(no_list.userids, ["[a"]);
    assert_eq!(no_list.problem, None);
    let number = Event::parse(&json!({"EventType": "user_leave_org", "UserId": [158]}));
    assert_eq!(number.userids, ["158"]);
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
    assert_eq!((none.problem, none.dept_ids.is_empty()), (None, true));
}

#[test]
fn what_cannot_be_read_is_a_problem_of_the_event_and_the_rest_is_kept() {
    let event = Event::parse(
        &json!({"EventType": "user_modify_org", "UserId": ["good", null, "", {"a": 1}, 1.5]}),
    );
    assert_eq!(event.userids, ["good"]);
    assert_eq!(event.problem, Some(BAD_PEOPLE));
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
        Event::parse(&json!({"EventType": "x", "TimeStamp": value})).time
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
fn nul_is_replaced_and_a_type_is_printable() {
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
            Event::from_failed_entry(&value);
        }
        for kind in ["user_leave_org", "org_dept_remove", "check_in"] {
            let event = Event::parse(&json!({"EventType": kind, "UserId": [id, number], "DeptId": [number, id], "TimeStamp": number, "eventId": id}));
            proptest::prop_assert!(event.userids.iter().all(|id| id.len() <= 128));
            proptest::prop_assert!(event.dept_ids.iter().all(|id| *id > 0));
        }
    }
}
