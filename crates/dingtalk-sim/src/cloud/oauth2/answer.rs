//! How the newer APIs refuse: an HTTP status and a textual code.

use actix_web::{HttpResponse, http::StatusCode};
use serde_json::{Value, json};

use crate::{
    cloud::{
        answer::{Fields, message},
        fault,
    },
    crypto::{hex, random16},
    fault::Fault,
};

/// A refusal: status, code, message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Refusal(u16, &'static str, &'static str);

pub(super) const NO_BODY: Refusal =
    Refusal(400, "Missingbody", "body is mandatory for this action.");
pub(super) const MISSING: Refusal = Refusal(400, "MissingParameter", "缺少参数");
pub(super) const BAD_CLIENT: Refusal = Refusal(
    400,
    "invalidClientIdOrSecret",
    "无效的clientId或者clientSecret",
);
pub(super) const BAD_GRANT_TYPE: Refusal =
    Refusal(400, "unsupportedGrantType", "不支持的grantType");
pub(super) const BAD_CODE: Refusal = Refusal(
    400,
    "invalidParameter.authCode.notFound",
    "不合法的临时授权码",
);
pub(super) const NO_TOKEN: Refusal = Refusal(
    400,
    "AuthenticationFailed.MissingParameter",
    "缺少参数x-acs-dingtalk-access-token",
);
pub(super) const BAD_TOKEN: Refusal = Refusal(400, "InvalidAuthentication", "不合法的access_token");
pub(super) const THROTTLED: Refusal = Refusal(
    403,
    "Forbidden.AccessDenied.QpsLimitForAppkeyAndApi",
    "应用调用该接口的QPS超过限制",
);
const NO_PERMISSION: &str = "Forbidden.AccessDenied.AccessTokenPermissionDenied";

impl Refusal {
    pub(super) fn send(&self) -> HttpResponse {
        refuse(self.0, self.1, self.2, &[])
    }
}

fn refuse(status: u16, code: &str, message: &str, scopes: &[&str]) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::BAD_REQUEST);
    let request_id = hex(&random16()).to_uppercase();
    let mut body = Fields::new();
    body.insert("code".into(), json!(code));
    body.insert("requestid".into(), json!(request_id));
    body.insert("message".into(), json!(message));
    if !scopes.is_empty() {
        let detail = json!({"requiredScopes": scopes});
        body.insert("accessdenieddetail".into(), detail);
    }
    HttpResponse::build(status)
        .content_type("application/json;charset=UTF-8")
        .body(Value::Object(body).to_string())
}

/// Returns the response for a caller that does not ask for JSON.
pub(super) fn xml() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/xml;charset=UTF-8")
        .body("<response/>")
}

/// Returns what a fault puts in place of a response: numeric codes are mapped to the equivalent textual ones.
pub(super) fn instead(path: &str, struck: &Fault) -> HttpResponse {
    match struck {
        Fault::ErrCode(number) => by_number(path, *number),
        Fault::SubCode(words) if words.parse::<i64>().is_ok() => {
            by_number(path, words.parse().unwrap_or_default())
        }
        Fault::SubCode(words) => {
            let status = if words.starts_with("Forbidden.") {
                403
            } else {
                400
            };
            refuse(status, words, "系统错误", &[])
        }
        Fault::EmptyResult | Fault::EmptyList => crate::cloud::answer::ok(&json!({})),
        struck => fault::instead(path, struck),
    }
}

fn by_number(path: &str, number: i64) -> HttpResponse {
    let said = message(number);
    match number {
        -1 => refuse(503, "ServiceUnavailable", said, &[]),
        40014 | 42001 => BAD_TOKEN.send(),
        40078 | 40102 => BAD_CODE.send(),
        40096 => BAD_CLIENT.send(),
        60011 => refuse(403, NO_PERMISSION, said, &[required(path)]),
        60020 => refuse(403, "Forbidden.AccessDenied.IpNotInWhiteList", said, &[]),
        60121 => refuse(404, "invalidParameter.user.notFound", said, &[]),
        90002 => refuse(403, "Forbidden.AccessDenied.QpsLimitForApi", said, &[]),
        90018 => THROTTLED.send(),
        90020 => refuse(403, "Forbidden.AccessDenied.ApiCountLimitForOrg", said, &[]),
        _ => refuse(500, "unknownError", said, &[]),
    }
}

/// Returns the permission that a path requires.
fn required(path: &str) -> &'static str {
    if path == super::ME {
        "Contact.User.Read"
    } else {
        "open_app_api_base"
    }
}
