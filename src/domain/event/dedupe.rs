//! The key by which repeated deliveries of one event are recognized.

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::Event;
use crate::domain::ids::UserId;

/// Longer ids are hashed, so that the index can hold them.
const MAX_PLAIN: usize = 128;

/// Returns the event's own id, or else a digest of type, time and ids, and of the whole message where these are not
/// its full content.
pub(super) fn key(event: &Event, event_id: Option<&str>, message: &Value) -> String {
    match event_id {
        Some(id) if id.len() <= MAX_PLAIN => format!("id:{id}"),
        Some(id) => format!("idhash:{}", digest(id.as_bytes())),
        None => format!("hash:{}", digest(&identity(event, message))),
    }
}

/// Returns the key of another company's event: a digest of its whole message, distinct from our own keys.
pub(super) fn foreign_key(event: &Event) -> String {
    let mut message = Vec::new();
    canonical(&event.body, &mut message);
    format!("corp:{}", digest(&message))
}

fn identity(event: &Event, message: &Value) -> Vec<u8> {
    let userids: Vec<&str> = event.userids.iter().map(UserId::as_str).collect();
    let millis = event.event_time.map(|time| time.timestamp_millis());
    let mut identity = serde_json::json!([event.event_type, millis, userids, event.dept_ids])
        .to_string()
        .into_bytes();
    if event.identifying_time().is_none() {
        canonical(message, &mut identity);
    }
    identity
}

/// Serializes a value with the fields of every object in one order.
fn canonical(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Object(fields) => {
            let mut sorted: Vec<_> = fields.iter().collect();
            sorted.sort_by_key(|(key, _)| *key);
            out.push(b'{');
            for (key, value) in sorted {
                out.extend_from_slice(Value::from(key.as_str()).to_string().as_bytes());
                out.push(b':');
                canonical(value, out);
                out.push(b',');
            }
            out.push(b'}');
        }
        Value::Array(items) => {
            out.push(b'[');
            for item in items {
                canonical(item, out);
                out.push(b',');
            }
            out.push(b']');
        }
        plain => out.extend_from_slice(plain.to_string().as_bytes()),
    }
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}
