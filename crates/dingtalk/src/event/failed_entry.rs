//! Converts an entry of DingTalk's list of failed callbacks into its event.
//!
//! Today the payload is in a field named after the event type, with the ids in it or with an object, or its JSON
//! text, under a third name; the entries of 2016 are flat.

use serde_json::{Map, Value, json};

use super::{Event, fields};
use crate::json;

const TAG: &str = "call_back_tag";
const NO_TYPE: &str = "the entry names no type";
const BAD_PAYLOAD: &str = "the payload of the entry cannot be read";

/// Envelope fields, which may differ between the push and the entry of one event.
const ENVELOPE: [&str; 8] = [
    "EventType",
    "TimeStamp",
    "EventTime",
    "event_time",
    TAG,
    "CorpId",
    "BizId",
    "eventId",
];

/// The fields under which an entry holds the payload of events that are not about people and departments.
const INNER: [&str; 3] = ["bpmsCallBackData", "roleLabelChange", "callbackData"];

impl Event {
    /// Parses an entry of the list of failed callbacks; its `body` is the entry as DingTalk returned it. Anomalies
    /// become its `problem`.
    pub fn from_failed_entry(entry: &Value) -> Self {
        let entry = fields::without_nul(entry);
        let (message, problem) = message(&entry);
        let mut event = Self::parse(&message);
        if problem.is_some() {
            event.problem = problem;
            event.event_id = None;
        } else {
            event.converted = Some(event.body);
        }
        event.corp_ids.extend(fields::texts(&entry, super::CORP_ID));
        event.body = entry;
        event
    }

    /// Parses the body of an event, either of a push or of an entry of the list.
    pub fn from_body(body: &Value) -> Self {
        if is_entry(body) {
            Self::from_failed_entry(body)
        } else {
            Self::parse(body)
        }
    }

    /// Returns the body of an event in the form of a push, converting an entry of the list.
    pub fn message_of(body: &Value) -> Value {
        if is_entry(body) {
            message(body).0
        } else {
            body.clone()
        }
    }

    /// Returns whether the body of an event of the same type and time contains the whole payload of this entry of the
    /// list.
    pub fn is_contained_in(entry: &Value, body: &Value) -> bool {
        let other = Self::message_of(body);
        let (own, _) = message(entry);
        own.as_object().is_some_and(|own| {
            own.iter()
                .filter(|(name, _)| {
                    !ENVELOPE
                        .iter()
                        .any(|known| name.eq_ignore_ascii_case(known))
                })
                .all(|(name, value)| fields::values(&other, name).any(|found| found == value))
        })
    }
}

fn is_entry(body: &Value) -> bool {
    fields::text(body, &[TAG]).is_some()
}

/// Returns the message that the entry stands for, and what could not be parsed in it.
fn message(entry: &Value) -> (Value, Option<&'static str>) {
    let Some(tag) = fields::text(entry, &[TAG]) else {
        return (json!({}), Some(NO_TYPE));
    };
    let payload = fields::values(entry, &tag).next().map_or_else(
        || Some(entry.clone()),
        |payload| object(payload).map(Value::Object),
    );
    let (mut message, mut problem) = match payload {
        Some(Value::Object(fields)) => (fields, None),
        _ => (Map::new(), Some(BAD_PAYLOAD)),
    };
    for name in INNER {
        for inner in take(&mut message, name) {
            match object(&inner) {
                Some(inner) => message.extend(inner),
                None => problem = Some(BAD_PAYLOAD),
            }
        }
    }
    for name in ["UserId", "DeptId"] {
        for ids in take(&mut message, name) {
            let ids = fields::list_of_text(&ids).unwrap_or(ids);
            message.insert(name.to_owned(), ids);
        }
    }
    for name in [TAG, "EventType"] {
        drop(take(&mut message, name));
    }
    // If the payload holds the time of the push itself, that is the time of its repeated deliveries.
    for time in take(&mut message, "event_time")
        .into_iter()
        .chain(fields::values(entry, "event_time").cloned())
    {
        message.entry("EventTime").or_insert(time);
    }
    message.insert("EventType".to_owned(), Value::String(tag));
    (Value::Object(message), problem)
}

/// Removes and returns all fields of this name, whatever their spelling.
fn take(fields: &mut Map<String, Value>, name: &str) -> Vec<Value> {
    let keys: Vec<String> = fields
        .keys()
        .filter(|key| key.eq_ignore_ascii_case(name))
        .cloned()
        .collect();
    keys.iter().filter_map(|key| fields.remove(key)).collect()
}

/// Parses an object, or an object's JSON text.
fn object(value: &Value) -> Option<Map<String, Value>> {
    match value {
        Value::Object(fields) => Some(fields.clone()),
        Value::String(text) => match json::read(text.as_bytes()) {
            Ok(Value::Object(fields)) => Some(fields),
            _ => None,
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::EventKind;

    const AT: i64 = 1_700_000_001_200;

    #[test]
    fn every_shape_of_an_entry_is_the_same_event_as_its_push() {
        let push = Event::parse(
            &json!({"EventType": "user_leave_org", "UserId": ["a", "b"], "TimeStamp": AT.to_string()}),
        );
        for entry in [
            json!({"call_back_tag": "user_leave_org", "event_time": AT, "user_leave_org": {"corpid": "c", "userid": ["b", "a"]}}),
            json!({"call_back_tag": "user_leave_org", "event_time": AT.to_string(), "userid": ["a", "b"], "corpid": "c"}),
            json!({"call_back_tag": "user_leave_org", "event_time": AT, "user_leave_org": "{\"userid\":\"[\\\"a\\\",\\\"b\\\"]\"}"}),
            json!({"call_back_tag": "user_leave_org", "event_time": AT, "user_leave_org": r#"{"userid":["a","b"],"name":"\ud83d"}"#}),
            json!({"call_back_tag": "user_leave_org", "event_time": AT, "user_leave_org": {"callbackData": {"userId": ["a", "b"], "timeStamp": AT}}}),
        ] {
            let event = Event::from_failed_entry(&entry);
            assert_eq!(
                (event.kind, event.problem, &event.userids),
                (EventKind::UserLeft, None, &push.userids),
                "{entry}"
            );
            assert_eq!(event.time.unwrap().timestamp_millis(), AT, "{entry}");
            assert_eq!(event.time, push.time, "{entry}");
            assert_eq!(
                Event::parse(event.message()).userids,
                push.userids,
                "{entry}"
            );
            assert_eq!(event.body, entry);
            assert_eq!(Event::from_body(&entry), event);
        }
        let department = Event::from_failed_entry(
            &json!({"call_back_tag": "org_dept_modify", "event_time": AT, "org_dept_modify": {"deptid": [9_007_199_254_740_993_i64, -7]}}),
        );
        assert_eq!(
            (department.dept_ids, department.problem),
            (vec![9_007_199_254_740_993], None)
        );
    }

    #[test]
    fn what_cannot_be_read_has_a_reason_and_is_kept_as_it_is() {
        for (entry, reason) in [
            (json!(7), NO_TYPE),
            (json!("x"), NO_TYPE),
            (json!({"event_time": AT}), NO_TYPE),
            (
                json!({"call_back_tag": "user_leave_org", "user_leave_org": "{half"}),
                BAD_PAYLOAD,
            ),
            (
                json!({"call_back_tag": "check_in", "check_in": {"callbackData": "{half"}}),
                BAD_PAYLOAD,
            ),
            (
                json!({"call_back_tag": "user_leave_org", "user_leave_org": {"userid": []}}),
                super::super::NO_PEOPLE,
            ),
            (
                json!({"call_back_tag": "user_leave_org", "user_leave_org": {"userid": ["a", {}]}}),
                super::super::BAD_PEOPLE,
            ),
        ] {
            let event = Event::from_failed_entry(&entry);
            assert_eq!(event.problem, Some(reason), "{entry}");
            assert_eq!(event.body, entry);
            let is_converted = ![NO_TYPE, BAD_PAYLOAD].contains(&reason);
            assert_eq!(*event.message() != entry, is_converted, "{entry}");
            assert_eq!(event.event_id, None);
        }
    }

    #[test]
    fn an_approval_is_known_again_by_what_it_says() {
        let push = json!({"EventType": "bpms_instance_change", "EventTime": AT, "eventId": "e1", "corpId": "c",
            "processInstanceId": "p1", "type": "finish", "result": "agree"});
        let entry = |instance: &str| {
            json!({"call_back_tag": "bpms_instance_change", "event_time": AT, "bpms_instance_change":
                {"corpid": "c", "bpmsCallBackData": format!("{{\"processInstanceId\":\"{instance}\",\"type\":\"finish\"}}")}})
        };
        assert!(Event::is_contained_in(&entry("p1"), &push));
        assert!(Event::is_contained_in(&entry("p1"), &entry("p1")));
        assert!(!Event::is_contained_in(&entry("p2"), &push));
    }
}
