//! Parses DingTalk's responses and the errors in them.

use serde_json::Value;

use crate::error::ApiError;
use crate::json;
use crate::throttle_until;

/// Parses a response into JSON or an `ApiError`, with the secrets sent redacted. `now_ms` is DingTalk's time.
pub(super) fn parse_response(
    api: &'static str,
    status: u16,
    body: &[u8],
    secrets: &[&str],
    now_ms: i64,
) -> Result<Value, ApiError> {
    let parsed = json::read(body).ok();
    let Some(answer) = parsed.filter(Value::is_object) else {
        return Err(not_json_error(api, status, body));
    };
    if is_ban(&answer) {
        return Err(ApiError::Banned { api });
    }
    match code_of(&answer) {
        Some(0) | None if (200..300).contains(&status) => Ok(answer),
        Some(0) | None => Err(ApiError::Http { api, status }),
        Some(code) => Err(refusal(api, code, &answer, secrets, now_ms)),
    }
}

fn not_json_error(api: &'static str, status: u16, body: &[u8]) -> ApiError {
    let looks_like_html = body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<');
    match status {
        200 if looks_like_html => ApiError::Page { api },
        200..300 => ApiError::Malformed { api, what: "JSON" },
        _ => ApiError::Http { api, status },
    }
}

/// Detects the gateway's own response to a banned IP address: `{"status":1111,"punish":"deny",…}`.
pub(super) fn is_ban(answer: &Value) -> bool {
    answer.get("errcode").is_none() && number(answer.get("status")) == Some(1111)
}

/// Returns the effective code: `sub_code`, a string, if `errcode` is the wrapper 88.
fn code_of(answer: &Value) -> Option<i64> {
    match number(answer.get("errcode"))? {
        88 => Some(number(answer.get("sub_code")).unwrap_or(88)),
        code => Some(code),
    }
}

fn number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(n) => n.as_i64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

fn refusal(
    api: &'static str,
    code: i64,
    answer: &Value,
    secrets: &[&str],
    now_ms: i64,
) -> ApiError {
    match code {
        -1 => ApiError::Busy { api },
        40014 | 42001 => ApiError::TokenRejected { api, code },
        // For `gettoken` this code means a wrong secret.
        40001 if api != "gettoken" => ApiError::TokenRejected { api, code },
        90001..=90014 | 90017 | 90018 => ApiError::Throttled {
            api,
            code,
            wait: throttle_until::retry_after(answer, now_ms),
        },
        _ => ApiError::Refused {
            api,
            code,
            message: message(answer, secrets),
        },
    }
}

fn message(answer: &Value, secrets: &[&str]) -> String {
    let mut texts = ["sub_msg", "errmsg"].iter();
    let said = texts.find_map(|key| answer.get(*key)?.as_str());
    redact_and_truncate(said.unwrap_or_default(), secrets)
}

/// Returns DingTalk's own message, truncated: it helps an operator. Errors are logged, so secrets that we sent
/// are removed if the message repeats them, also if it puts control characters into them.
pub(super) fn redact_and_truncate(said: &str, secrets: &[&str]) -> String {
    let said = secrets
        .iter()
        .map(|secret| printable(secret))
        .filter(|secret| !secret.is_empty())
        .fold(printable(said), |said, secret| said.replace(&secret, "***"));
    said.chars().take(120).collect()
}

fn printable(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(status: u16, body: &str) -> Result<Value, ApiError> {
        parse_response("api", status, body.as_bytes(), &[], 0)
    }

    #[test]
    fn a_good_answer_is_given_whole() {
        assert_eq!(read(200, r#"{"errcode":0,"x":1}"#).unwrap()["x"], 1);
        assert_eq!(read(200, r#"{"errcode":"0","x":1}"#).unwrap()["x"], 1);
    }

    #[test]
    fn a_secret_with_control_characters_in_it_is_removed_too() {
        let secrets = ["t0ken", "", "s\u{1}cret"];
        for said in [
            "a t0ken b",
            "a t0\u{1}ken\n b",
            "a s\u{1}cret b",
            "a scre\u{7f}t b",
        ] {
            assert_eq!(redact_and_truncate(said, &secrets), "a *** b", "{said:?}");
        }
    }

    #[test]
    fn the_code_inside_the_wrapper_counts() {
        let throttled = read(200, r#"{"errcode":88,"sub_code":"90018","sub_msg":"慢"}"#);
        assert_eq!(
            throttled,
            Err(ApiError::Throttled {
                wait: None,
                api: "api",
                code: 90018
            })
        );
        let token = read(200, r#"{"errcode":88,"sub_code":"40014"}"#);
        assert_eq!(
            token,
            Err(ApiError::TokenRejected {
                api: "api",
                code: 40014
            })
        );
        assert_eq!(
            read(200, r#"{"errcode":88,"sub_code":"x"}"#)
                .unwrap_err()
                .code(),
            Some(88)
        );
    }

    #[test]
    fn half_a_character_does_not_cost_the_answer() {
        let answer = read(200, r#"{"errcode":0,"name":"\ud83d","x":1}"#).unwrap();
        assert_eq!(
            (&answer["x"], &answer["name"]),
            (&1.into(), &"\u{fffd}".into())
        );
        let answer = parse_response(
            "api",
            200,
            b"{\"errcode\":0,\"name\":\"\xff\",\"x\":1}",
            &[],
            0,
        )
        .unwrap();
        assert_eq!(answer["x"], 1);
    }

    #[test]
    fn a_ban_comes_as_status_1111_and_a_page_may_be_one() {
        assert_eq!(
            read(200, " <!doctype html><p>x"),
            Err(ApiError::Page { api: "api" })
        );
        assert_eq!(
            read(200, r#"{"status":1111,"wait":5,"punish":"deny"}"#),
            Err(ApiError::Banned { api: "api" })
        );
    }

    #[test]
    fn a_gateways_page_is_no_ban() {
        assert_eq!(
            read(502, "<html>"),
            Err(ApiError::Http {
                api: "api",
                status: 502
            })
        );
        assert_eq!(
            read(200, "{\"errcode\":0"),
            Err(ApiError::Malformed {
                api: "api",
                what: "JSON"
            })
        );
        assert_eq!(
            read(200, ""),
            Err(ApiError::Malformed {
                api: "api",
                what: "JSON"
            })
        );
    }

    #[test]
    fn codes_are_sorted_by_what_to_do() {
        assert_eq!(
            read(200, r#"{"errcode":-1}"#),
            Err(ApiError::Busy { api: "api" })
        );
        assert!(
            read(200, r#"{"errcode":90002}"#)
                .unwrap_err()
                .is_unavailable()
        );
        assert!(
            !read(200, r#"{"errcode":90020,"errmsg":"quota"}"#)
                .unwrap_err()
                .is_unavailable()
        );
        assert!(
            read(200, r#"{"errcode":60121,"errmsg":"找不到该用户"}"#)
                .unwrap_err()
                .is_unknown_person()
        );
        assert!(
            read(200, r#"{"errcode":40078}"#)
                .unwrap_err()
                .is_spent_code()
        );
        assert_eq!(
            read(404, r#"{"errcode":404,"errmsg":"x"}"#)
                .unwrap_err()
                .code(),
            Some(404)
        );
    }
}
