//! An event of DingTalk's callback, parsed leniently: only the decryption before it may reject a message.
//!
//! DingTalk spells fields in Pascal case (`UserId`, as seen in real pushes) or camel case (`userId`, as documented
//! since 2022), writes numbers as text, and sends a single id without its list.

mod failed_entry;
mod fields;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::ids::DeptId;

/// What an event is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// DingTalk tests the callback URL; it only expects a reply.
    CheckUrl,
    /// `user_add_org`, `user_active_org`: people joined.
    UserJoined,
    /// `user_modify_org`: the records of people changed.
    UserChanged,
    /// `user_leave_org`: people left the company.
    UserLeft,
    /// `org_dept_create`, `org_dept_modify`, `org_dept_remove`: departments changed.
    DepartmentChanged,
    /// Any other type.
    Other,
}

const KINDS: [(&str, EventKind); 8] = [
    ("user_add_org", EventKind::UserJoined),
    ("user_active_org", EventKind::UserJoined),
    ("user_modify_org", EventKind::UserChanged),
    ("user_leave_org", EventKind::UserLeft),
    ("org_dept_create", EventKind::DepartmentChanged),
    ("org_dept_modify", EventKind::DepartmentChanged),
    ("org_dept_remove", EventKind::DepartmentChanged),
    ("check_url", EventKind::CheckUrl),
];

/// Returns DingTalk's names of the types that report changes of people and departments.
pub fn directory_types() -> impl Iterator<Item = &'static str> {
    KINDS
        .iter()
        .filter(|(_, kind)| *kind != EventKind::CheckUrl)
        .map(|(name, _)| *name)
}

impl EventKind {
    /// Parses DingTalk's name of a type.
    pub fn of(event_type: &str) -> Self {
        KINDS
            .iter()
            .find(|(name, _)| *name == event_type)
            .map_or(Self::Other, |(_, kind)| *kind)
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    /// What it is about.
    pub kind: EventKind,
    /// DingTalk's name of the type, without control characters, cut to 100 characters; `unnamed` where it sent none.
    pub event_type: String,
    /// DingTalk's id of the event, the same in every delivery; `None` in most pushes.
    pub event_id: Option<String>,
    /// When it happened.
    pub time: Option<DateTime<Utc>>,
    /// In ascending order, without duplicates.
    pub userids: Vec<String>,
    /// In ascending order, without duplicates; without the home-school contacts, whose ids are not positive.
    pub dept_ids: Vec<DeptId>,
    /// The `CorpId`s that the message names, normally one.
    pub corp_ids: Vec<String>,
    /// What could not be parsed in an event about people or departments, or in an entry of the failed list.
    pub problem: Option<&'static str>,
    /// The message or entry as received, with U+FFFD for each U+0000, which many databases cannot store.
    pub body: Value,
    /// The message that an entry of the failed list stands for.
    converted: Option<Value>,
}

/// The field that names the company.
const CORP_ID: &str = "CorpId";

const NO_PEOPLE: &str = "the event names nobody";
const BAD_PEOPLE: &str = "a userid in the event cannot be read";
const NO_DEPARTMENTS: &str = "the event names no department";
const BAD_DEPARTMENTS: &str = "a department id in the event cannot be read";

impl Event {
    /// Parses a decrypted message. Anomalies in it become its `problem`.
    pub fn parse(message: &Value) -> Self {
        let body = fields::without_nul(message);
        let event_type = fields::text(&body, &["EventType"])
            .map_or_else(|| "unnamed".to_owned(), |name| printable(&name));
        let kind = EventKind::of(&event_type);
        let people = fields::list(&body, "UserId", fields::user_id);
        let departments = fields::list(&body, "DeptId", fields::dept_id);
        let problem = match kind {
            EventKind::UserJoined | EventKind::UserChanged | EventKind::UserLeft => {
                people.problem(NO_PEOPLE, BAD_PEOPLE)
            }
            EventKind::DepartmentChanged => departments.problem(NO_DEPARTMENTS, BAD_DEPARTMENTS),
            EventKind::CheckUrl | EventKind::Other => None,
        };
        Self {
            kind,
            event_type,
            event_id: fields::text(&body, &["eventId"]),
            time: fields::time(&body, &["TimeStamp", "EventTime"]),
            userids: people.ids.into_iter().collect(),
            dept_ids: departments.ids.into_iter().filter(|id| *id > 0).collect(),
            corp_ids: fields::texts(&body, CORP_ID),
            problem,
            body,
            converted: None,
        }
    }

    /// Returns the event in the form of a push; an entry of the failed list whose payload cannot be read is returned
    /// as it is.
    pub fn message(&self) -> &Value {
        self.converted.as_ref().unwrap_or(&self.body)
    }

    /// Returns the first text or number among these fields of a message, whatever their spelling.
    pub fn field(message: &Value, names: &[&str]) -> Option<String> {
        fields::text(message, names)
    }
}

/// Returns a type's name without control characters, shortened to 100 characters, for logs and pages.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests;
