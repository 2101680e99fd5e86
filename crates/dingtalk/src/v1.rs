//! The newer APIs at `api.dingtalk.com`: the HTTP status reports a refusal, and a textual code the reason.
//! Source: open.dingtalk.com, "server-api-error-codes-1".

use reqwest::header::HeaderValue;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::clock::Clock;
use crate::error::ApiError;
use crate::json;
use crate::response;
use crate::transport::{HttpAnswer, exchange, http_client, without_slash};

const TOKEN_HEADER: &str = "x-acs-dingtalk-access-token";

/// Client for the host of the newer APIs. Cheap to clone.
#[derive(Clone)]
pub(super) struct V1Client {
    http: reqwest::Client,
    root: String,
    clock: Clock,
}

impl V1Client {
    pub fn new(root: &Url, user_agent: &str, clock: Clock) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: http_client(root, user_agent)?,
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
    match refusal.and_then(|answer| Some((answer, code_of(answer)?))) {
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
    code: &str,
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
            code: shown_code(code, secrets),
            permissions: permissions(answer, secrets),
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

fn code_of(answer: &Value) -> Option<&str> {
    field(answer, "code")?
        .as_str()
        .filter(|code| !code.is_empty())
}

/// Returns an error code, truncated and safe for a log line.
fn shown_code(code: &str, secrets: &[&str]) -> String {
    // A login's code is whatever a browser sends: a part of an error's name must not turn it into another error.
    let unlike_names =
        |secret: &&str| secret.len() >= 8 && secret.contains(|c: char| c.is_ascii_digit());
    let secrets: Vec<&str> = secrets.iter().copied().filter(unlike_names).collect();
    response::redact_and_truncate(code, &secrets)
}

/// Returns the permissions that DingTalk reports as missing: a list, or a single one.
fn permissions(answer: &Value, secrets: &[&str]) -> Vec<String> {
    let detail = field(answer, "accessdenieddetail");
    let named = match detail.and_then(|detail| field(detail, "requiredscopes")) {
        Some(Value::Array(scopes)) => scopes.as_slice(),
        Some(scope) => std::slice::from_ref(scope),
        None => &[],
    };
    named
        .iter()
        .filter_map(|scope| Some(response::redact_and_truncate(scope.as_str()?, secrets)))
        .filter(|scope| !scope.is_empty())
        .take(5)
        .collect()
}

#[cfg(test)]
mod tests;
