//! Reads DingTalk's JSON values leniently: its samples show numbers and booleans as text, lists as JSON text, and
//! single objects where lists are meant, and real responses may do the same.

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde_json::Value;

use crate::bounds::{MAX_TEXT_CHARS, MOMENT_MS};
use crate::json;

/// A value that is present but not of the expected shape.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrongShape;

/// Returns a field of an object; null counts as absent.
pub fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    object.get(name).filter(|value| !value.is_null())
}

/// Returns an integer, also one written as text; never parsed as a float, because orders exceed 2^53.
pub fn number(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.trim().parse().ok(),
        _ => None,
    }
}

/// Returns a boolean, also one written as text or as 1 and 0.
pub fn boolean(value: &Value) -> Option<bool> {
    match value {
        Value::Bool(yes) => Some(*yes),
        Value::Number(number) => match number.as_i64() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        },
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "1" => Some(true),
            "false" | "0" => Some(false),
            _ => None,
        },
        _ => None,
    }
}

/// Returns a field's text unchanged; blank counts as absent, and a number is returned as written.
pub fn text(object: &Value, name: &str) -> Result<Option<String>, WrongShape> {
    field(object, name)
        .map_or(Ok(None), |value| as_string(value).map(Some))
        .map(|text| text.filter(|text| !text.trim().is_empty()))
}

/// Returns a text unchanged, or a number as written.
pub fn as_string(value: &Value) -> Result<String, WrongShape> {
    match value {
        Value::String(text) => Ok(text.clone()),
        Value::Number(number) => Ok(number.to_string()),
        _ => Err(WrongShape),
    }
}

/// Returns a field's text for display, cut to [`MAX_TEXT_CHARS`]; a value of another shape is ignored.
pub fn display_text(object: &Value, name: &str) -> Option<String> {
    // NUL cannot be displayed, and many databases cannot store it in a text.
    let text = text(object, name).ok()??.replace('\0', "");
    Some(shortened(&text, MAX_TEXT_CHARS)).filter(|text| !text.is_empty())
}

/// Trims a text and returns its first characters.
pub fn shortened(text: &str, most: usize) -> String {
    text.trim().chars().take(most).collect()
}

/// Returns a field's items: a list, a list as JSON text, or a single item; empty if the field is absent or empty.
pub fn list<'a>(object: &'a Value, name: &str) -> Result<Cow<'a, [Value]>, WrongShape> {
    field(object, name).map_or_else(|| Ok(Cow::Borrowed(&[][..])), items)
}

/// Returns the items of a value that is a list, a list as JSON text, or a single item.
pub fn items(value: &Value) -> Result<Cow<'_, [Value]>, WrongShape> {
    match value {
        Value::Array(items) => Ok(Cow::Borrowed(items)),
        Value::String(text) if text.trim().is_empty() => Ok(Cow::Borrowed(&[])),
        Value::String(text) => match json::read(text.as_bytes()).map_err(|_| WrongShape)? {
            Value::Array(items) => Ok(Cow::Owned(items)),
            Value::Null => Ok(Cow::Borrowed(&[])),
            single => Ok(Cow::Owned(vec![single])),
        },
        single => Ok(Cow::Borrowed(std::slice::from_ref(single))),
    }
}

/// Returns a time given in Unix milliseconds; zero and values outside the calendar's range count as absent.
pub fn unix_millis(object: &Value, name: &str) -> Option<DateTime<Utc>> {
    let millis = field(object, name).and_then(number)?;
    if millis == 0 || !MOMENT_MS.contains(millis) {
        return None;
    }
    DateTime::from_timestamp_millis(millis)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_are_read_exactly_beyond_two_to_the_53rd() {
        assert_eq!(
            number(&json!(176_292_748_870_660_513_i64)),
            Some(176_292_748_870_660_513)
        );
        assert_eq!(
            number(&json!("176292748870660513")),
            Some(176_292_748_870_660_513)
        );
        assert_eq!(number(&json!(" -7 ")), Some(-7));
        for odd in [
            json!(1.5),
            json!("x"),
            json!(""),
            json!(true),
            json!([1]),
            json!(u64::MAX),
        ] {
            assert_eq!(number(&odd), None, "{odd}");
        }
    }

    #[test]
    fn booleans_are_read_from_text_and_digits() {
        for yes in [
            json!(true),
            json!("true"),
            json!("True"),
            json!(1),
            json!("1"),
        ] {
            assert_eq!(boolean(&yes), Some(true), "{yes}");
        }
        for no in [json!(false), json!("false"), json!(0), json!("0")] {
            assert_eq!(boolean(&no), Some(false), "{no}");
        }
        for odd in [json!("yes"), json!(2), json!([]), json!(0.5), json!("")] {
            assert_eq!(boolean(&odd), None, "{odd}");
        }
    }

    #[test]
    fn empty_and_absent_texts_are_the_same() {
        let object =
            json!({"a": "", "b": null, "c": " x\u{0}y ", "d": 7, "e": {}, "f": "  ", "g": "\u{0}"});
        for name in ["a", "b", "f", "missing"] {
            assert_eq!(
                (text(&object, name), display_text(&object, name)),
                (Ok(None), None),
                "{name}"
            );
        }
        assert_eq!(text(&object, "c").unwrap().as_deref(), Some(" x\u{0}y "));
        assert_eq!(display_text(&object, "c").as_deref(), Some("xy"));
        assert_eq!(text(&object, "d").unwrap().as_deref(), Some("7"));
        assert_eq!(
            (text(&object, "e"), display_text(&object, "e")),
            (Err(WrongShape), None)
        );
        assert_eq!(display_text(&object, "g"), None);
        let endless = json!({"a": "长".repeat(3 * MAX_TEXT_CHARS)});
        assert_eq!(
            display_text(&endless, "a").unwrap(),
            "长".repeat(MAX_TEXT_CHARS)
        );
    }

    #[test]
    fn lists_are_read_from_text_and_single_items() {
        let object = json!({"a": [2, 3], "b": "[2, 3]", "c": {"x": 1}, "d": "{\"x\": 1}", "e": 5, "f": "", "g": "null", "h": "[2"});
        assert_eq!(list(&object, "a").unwrap(), list(&object, "b").unwrap());
        assert_eq!(list(&object, "c").unwrap(), list(&object, "d").unwrap());
        assert_eq!(list(&object, "e").unwrap().as_ref(), [json!(5)]);
        for empty in ["f", "g", "missing"] {
            assert!(list(&object, empty).unwrap().is_empty(), "{empty}");
        }
        assert_eq!(list(&object, "h"), Err(WrongShape));
    }

    #[test]
    fn times_are_milliseconds_and_odd_ones_are_absent() {
        let object = json!({"a": 1_600_000_000_000_i64, "b": "1600000000000", "c": 0, "d": i64::MAX, "e": i64::MIN, "f": "soon"});
        assert_eq!(
            unix_millis(&object, "a").unwrap().timestamp(),
            1_600_000_000
        );
        assert_eq!(unix_millis(&object, "b"), unix_millis(&object, "a"));
        for absent in ["c", "d", "e", "f", "missing"] {
            assert_eq!(unix_millis(&object, absent), None, "{absent}");
        }
    }
}
