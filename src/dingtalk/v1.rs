//! The newer APIs at `api.dingtalk.com`: the HTTP status reports a refusal, and a textual code the reason.
//! Source: open.dingtalk.com, "server-api-error-codes-1".

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::clock::Clock;
use super::error::ApiError;
use super::response;
use super::transport::{HttpAnswer, exchange, http_client, without_slash};
use crate::domain::json;

const TOKEN_HEADER: &str = "x-acs-dingtalk-access-token";

/// Client for the host of the newer APIs. Cheap to clone.
#[derive(Clone)]
pub(super) struct V1Client {
    http: reqwest::Client,
    root: String,
    clock: Clock,
}

impl V1Client {
    pub fn new(root: &Url, clock: Clock) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: http_client(root)?,
            root: without_slash(root),
            clock,
        })
    }

    /// Calls an API that takes a JSON body and no token. An error does not repeat the secrets in it.
    pub async fn post(
        &self,
        api: &'static str,
        body: Value,
        secrets: &[&str],
    ) -> Result<Value, ApiError> {
        let request = self.http.post(format!("{}/{api}", self.root)).json(&body);
        let answer = exchange(api, request).await?;
        self.read(api, &answer, secrets)
    }

    /// Calls an API that takes only a token.
    pub async fn get(&self, api: &'static str, token: &SecretString) -> Result<Value, ApiError> {
        let lacks = ApiError::Malformed {
            api,
            what: "a token that fits a header",
        };
        let mut header = HeaderValue::from_str(token.expose_secret()).map_err(|_| lacks)?;
        header.set_sensitive(true);
        let request = self.http.get(format!("{}/{api}", self.root));
        let answer = exchange(api, request.header(TOKEN_HEADER, header)).await?;
        self.read(api, &answer, &[token.expose_secret()])
    }

    fn read(
        &self,
        api: &'static str,
        answer: &HttpAnswer,
        secrets: &[&str],
    ) -> Result<Value, ApiError> {
        let now_ms = self.clock.now_ms();
        let result = read_answer(api, answer.status, &answer.body, secrets, now_ms);
        self.clock.learn(&result, answer.ahead_ms);
        result
    }
}

/// Parses a response into JSON or an `ApiError`, with the secrets sent redacted.
fn read_answer(
    api: &'static str,
    status: u16,
    body: &[u8],
    secrets: &[&str],
    now_ms: i64,
) -> Result<Value, ApiError> {
    let answer = json::read(body).ok();
    let refusal = answer.as_ref().filter(|answer| !response::is_ban(answer));
    match refusal.and_then(|answer| Some((answer, error_text(answer, "code")?))) {
        Some((answer, code)) if !(200..300).contains(&status) => {
            Err(rejection(api, status, code, answer, secrets))
        }
        // A success, a gateway's page, a ban, or an error in the form of the older APIs.
        _ => response::parse_response(api, status, body, secrets, now_ms),
    }
}

fn rejection(
    api: &'static str,
    status: u16,
    code: String,
    answer: &Value,
    secrets: &[&str],
) -> ApiError {
    let lower = code.to_ascii_lowercase();
    let throttled = |code| ApiError::Throttled {
        api,
        code,
        wait: None,
    };
    match status {
        500.. => ApiError::Http { api, status },
        // Textual forms of the older APIs' codes 90018, 90002 and 40014.
        _ if lower.contains("qpslimitforapi") => throttled(90002),
        429 => throttled(90018),
        _ if lower.contains("qpslimit") => throttled(90018),
        _ if lower == "invalidauthentication" => ApiError::TokenRejected { api, code: 40014 },
        _ => ApiError::Denied {
            api,
            status,
            code,
            permissions: permissions(answer),
            message: message(answer, secrets),
        },
    }
}

fn message(answer: &Value, secrets: &[&str]) -> String {
    let said = field(answer, "message").and_then(Value::as_str);
    response::redact_and_truncate(said.unwrap_or_default(), secrets)
}

/// Returns a field by its name, ignoring letter case.
fn field<'a>(object: &'a Value, name: &str) -> Option<&'a Value> {
    let fields = object.as_object()?;
    let found = fields
        .iter()
        .find(|(key, _)| key.eq_ignore_ascii_case(name));
    found.map(|(_, value)| value)
}

/// Returns a field's text, truncated and safe for a log line.
fn error_text(object: &Value, name: &str) -> Option<String> {
    Some(response::redact_and_truncate(
        field(object, name)?.as_str()?,
        &[],
    ))
    .filter(|text| !text.is_empty())
}

/// Returns the permissions that DingTalk reports as missing: a list, or a single one.
fn permissions(answer: &Value) -> Vec<String> {
    let detail = field(answer, "accessdenieddetail");
    let named = match detail.and_then(|detail| field(detail, "requiredscopes")) {
        Some(Value::Array(scopes)) => scopes.as_slice(),
        Some(scope) => std::slice::from_ref(scope),
        None => &[],
    };
    named
        .iter()
        .filter_map(|scope| Some(response::redact_and_truncate(scope.as_str()?, &[])))
        .filter(|scope| !scope.is_empty())
        .take(5)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::dingtalk::v1_codes::REDEEM;

    fn read(status: u16, body: &Value) -> ApiError {
        read_answer("api", status, body.to_string().as_bytes(), &[], 0).unwrap_err()
    }

    fn denied(code: &str) -> ApiError {
        read(
            400,
            &json!({"code": code, "requestid": "r", "message": "m"}),
        )
    }

    #[test]
    fn a_good_answer_is_given_whole_also_with_a_field_named_code() {
        let body = br#"{"accessToken":"t","code":"ok"}"#;
        let read = read_answer("api", 200, body, &[], 0).unwrap();
        assert_eq!(read["accessToken"], "t");
    }

    #[test]
    fn refusals_are_told_apart_by_their_words_in_any_letter_case() {
        let throttled = |code| ApiError::Throttled {
            api: "api",
            code,
            wait: None,
        };
        let of_app = json!({"code": "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi"});
        let of_all = json!({"Code": "forbidden.accessdenied.qpslimitforapi"});
        assert_eq!(read(403, &of_app), throttled(90018));
        assert_eq!(read(403, &of_all), throttled(90002));
        assert_eq!(read(429, &json!({"code": "TooMany"})), throttled(90018));
        let rejected = ApiError::TokenRejected {
            api: "api",
            code: 40014,
        };
        assert_eq!(denied("InvalidAuthentication"), rejected);
        assert!(denied("InvalidParameter.User.NotFound").is_unknown_person());
        assert_eq!(denied("x").named_code().as_deref(), Some("x"));
        let busy = json!({"code": "ServiceUnavailable"});
        assert!(read(503, &busy).is_unavailable());
        assert!(!denied("Forbidden.AccessDenied.IpNotInWhiteList").is_unavailable());
    }

    #[test]
    fn an_error_does_not_repeat_what_was_sent() {
        let padding = "x".repeat(110);
        let said =
            json!({"code": "bad", "message": format!("{padding} c0dec0dec0dec0de (s3cret)")});
        let body = said.to_string();
        let error = read_answer(
            "api",
            400,
            body.as_bytes(),
            &["c0dec0dec0dec0de", "s3cret"],
            0,
        );
        let shown = error.unwrap_err().to_string();
        assert_eq!(
            shown,
            format!("api: DingTalk refuses with bad {padding} *** (***)")
        );
    }

    #[test]
    fn a_missing_permission_is_named() {
        for key in ["accessdenieddetail", "accessDeniedDetail"] {
            for scopes in [json!(["Contact.User.Read"]), json!("Contact.User.Read")] {
                let body = json!({
                    "code": "Forbidden.AccessDenied.AccessTokenPermissionDenied",
                    key: {"requiredScopes": scopes},
                });
                let named = read(403, &body).named_code().unwrap();
                assert_eq!(
                    named,
                    "Forbidden.AccessDenied.AccessTokenPermissionDenied Contact.User.Read"
                );
            }
        }
    }

    #[test]
    fn a_code_that_is_worth_nothing_is_not_our_credentials_fault() {
        for spent in [
            "invalidParameter.authCode.notFound",
            "InvalidParameter",
            "invalidCode",
        ] {
            assert!(denied(spent).is_spent_code(), "{spent}");
        }
        for other in [
            "invalidClientIdOrSecret",
            "invalidParameter.clientId",
            "invalidParameter.user.notFound",
            "Missingbody",
            "InvalidAction.NotFound",
        ] {
            assert!(!denied(other).is_spent_code(), "{other}");
        }
    }

    #[test]
    fn whatever_makes_a_redeeming_call_a_bad_request_is_the_code_unless_it_is_named() {
        let is_spent = |status, code: &str| {
            let body = json!({"code": code, "message": "m"}).to_string();
            let refusal = read_answer(REDEEM, status, body.as_bytes(), &[], 0).unwrap_err();
            refusal.is_spent_code()
        };
        for spent in ["Unheard.Of", "expiredCode", "InvalidParameter"] {
            assert!(is_spent(400, spent), "{spent}");
        }
        for ours in [
            "invalidClientIdOrSecret",
            "unsupportedGrantType",
            "Missingbody",
            "MissingParameter",
            "AuthenticationFailed.MissingParameter",
            "InvalidAuthentication",
            "Forbidden.Unheard",
        ] {
            assert!(!is_spent(400, ours), "{ours}");
        }
        assert!(!is_spent(403, "Unheard.Of") && !is_spent(404, "Unheard.Of"));
    }

    #[test]
    fn bans_pages_and_older_errors_are_read_as_elsewhere() {
        let banned = ApiError::Banned { api: "api" };
        assert_eq!(read(200, &json!({"status": 1111, "wait": 5})), banned);
        assert_eq!(read(403, &json!({"status": 1111, "code": "x"})), banned);
        let page = read_answer("api", 200, b"<!DOCTYPE html>", &[], 0);
        assert_eq!(page.unwrap_err(), ApiError::Page { api: "api" });
        assert_eq!(read(200, &json!({"errcode": 60020})).code(), Some(60020));
        let gone = read_answer("api", 502, b"<html>", &[], 0).unwrap_err();
        assert!(gone.is_unavailable());
    }
}
