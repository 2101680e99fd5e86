use serde_json::json;

use super::*;

#[test]
fn both_spellings_of_the_fields_have_one_key() {
    let keys = [
        json!({"EventType": "user_add_org", "UserId": ["b", "a"], "TimeStamp": "1700000001200"}),
        json!({"eventType": "user_add_org", "userId": ["a", "b"], "timeStamp": 1_700_000_001_200_i64}),
        json!({"eventtype": "user_add_org", "userid": ["a", "b", "a"], "eventTime": "1700000001200"}),
        json!({"EventType": "user_add_org", "UserId": "[\"a\", \"b\"]", "TimeStamp": 1_700_000_001_200_i64}),
    ]
    .map(|message| of_callback(&message).dedupe_key);
    assert!(keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[test]
fn an_event_without_readable_ids_names_nothing() {
    let event = of_callback(
        &json!({"EventType": "user_modify_org", "UserId": ["good", null, "", {"a": 1}, 1.5]}),
    );
    assert!(event.problem.is_some() && event.names_something());
    let none = of_callback(&json!({"EventType": "org_dept_modify", "DeptId": [-1]}));
    assert_eq!((none.problem, none.names_something()), (None, false));
}

#[test]
fn the_events_own_id_decides_where_there_is_one() {
    let one = of_callback(
        &json!({"EventType": "user_add_org", "userId": ["a"], "eventId": "c7", "timeStamp": "1700000001200"}),
    );
    let again = of_callback(
        &json!({"EventType": "user_add_org", "userId": ["a"], "EventId": "c7", "timeStamp": "1700000009999"}),
    );
    assert_eq!(one.dedupe_key, "id:c7");
    assert_eq!(again.dedupe_key, "id:c7");
    let long = of_callback(&json!({"EventType": "x", "eventId": "y".repeat(5000)}));
    assert_eq!(long.dedupe_key.len(), "idhash:".len() + 64);
}

#[test]
fn different_events_have_different_keys() {
    let key = |value: serde_json::Value| of_callback(&value).dedupe_key;
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
fn an_event_of_another_company_names_nobody_and_is_not_taken_for_one_of_ours() {
    let event = |corp: serde_json::Value| {
        of_callback(&json!({"EventType": "user_leave_org", "UserId": ["a"], "TimeStamp": 1_700_000_000_000_i64, "corpId": corp}))
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
    assert!(of_callback(&both).checked_for("ours").is_foreign);
}

const AT: i64 = 1_700_000_001_200;

#[test]
fn an_entry_of_the_list_has_the_key_of_its_push() {
    let push = of_callback(
        &json!({"EventType": "user_leave_org", "UserId": ["a", "b"], "TimeStamp": AT.to_string()}),
    );
    for entry in [
        json!({"call_back_tag": "user_leave_org", "event_time": AT, "user_leave_org": {"corpid": "c", "userid": ["b", "a"]}}),
        json!({"call_back_tag": "user_leave_org", "event_time": AT.to_string(), "userid": ["a", "b"], "corpid": "c"}),
        json!({"call_back_tag": "user_leave_org", "event_time": AT, "user_leave_org": {"callbackData": {"userId": ["a", "b"], "timeStamp": AT}}}),
    ] {
        let event = of_failed_entry(&entry);
        assert_eq!(event.dedupe_key, push.dedupe_key, "{entry}");
        assert_eq!((event.kind, event.problem), (Kind::UserLeft, None));
        assert_eq!(event.body, entry);
    }
}

#[test]
fn unreadable_entries_have_keys_of_their_own() {
    let entries = [
        json!(7),
        json!("x"),
        json!({"event_time": AT}),
        json!({"call_back_tag": "user_leave_org", "user_leave_org": "{half"}),
        json!({"call_back_tag": "check_in", "check_in": {"callbackData": "{half"}}),
        json!({"call_back_tag": "user_leave_org", "user_leave_org": {"userid": []}}),
        json!({"call_back_tag": "user_leave_org", "user_leave_org": {"userid": ["a", {}]}}),
    ];
    let mut keys: Vec<_> = entries
        .iter()
        .map(|entry| of_failed_entry(entry).dedupe_key)
        .collect();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), entries.len());
}

#[test]
fn an_approval_is_not_identified_by_its_ids() {
    let entry = json!({"call_back_tag": "bpms_instance_change", "event_time": AT, "bpms_instance_change":
        {"corpid": "c", "bpmsCallBackData": "{\"processInstanceId\":\"p1\",\"type\":\"finish\"}"}});
    let event = of_failed_entry(&entry);
    assert!(!event.kind.is_identified_by_ids());
    assert!(is_contained_in(&event, &entry));
}

proptest::proptest! {
    #[test]
    fn a_key_is_short(id in "\\PC{0,200}", number in proptest::num::i64::ANY) {
        for kind in ["user_leave_org", "org_dept_remove", "check_in"] {
            let event = of_callback(&json!({"EventType": kind, "UserId": [id, number], "DeptId": [number, id], "TimeStamp": number, "eventId": id}));
            proptest::prop_assert!(event.dedupe_key.len() <= 140);
        }
    }
}
