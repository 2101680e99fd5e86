//! Fields of a message, found whatever their spelling.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::ids::{self, DeptId};
use crate::json;

/// The ids that could be parsed.
pub(super) struct Ids<T> {
    pub ids: BTreeSet<T>,
    has_bad: bool,
}

impl<T> Ids<T> {
    /// Returns what is wrong with the list: `none` if it is empty, `bad` if an id in it is unreadable.
    pub fn problem(&self, none: &'static str, bad: &'static str) -> Option<&'static str> {
        if self.has_bad {
            Some(bad)
        } else {
            self.ids.is_empty().then_some(none)
        }
    }
}

/// Returns all values of a field: a message may contain its name in several spellings.
pub(super) fn values<'a>(message: &'a Value, name: &'a str) -> impl Iterator<Item = &'a Value> {
    message
        .as_object()
        .into_iter()
        .flatten()
        .filter(move |(key, _)| key.eq_ignore_ascii_case(name))
        .map(|(_, value)| value)
}

/// Returns the first text or number of these fields, as text; an empty text is skipped.
pub(super) fn text(message: &Value, names: &[&str]) -> Option<String> {
    names
        .iter()
        .flat_map(|name| values(message, name))
        .find_map(plain)
}

/// Returns all texts and numbers of a field, as text; empty texts are left out.
pub(super) fn texts(message: &Value, name: &str) -> Vec<String> {
    values(message, name).filter_map(plain).collect()
}

/// Returns a text or an integer as text.
fn plain(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        Value::Number(number) if !number.is_f64() => Some(number.to_string()),
        _ => None,
    }
}

/// Returns the ids of a field that holds a list, a list as JSON text, or a single id.
pub(super) fn list<T: Ord>(message: &Value, name: &str, read: fn(&Value) -> Option<T>) -> Ids<T> {
    let mut found = Ids {
        ids: BTreeSet::new(),
        has_bad: false,
    };
    for value in values(message, name) {
        let list = list_of_text(value);
        let value = list.as_ref().unwrap_or(value);
        let items = value
            .as_array()
            .map_or(std::slice::from_ref(value), Vec::as_slice);
        for item in items {
            match read(item) {
                Some(id) => drop(found.ids.insert(id)),
                None => found.has_bad = true,
            }
        }
    }
    found
}

/// Parses a list from JSON text; `None` for anything else.
pub(super) fn list_of_text(value: &Value) -> Option<Value> {
    let text = value.as_str()?;
    if !text.trim_start().starts_with('[') {
        return None;
    }
    json::read(text.as_bytes()).ok().filter(Value::is_array)
}

/// Parses a userid, exactly as it is written.
pub(super) fn user_id(value: &Value) -> Option<String> {
    let trimmed = plain(value)?;
    ids::valid(value.as_str().map_or(trimmed, str::to_owned))
}

pub(super) fn dept_id(value: &Value) -> Option<DeptId> {
    plain(value)?.parse().ok()
}

/// A time below this is in seconds, else in milliseconds.
const FIRST_MILLIS: i64 = 100_000_000_000;
/// In the year 5138; anything later is not a time.
const LAST_MILLIS: i64 = 100_000_000_000_000;

/// Returns the first of these fields that holds a Unix time.
pub(super) fn time(message: &Value, names: &[&str]) -> Option<DateTime<Utc>> {
    let times = names.iter().flat_map(|name| values(message, name));
    times
        .filter_map(plain)
        .filter_map(|text| text.parse::<i64>().ok())
        .find_map(|number| {
            let millis = if number < FIRST_MILLIS {
                number.checked_mul(1000)?
            } else {
                number
            };
            if (1..LAST_MILLIS).contains(&millis) {
                DateTime::from_timestamp_millis(millis)
            } else {
                None
            }
        })
}

/// Returns the message with U+FFFD for every U+0000.
pub(super) fn without_nul(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(text.replace('\0', "\u{fffd}")),
        Value::Array(items) => Value::Array(items.iter().map(without_nul).collect()),
        Value::Object(fields) => Value::Object(
            fields
                .iter()
                .map(|(key, value)| (key.replace('\0', "\u{fffd}"), without_nul(value)))
                .collect(),
        ),
        other => other.clone(),
    }
}
