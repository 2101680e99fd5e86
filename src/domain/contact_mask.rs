//! Masks mobile numbers and e-mail addresses for people who may see everything else.

use serde_json::Value;

/// The replacement for contact data of any length.
pub const MASK: &str = "****";

/// The lengths of telephone numbers, in digits: from a short landline with its area code to the limit of E.164.
const PHONE_DIGITS: std::ops::RangeInclusive<usize> = 9..=15;

/// The longest group of digits of a number that is written in groups.
const MAX_GROUP: usize = 8;

/// Parts of the names of fields whose whole value is contact data, in DingTalk's events and in our own messages.
const FIELDS: [&str; 5] = ["mobile", "phone", "email", "mail", "tel"];

/// Returns whether a field holds contact data, by its name in any spelling, for example `orgEmail`.
pub fn is_contact_field(name: &str) -> bool {
    let name = name.to_lowercase().replace(['_', '-'], "");
    FIELDS.iter().any(|field| name.contains(field))
}

/// Replaces the telephone numbers and e-mail addresses in a text.
pub fn mask_text(text: &str) -> String {
    let mut masked = String::with_capacity(text.len());
    for part in parts(text) {
        masked.push_str(if is_contact(part) { MASK } else { part });
    }
    masked
}

/// Replaces the values of contact fields, and the telephone numbers and e-mail addresses in all other texts.
pub fn mask_json(value: &mut Value) {
    match value {
        Value::String(text) => *text = mask_text(text),
        Value::Array(items) => items.iter_mut().for_each(mask_json),
        Value::Object(fields) => {
            for (name, value) in fields {
                if is_contact_field(name) && !value.is_null() {
                    *value = MASK.into();
                } else {
                    mask_json(value);
                }
            }
        }
        Value::Number(number) if is_mobile(&number.to_string()) => *value = MASK.into(),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// Splits a text where words and numbers begin and end, without losing a character. Dots, hyphens and the signs of
/// addresses belong to a word; so does a blank between two groups of digits of one number.
fn parts(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let is_word = is_of_word(first);
        let end = rest
            .find(|c| is_of_word(c) != is_word)
            .unwrap_or(rest.len());
        let end = if is_word { number_end(rest, end) } else { end };
        let (part, behind) = rest.split_at(end);
        parts.push(part);
        rest = behind;
    }
    parts
}

/// Returns where a number ends that is written in groups, such as `+86 138 0013 8000`.
fn number_end(text: &str, first: usize) -> usize {
    let is_group =
        |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit() || b == b'-');
    let word = text.get(..first).unwrap_or_default();
    if !is_group(word.strip_prefix('+').unwrap_or(word)) {
        return first;
    }
    let mut end = first;
    while let Some(behind) = text.get(end..).and_then(|rest| rest.strip_prefix(' ')) {
        let length = behind.find(|c| !is_of_word(c)).unwrap_or(behind.len());
        let group = behind.get(..length).unwrap_or_default();
        if !is_group(group) || group.len() > MAX_GROUP {
            break;
        }
        end += 1 + length;
    }
    end
}

fn is_of_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || "+-._%@".contains(c)
}

fn is_contact(word: &str) -> bool {
    is_email(word) || is_phone(word)
}

fn is_email(word: &str) -> bool {
    // A domain name may be in Chinese, which ends the word.
    word.split_once('@')
        .is_some_and(|(name, _)| !name.is_empty())
}

/// Returns whether a word is a telephone number: a mobile number of China, or one that is written like a number to
/// dial. Ids are long numbers, too, but bare ones.
fn is_phone(word: &str) -> bool {
    let word = word.trim_matches(['.', '-', '_', '%']);
    let digits: String = word.chars().filter(char::is_ascii_digit).collect();
    let is_number = word
        .chars()
        .all(|c| c.is_ascii_digit() || " +-".contains(c));
    is_number
        && (is_mobile(&digits)
            || PHONE_DIGITS.contains(&digits.len())
                && (word.starts_with('+') || word.starts_with('0') && word.contains(['-', ' '])))
}

/// Returns whether these digits are a mobile number of China, with or without the country code.
fn is_mobile(digits: &str) -> bool {
    let digits = digits.strip_prefix("00").unwrap_or(digits);
    let digits = match digits.strip_prefix("86") {
        Some(national) if digits.len() == 13 => national,
        _ => digits,
    };
    digits.len() == 11
        && digits.starts_with('1')
        && digits.as_bytes().get(1).is_some_and(|b| *b >= b'3')
        && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_and_addresses_are_masked_wherever_they_stand_in_a_text() {
        for (text, masked) in [
            ("q=13800138000&status=left", "q=****&status=left"),
            ("手机13800138000，请联系", "手机****，请联系"),
            ("call +86 138 0013 8000 now", "call **** now"),
            ("+86-138-0013-8000", "****"),
            ("8613800138000", "****"),
            ("0571-88776655", "****"),
            ("mail to li.lei+x@example.com.", "mail to ****"),
            ("邮箱zhang@示例.cn", "邮箱****示例.cn"),
        ] {
            assert_eq!(mask_text(text), masked, "{text}");
        }
    }

    #[test]
    fn ids_dates_and_addresses_of_machines_stay() {
        for text in [
            "manager4220",
            "0158aB",
            "176292748870660512",
            "2026-11-22",
            "1700000000000",
            "10.0.0.5",
            "139.12.133.114",
            "4100200, 4100201",
            "u-li",
            "7K3M-9QXP",
        ] {
            assert_eq!(mask_text(text), text);
        }
    }

    #[test]
    fn contact_fields_of_a_body_are_masked_whole() {
        let mut body = json!({
            "mobile": "short", "orgEmail": "a@b.c", "state_code": 86, "Phone": null,
            "items": [{"telephone": 88_776_655, "note": "13800138000"}], "n": 13_800_138_000_u64,
            "userid": "0158",
        });
        mask_json(&mut body);
        assert_eq!(
            body,
            json!({
                "mobile": "****", "orgEmail": "****", "state_code": 86, "Phone": null,
                "items": [{"telephone": "****", "note": "****"}], "n": "****",
                "userid": "0158",
            })
        );
    }
}
