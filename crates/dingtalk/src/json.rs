//! JSON as DingTalk sends it. A name that was cut in the middle of an emoji leaves half a surrogate pair, or a few
//! stray bytes, which must not make the rest of the message unreadable.

use serde_json::{Result, Value};

/// The replacement for an unpaired surrogate: U+FFFD.
const REPLACEMENT: &[u8] = b"\\ufffd";
/// Length of `\uXXXX`.
const ESCAPE_LEN: usize = 6;

/// Parses JSON; on failure, retries with U+FFFD in place of each unpaired surrogate escape and of each byte that is
/// not UTF-8.
pub fn read(bytes: &[u8]) -> Result<Value> {
    read_utf8(bytes).or_else(|error| match std::str::from_utf8(bytes) {
        Ok(_) => Err(error),
        Err(_) => read_utf8(String::from_utf8_lossy(bytes).as_bytes()),
    })
}

/// Parses JSON; on failure, retries with U+FFFD in place of each unpaired surrogate escape. Invalid UTF-8 remains
/// an error.
pub fn read_utf8(bytes: &[u8]) -> Result<Value> {
    serde_json::from_slice(bytes).or_else(|error| match without_half_pairs(bytes) {
        Some(mended) => serde_json::from_slice(&mended),
        None => Err(error),
    })
}

/// Returns the JSON with its unpaired surrogate escapes replaced; `None` if it has none.
fn without_half_pairs(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut mended = Vec::with_capacity(bytes.len());
    let (mut rest, mut has_mended) = (bytes, false);
    while let [first, behind @ ..] = rest {
        let length = match (unit(rest), rest.get(ESCAPE_LEN..).and_then(unit)) {
            (Some(0xD800..0xDC00), Some(0xDC00..0xE000)) => 2 * ESCAPE_LEN,
            (Some(0xD800..0xE000), _) => {
                mended.extend_from_slice(REPLACEMENT);
                has_mended = true;
                rest = rest.get(ESCAPE_LEN..).unwrap_or_default();
                continue;
            }
            // An escaped character, such as a second backslash, does not start an escape.
            _ if *first == b'\\' && !behind.is_empty() => 2,
            _ => 1,
        };
        let (whole, after) = rest.split_at_checked(length)?;
        mended.extend_from_slice(whole);
        rest = after;
    }
    has_mended.then_some(mended)
}

/// Returns the code unit of the `\uXXXX` at the start of these bytes.
fn unit(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.strip_prefix(b"\\u")?.get(..4)?;
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return None;
    }
    u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    #[test]
    fn half_a_pair_and_stray_bytes_cost_one_character_each() {
        for (text, wanted) in [
            (r#"{"a":"\ud83d"}"#, json!({"a": "\u{fffd}"})),
            (r#"["\ude00x\uD83D\n"]"#, json!(["\u{fffd}x\u{fffd}\n"])),
            (
                r#"["\ud83d\ud83d\ude00\ude00"]"#,
                json!(["\u{fffd}\u{1f600}\u{fffd}"]),
            ),
            (r#"["\\ud83d", "\ud83d"]"#, json!(["\\ud83d", "\u{fffd}"])),
            (r#"["\\\ud83d\u4e00"]"#, json!(["\\\u{fffd}一"])),
            (r#"{"\udfff":1}"#, json!({"\u{fffd}": 1})),
        ] {
            assert!(serde_json::from_str::<Value>(text).is_err(), "{text}");
            assert_eq!(read(text.as_bytes()).unwrap(), wanted, "{text}");
            assert_eq!(read_utf8(text.as_bytes()).unwrap(), wanted, "{text}");
        }
        let stray = b"{\"a\":\"x\xff\xe5\xbc\",\"b\":\"\\ud83d\"}";
        let wanted = json!({"a": "x\u{fffd}\u{fffd}", "b": "\u{fffd}"});
        assert_eq!(read(stray).unwrap(), wanted);
        assert!(read_utf8(stray).is_err());
    }

    #[test]
    fn what_is_no_json_stays_an_error() {
        for text in [
            "",
            "{",
            r#"["\ud83d"#,
            r#"["\ud83"]"#,
            r#"["\u+83d"]"#,
            r"\ud83d",
            "\\",
            r#"["\"#,
            "[\u{fffd}]",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        assert!(read(b"\xff{}").is_err());
    }

    /// Generates texts that combine escapes, backslashes and unpaired surrogates.
    fn tricky() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            Just(r"\".to_owned()),
            Just(r"\u".to_owned()),
            Just("\"".to_owned()),
            Just("u".to_owned()),
            "\\\\u[dD][89a-fA-F][0-9a-f]{2}",
            "\\\\u[0-9a-f]{4}",
            any::<char>().prop_map(String::from),
        ];
        prop::collection::vec(piece, 0..12)
            .prop_map(|pieces| format!("[\"{}\"]", pieces.concat()).into_bytes())
    }

    proptest! {
        #[test]
        fn what_serde_json_reads_is_read_as_it_is(bytes in prop_oneof![tricky(), any::<Vec<u8>>()]) {
            if let Ok(value) = serde_json::from_slice::<Value>(&bytes) {
                prop_assert_eq!(read(&bytes).unwrap(), value.clone());
                prop_assert_eq!(read_utf8(&bytes).unwrap(), value);
                prop_assert_eq!(without_half_pairs(&bytes), None, "it has none");
            }
        }

        #[test]
        fn any_text_is_read_whatever_utf_16_it_was_cut_from(units: Vec<u16>) {
            let escaped = units.iter().fold(String::new(), |text, unit| format!("{text}\\u{unit:04x}"));
            let read = read_utf8(format!("\"{escaped}\"").as_bytes()).unwrap();
            prop_assert_eq!(read, Value::String(String::from_utf16_lossy(&units)));
        }

        #[test]
        fn a_name_of_any_bytes_spoils_nothing_around_it(name: Vec<u8>) {
            let name: Vec<u8> = name.into_iter().filter(|b| *b >= b' ' && !b"\"\\".contains(b)).collect();
            let answer = [&b"{\"a\":\""[..], &name, b"\",\"b\":1}"].concat();
            let wanted = json!({"a": String::from_utf8_lossy(&name), "b": 1});
            prop_assert_eq!(read(&answer).unwrap(), wanted);
        }
    }
}
