//! A decrypted message, parsed into an event. The input is the message.

use std::collections::BTreeSet;

use dinggate::upstream::event::of_callback;
use dingtalk::Event;
use dingtalk::callback::{CallbackCrypto, OwnerKeys};
use dingtalk::event::EventKind;
use serde_json::{Map, Value};

const AES_KEY: &str = "q7Wm2ZsX9cVbN4KpLr8TgYh3JdFa6EuQoR1iMxC5wSw";
const CORP_ID: &str = "ding0123456789abcdef0123456789abcdef";

/// Panics if an event is not what its message says, in whatever spelling.
pub fn check(data: &[u8]) {
    let Some(message) = decrypted(data) else {
        return;
    };
    let event = Event::parse(&message);
    check_event(&event);
    assert_eq!(
        Event::parse(&event.body),
        event,
        "the stored body is the same event"
    );
    if let Some(other) = in_lower_case(&message) {
        assert_eq!(
            facts(&Event::parse(&other)),
            facts(&event),
            "the spelling of a field is free"
        );
    }
    check_stored(&message);
}

/// Returns the message of a callback with this text, as the crypto reads it.
fn decrypted(text: &[u8]) -> Option<Value> {
    let owner_keys = OwnerKeys::new(Some(CORP_ID), "", "");
    let crypto = CallbackCrypto::new("token", AES_KEY, owner_keys).expect("the key is valid");
    let sealed = crypto.seal(text, CORP_ID, 1, "nonce", &[7; 16]);
    Some(crypto.decrypt(&sealed.encrypt).ok()?.json)
}

/// Panics if the event breaks what its type promises.
pub(crate) fn check_event(event: &Event) {
    let is_printable = !event.event_type.chars().any(char::is_control);
    assert!(
        !event.event_type.is_empty() && is_printable && event.event_type.chars().count() <= 100
    );
    assert!(event.userids.iter().is_sorted_by(|a, b| a < b));
    assert!(event.dept_ids.iter().is_sorted_by(|a, b| a < b));
    assert!(event.dept_ids.iter().all(|id| *id > 0));
    for id in &event.userids {
        assert!(
            (1..=128).contains(&id.len()) && !id.chars().any(char::is_control),
            "{id:?}"
        );
    }
    assert!(!has_nul(&event.body) && !has_nul(event.message()));
    if event.problem.is_none() {
        match event.kind {
            EventKind::UserJoined | EventKind::UserChanged | EventKind::UserLeft => {
                assert!(
                    !event.userids.is_empty(),
                    "somebody joined, changed or left"
                );
            }
            EventKind::DepartmentChanged | EventKind::CheckUrl | EventKind::Other => {}
        }
    }
}

/// Panics if the inbox's form of the event depends on how the message is written, or keeps another company's people.
fn check_stored(message: &Value) {
    let stored = of_callback(message);
    assert!(!stored.dedupe_key.is_empty() && stored.dedupe_key.len() <= 200);
    let again = serde_json::from_str(&message.to_string()).map(|message| of_callback(&message));
    if !has_float(message) {
        assert_eq!(
            again.ok().as_ref(),
            Some(&stored),
            "a repeated delivery is the same event"
        );
    }
    let is_ours = stored.companies.iter().all(|company| company == CORP_ID);
    let checked = stored.clone().checked_for(CORP_ID);
    if is_ours {
        assert_eq!(checked, stored);
    } else {
        assert!(checked.is_foreign && checked.userids.is_empty() && checked.dept_ids.is_empty());
        assert_ne!(checked.dedupe_key, stored.dedupe_key);
    }
}

pub(crate) fn has_nul(value: &Value) -> bool {
    match value {
        Value::String(text) => text.contains('\0'),
        Value::Array(items) => items.iter().any(has_nul),
        Value::Object(fields) => fields
            .iter()
            .any(|(name, value)| name.contains('\0') || has_nul(value)),
        _ => false,
    }
}

/// Whether the value has a number that printing and parsing may change.
pub(crate) fn has_float(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_f64(),
        Value::Array(items) => items.iter().any(has_float),
        Value::Object(fields) => fields.values().any(has_float),
        _ => false,
    }
}

/// Returns the message with its own fields in lower case, or `None` if two of them would become one.
fn in_lower_case(message: &Value) -> Option<Value> {
    let fields = message.as_object()?;
    let lower: BTreeSet<String> = fields
        .keys()
        .map(|name| name.to_ascii_lowercase())
        .collect();
    let renamed: Map<String, Value> = fields
        .iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.clone()))
        .collect();
    (lower.len() == fields.len()).then_some(Value::Object(renamed))
}

/// Returns the event without its body.
fn facts(event: &Event) -> Event {
    let mut facts = event.clone();
    facts.body = Value::Null;
    facts
}
