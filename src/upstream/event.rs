//! Parses DingTalk's events into the events of the inbox.

use serde_json::Value;

use crate::domain::event::{Event, Kind};
use crate::domain::ids::UserId;
use dingtalk::event::{Event as Received, EventKind};

/// Parses a decrypted callback. Anomalies in it become the event's problem.
pub fn of_callback(message: &Value) -> Event {
    stored_form(Received::parse(message))
}

/// Parses an entry of DingTalk's list of failed callbacks. Anomalies in it become the event's problem.
pub fn of_failed_entry(entry: &Value) -> Event {
    stored_form(Received::from_failed_entry(entry))
}

/// Returns what could not be parsed in the body of a stored event.
pub fn problem_of(body: &Value) -> Option<&'static str> {
    Received::from_body(body).problem
}

/// Returns the body of a stored event in the form of a callback, also if it is an entry of the list.
pub fn message_of(body: &Value) -> Value {
    Received::message_of(body)
}

/// Returns the first text or number among these fields of a message, whatever their spelling.
pub fn field(message: &Value, names: &[&str]) -> Option<String> {
    Received::field(message, names)
}

/// Returns whether the body of a stored event of the same type and time contains everything in this entry of the list.
pub fn is_contained_in(entry: &Event, stored: &Value) -> bool {
    Received::is_contained_in(&entry.body, stored)
}

/// Returns DingTalk's names of the types that the staff table and the departments depend on. The company must
/// subscribe to them.
pub fn required_types() -> impl Iterator<Item = &'static str> {
    dingtalk::event::directory_types()
}

/// Returns how events of this type are handled.
pub fn kind_of(event_type: &str) -> Kind {
    match EventKind::of(event_type) {
        EventKind::CheckUrl => Kind::CheckUrl,
        EventKind::UserJoined => Kind::UserJoined,
        EventKind::UserChanged => Kind::UserChanged,
        EventKind::UserLeft => Kind::UserLeft,
        EventKind::DepartmentChanged => Kind::DepartmentChanged,
        EventKind::Other => Kind::Recorded,
    }
}

fn stored_form(received: Received) -> Event {
    let userids: Result<Vec<UserId>, _> = received.userids.iter().map(UserId::parse).collect();
    let problem = userids
        .as_ref()
        .err()
        .map(|_| "a userid in the event cannot be read");
    let event = Event {
        kind: kind_of(&received.event_type),
        event_type: received.event_type.clone(),
        event_time: received.time,
        userids: userids.unwrap_or_default(),
        dept_ids: received.dept_ids.clone(),
        problem: received.problem.or(problem),
        companies: received.corp_ids.clone(),
        is_foreign: false,
        dedupe_key: String::new(),
        body: Value::Null,
    }
    .with_dedupe_key(received.event_id.as_deref(), received.message());
    Event {
        body: received.body,
        ..event
    }
}

#[cfg(test)]
mod tests;
