use super::*;

fn row(status: &str, title: &str) -> Value {
    json!({"status": status, "title": title, "mobile": "13800000000", "left_cause": (status == "left").then_some("sync"), "is_held": false})
}

fn change(before: Option<Value>, after: Option<Value>, has_departments: bool) -> StaffChange {
    StaffChange {
        userid: "u-1".to_owned(),
        at: "2026-11-22T01:02:03.5Z".parse().unwrap(),
        before,
        after,
        has_departments,
        person: json!({"userid": "u-1", "name": "张三", "status": "employed"}),
    }
}

fn told(change: &StaffChange) -> Option<(&'static str, Value, Value)> {
    let message = message(change)?;
    let body: Value = serde_json::from_str(&message.body).unwrap();
    assert_eq!(body["type"], message.message_type.as_str());
    assert_eq!(body["data"]["userid"], "u-1");
    let data = &body["data"];
    Some((
        message.message_type.as_str(),
        data["changed"].clone(),
        data["cause"].clone(),
    ))
}

#[test]
fn each_kind_of_change_has_its_type() {
    let (employed, left) = (row("employed", "a"), row("left", "a"));
    let held = {
        let mut held = left.clone();
        held["is_held"] = json!(true);
        held
    };
    let cases = [
        (None, Some(&employed), "staff.added", json!([]), json!(null)),
        (None, Some(&left), "staff.left", json!([]), json!("sync")),
        (
            Some(&employed),
            Some(&left),
            "staff.left",
            json!([]),
            json!("sync"),
        ),
        (
            Some(&left),
            Some(&employed),
            "staff.returned",
            json!([]),
            json!(null),
        ),
        (
            Some(&held),
            Some(&employed),
            "staff.returned",
            json!([]),
            json!("manual"),
        ),
    ];
    for (before, after, wanted, changed, cause) in cases {
        let found = told(&change(before.cloned(), after.cloned(), false));
        assert_eq!(found, Some((wanted, changed, cause)));
    }
}

#[test]
fn the_fields_that_differ_are_named_and_departments_with_them() {
    let (before, after) = (row("employed", "a"), row("employed", "b"));
    let found = told(&change(Some(before.clone()), Some(after), true));
    let wanted = json!(["title", "departments"]);
    assert_eq!(found, Some(("staff.changed", wanted, Value::Null)));
    let found = told(&change(None, None, true));
    assert_eq!(
        found,
        Some(("staff.changed", json!(["departments"]), Value::Null))
    );
    assert_eq!(
        told(&change(Some(before.clone()), Some(before), false)),
        None
    );
}

#[test]
fn neither_number_nor_address_of_a_person_is_told() {
    let message = message(&change(None, Some(row("employed", "a")), false)).unwrap();
    assert!(!message.body.contains("13800000000"), "{}", message.body);
}
