//! Events in the company, in `DingTalk`'s form, and the log of pushes.

mod approval;
mod failed;
mod log;

pub use failed::FailedShape;
pub use log::{EventLog, EventRecord, EventState};
use serde_json::{Map, Value, json};

use crate::{
    config::FieldNames,
    crypto::{hex, random16},
    directory::Person,
};

/// The person or object that an event is about.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Subject<'a> {
    Users(&'a [&'a str]),
    Departments(&'a [i64]),
}

/// The envelope of one company's events.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Teller<'a> {
    pub(crate) corp_id: &'a str,
    pub(crate) fields: FieldNames,
    /// The administrator who did it; only user events carry it.
    pub(crate) operator: Option<&'a str>,
}

impl Teller<'_> {
    /// Returns the event's plain JSON; `now` in Unix milliseconds.
    pub(crate) fn tell(&self, event_type: &str, subject: Subject<'_>, now: i64) -> Value {
        match self.fields {
            FieldNames::Pascal => self.tell_pascal(event_type, subject, now),
            FieldNames::Camel => self.tell_camel(event_type, subject, now),
        }
    }

    fn tell_pascal(&self, event_type: &str, subject: Subject<'_>, now: i64) -> Value {
        let mut event = Map::new();
        event.insert("CorpId".into(), json!(self.corp_id));
        event.insert("EventType".into(), json!(event_type));
        event.insert("TimeStamp".into(), json!(now.to_string()));
        match subject {
            Subject::Users(ids) => {
                event.insert("UserId".into(), json!(ids));
                if let Some(operator) = self.operator {
                    event.insert("OptStaffId".into(), json!(operator));
                }
            }
            Subject::Departments(ids) => {
                event.insert("DeptId".into(), json!(ids));
            }
        }
        Value::Object(event)
    }

    fn tell_camel(&self, event_type: &str, subject: Subject<'_>, now: i64) -> Value {
        let mut event = Map::new();
        event.insert("EventType".into(), json!(event_type));
        event.insert("EventTime".into(), json!(now));
        event.insert("CorpId".into(), json!(self.corp_id));
        event.insert("BizId".into(), json!(now.to_string()));
        event.insert("eventId".into(), json!(hex(&random16())));
        event.insert("timeStamp".into(), json!(now.to_string()));
        match subject {
            Subject::Users(ids) => {
                event.insert("userId".into(), json!(ids));
                if let Some(operator) = self.operator {
                    event.insert("optStaffId".into(), json!(operator));
                }
            }
            Subject::Departments(ids) => {
                event.insert("deptId".into(), json!(ids));
            }
        }
        Value::Object(event)
    }

    /// Returns `user_modify_org`; the documented spelling also contains what changed.
    pub(crate) fn tell_change(&self, before: &Person, after: &Person, now: i64) -> Value {
        let users = [after.userid.as_str()];
        let mut event = self.tell("user_modify_org", Subject::Users(&users), now);
        if self.fields == FieldNames::Camel
            && let Some(fields) = event.as_object_mut()
        {
            fields.insert("diffInfo".into(), difference(before, after));
        }
        event
    }
}

/// Returns the changed fields on both sides; one that is empty on a side is missing there.
fn difference(before: &Person, after: &Person) -> Value {
    let (mut prev, mut curr) = (Map::new(), Map::new());
    for (key, old, new) in [
        ("name", &before.name, &after.name),
        ("email", &before.email, &after.email),
        ("jobNumber", &before.job_number, &after.job_number),
        ("workPlace", &before.work_place, &after.work_place),
        (
            "managerUserid",
            &before.manager_userid,
            &after.manager_userid,
        ),
    ] {
        if old == new {
            continue;
        }
        for (side, text) in [(&mut prev, old), (&mut curr, new)] {
            if !text.is_empty() {
                side.insert(key.into(), json!(text));
            }
        }
    }
    json!({ "prev": prev, "curr": curr, "userid": after.userid })
}

/// Returns an event's type, in either spelling; empty if it has none.
pub(crate) fn type_of(event: &Value) -> &str {
    ["EventType", "eventType"]
        .iter()
        .find_map(|key| event.get(key))
        .and_then(Value::as_str)
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn teller(fields: FieldNames) -> Teller<'static> {
        Teller {
            corp_id: "dingcorp",
            fields,
            operator: Some("manager4220"),
        }
    }

    #[test]
    fn pascal_case_events_are_flat() {
        let event =
            teller(FieldNames::Pascal).tell("user_add_org", Subject::Users(&["a", "0158"]), 17);
        assert_eq!(
            event,
            json!({"CorpId": "dingcorp", "EventType": "user_add_org", "UserId": ["a", "0158"],
                   "OptStaffId": "manager4220", "TimeStamp": "17"})
        );
        let event =
            teller(FieldNames::Pascal).tell("org_dept_remove", Subject::Departments(&[7]), 17);
        assert_eq!(
            event,
            json!({"CorpId": "dingcorp", "EventType": "org_dept_remove", "DeptId": [7],
                   "TimeStamp": "17"})
        );
    }

    #[test]
    fn camel_case_events_have_an_envelope_with_an_id_of_their_own() {
        let tell =
            || teller(FieldNames::Camel).tell("org_dept_create", Subject::Departments(&[7]), 17);
        let event = tell();
        assert_eq!(event["EventTime"], 17);
        assert_eq!(event["timeStamp"], "17");
        assert_eq!(event["deptId"], json!([7]));
        assert_ne!(event["eventId"], tell()["eventId"]);
    }

    #[test]
    fn a_change_says_what_differs_and_leaves_out_what_is_empty() {
        let before = Person {
            userid: "a".into(),
            name: "李雷".into(),
            ..Person::blank(0)
        };
        let after = Person {
            email: "l@example.com".into(),
            ..before.clone()
        };
        let event = teller(FieldNames::Camel).tell_change(&before, &after, 17);
        assert_eq!(
            event["diffInfo"],
            json!({"prev": {}, "curr": {"email": "l@example.com"}, "userid": "a"})
        );
        let event = teller(FieldNames::Pascal).tell_change(&before, &after, 17);
        assert_eq!(event.get("diffInfo"), None);
    }
}
