//! Entries of the failed list, in the shapes that `DingTalk` returns.

use clap::ValueEnum;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::EventRecord;

/// Shape of the entries of the failed list.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailedShape {
    /// The payload is under the name of its tag.
    #[default]
    Current,
    /// As documented in 2016: all fields next to the tag.
    Flat,
}

/// One entry of the failed list.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum FailedEntry {
    /// Added manually, and returned unchanged.
    Given { given: Value },
    /// An event that could not be delivered.
    Event(EventRecord),
}

impl FailedEntry {
    pub(super) fn event(&self) -> Option<&EventRecord> {
        match self {
            Self::Event(record) => Some(record),
            Self::Given { .. } => None,
        }
    }

    /// Returns the entry as the reader of the list receives it.
    pub(super) fn tell(&self, corp_id: &str, shape: FailedShape) -> Value {
        match self {
            Self::Given { given } => given.clone(),
            Self::Event(record) => tell(record, corp_id, shape),
        }
    }
}

fn tell(record: &EventRecord, corp_id: &str, shape: FailedShape) -> Value {
    let mut payload = payload(record);
    payload.insert("corpid".into(), json!(corp_id));
    let mut entry = match shape {
        FailedShape::Current => Map::from_iter([(record.event_type.clone(), json!(payload))]),
        FailedShape::Flat => payload,
    };
    entry.insert("call_back_tag".into(), json!(record.event_type));
    entry.insert("event_time".into(), json!(record.born_at));
    Value::Object(entry)
}

/// Ids of people and departments are returned alone; other events are returned whole, under a key that depends on
/// their family.
fn payload(record: &EventRecord) -> Map<String, Value> {
    let find = |keys: [&str; 2]| keys.iter().find_map(|key| record.event.get(key)).cloned();
    let ids = |key: &str, ids: Option<Value>| {
        ids.map(|ids| Map::from_iter([(key.to_owned(), ids)]))
            .unwrap_or_default()
    };
    let whole = |key: &str| Map::from_iter([(key.to_owned(), record.event.clone())]);
    match record.event_type.split('_').next().unwrap_or_default() {
        "bpms" => whole("bpmsCallBackData"),
        "label" => whole("roleLabelChange"),
        "org" if record.event_type.starts_with("org_dept_") => {
            ids("deptid", find(["DeptId", "deptId"]))
        }
        "user" | "org" => ids("userid", find(["UserId", "userId"])),
        _ => whole("callbackData"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{event::EventState, subscription::Subscription};

    fn entry(event: Value) -> FailedEntry {
        FailedEntry::Event(EventRecord {
            id: 1,
            event_type: crate::event::type_of(&event).to_owned(),
            event,
            born_at: 17,
            state: EventState::Failed,
            attempts: 3,
            last_error: None,
            subscription: Subscription::Console,
        })
    }

    #[test]
    fn the_payload_stands_under_the_name_of_its_tag() {
        let departments = entry(json!({"EventType": "org_dept_modify", "deptId": [7]}));
        assert_eq!(
            departments.tell("c", FailedShape::Current),
            json!({"call_back_tag": "org_dept_modify", "event_time": 17,
                   "org_dept_modify": {"corpid": "c", "deptid": [7]}})
        );
        for (tag, key) in [
            ("bpms_instance_change", "bpmsCallBackData"),
            ("label_user_change", "roleLabelChange"),
            ("check_in", "callbackData"),
        ] {
            let event = json!({"EventType": tag, "staffId": "a", "UserIdList": ["a"]});
            let told = entry(event.clone()).tell("c", FailedShape::Current);
            assert_eq!(told[tag], json!({"corpid": "c", key: event}));
        }
    }

    #[test]
    fn the_flat_shape_has_the_payload_beside_the_tag() {
        let people = entry(json!({"EventType": "user_add_org", "UserId": ["a", "0158"]}));
        assert_eq!(
            people.tell("c", FailedShape::Flat),
            json!({"call_back_tag": "user_add_org", "event_time": 17, "corpid": "c",
                   "userid": ["a", "0158"]})
        );
    }

    #[test]
    fn an_entry_put_there_by_hand_is_given_as_it_is_and_outlives_a_run() {
        for given in [json!({"call_back_tag": 5}), json!("text"), Value::Null] {
            let entry = FailedEntry::Given {
                given: given.clone(),
            };
            let kept = serde_json::to_string(&entry).unwrap();
            let read: FailedEntry = serde_json::from_str(&kept).unwrap();
            assert_eq!(read.tell("c", FailedShape::Current), given);
        }
        let event = entry(json!({"EventType": "user_add_org"}));
        let kept = serde_json::to_string(&event).unwrap();
        assert_eq!(serde_json::from_str::<FailedEntry>(&kept).unwrap(), event);
    }
}
