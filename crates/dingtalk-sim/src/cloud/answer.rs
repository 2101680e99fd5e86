//! The shapes of responses: both success and failure have HTTP status 200.

use std::{borrow::Cow, time::Duration};

use actix_web::{HttpResponse, http::StatusCode};
use serde_json::{Map, Value, json};

use crate::{
    china,
    crypto::{hex, random16},
};

/// The fields that an API adds to `errcode` 0.
pub(crate) type Fields = Map<String, Value>;

/// Why an API refuses a request.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The API's own error.
    Code(i64),
    /// An error of the gateway in front of `/topapi/`; on older paths the code is not wrapped.
    Gateway(i64),
    /// No access token: 40000 from the gateway, 41001 on older paths.
    NoToken,
    /// The API's own error with a message of its own.
    Worded(i64, Cow<'static, str>),
    /// An error that is wrapped in code 88 on every path.
    Wrapped(i64),
    /// More calls in a second than allowed, with the message.
    Throttled(String),
}

impl Refusal {
    /// Returns the refusal for too many calls. The message names the count, the limit and the end of the penalty,
    /// a whole second in China time that is not before `wait` is over.
    pub(crate) fn throttled(limit: usize, now_ms: i64, wait: Duration) -> Self {
        let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX);
        let end = now_ms.saturating_add(wait).saturating_add(999);
        let end = china::clock(end, china::FULL);
        let count = limit + 1;
        Self::Throttled(format!(
            "应用调用该接口的当前并发请求数为{count}，超过最大限制{limit}，处罚结束时间：{end}"
        ))
    }
}

/// Which generation of APIs a path belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    /// `/topapi/…`: gateway errors are wrapped in code 88, responses carry a `request_id`.
    Topapi,
    /// `/gettoken` and the like: plain codes.
    Classic,
    /// `/v1.0/…` on the newer host: HTTP statuses with a textual code.
    New,
}

impl Family {
    pub(crate) fn of(path: &str) -> Self {
        if path.starts_with("/topapi/") {
            Self::Topapi
        } else if path.starts_with("/v1.0/") {
            Self::New
        } else {
            Self::Classic
        }
    }

    pub(crate) fn success(self, mut fields: Fields) -> HttpResponse {
        fields.insert("errcode".into(), json!(0));
        fields.insert("errmsg".into(), json!("ok"));
        self.send(fields)
    }

    pub(crate) fn refusal(self, refusal: &Refusal) -> HttpResponse {
        match refusal {
            Refusal::Gateway(code) if self == Self::Topapi => {
                wrapped(&code.to_string(), message(*code))
            }
            Refusal::NoToken if self == Self::Topapi => wrapped("40000", message(40000)),
            Refusal::NoToken => self.plain(41001, message(41001)),
            Refusal::Worded(code, text) => self.plain(*code, text),
            Refusal::Wrapped(code) => wrapped(&code.to_string(), message(*code)),
            Refusal::Code(code) | Refusal::Gateway(code) => self.plain(*code, message(*code)),
            Refusal::Throttled(text) => wrapped("90018", text),
        }
    }

    /// Returns `errcode` with the API's own message.
    pub(crate) fn plain(self, code: i64, text: &str) -> HttpResponse {
        let mut fields = Fields::new();
        fields.insert("errcode".into(), json!(code));
        fields.insert("errmsg".into(), json!(text));
        self.send(fields)
    }

    pub(crate) fn unknown_path(self, path: &str) -> HttpResponse {
        match self {
            Self::Topapi => {
                let method = format!(
                    "dingtalk.oapi{}",
                    path.trim_start_matches("/topapi").replace('/', ".")
                );
                ok(&json!({
                    "errcode": 22, "sub_msg": "Invalid method",
                    "errmsg": format!("Invalid method[{method}]"), "request_id": request_id(),
                }))
            }
            Self::Classic => self.plain(404, message(404)),
            Self::New => HttpResponse::build(StatusCode::NOT_FOUND).json(json!({
                "code": "InvalidAction.NotFound", "requestid": request_id(),
                "message": "Specified api is not found, please check your url and method.",
            })),
        }
    }

    fn send(self, mut fields: Fields) -> HttpResponse {
        if self == Self::Topapi {
            fields.insert("request_id".into(), json!(request_id()));
        }
        ok(&Value::Object(fields))
    }
}

/// Returns `errcode` 88 around the actual code, which is a string.
pub(crate) fn wrapped(sub_code: &str, text: &str) -> HttpResponse {
    let mut fields = Fields::new();
    fields.insert("errcode".into(), json!(88));
    fields.insert("sub_code".into(), json!(sub_code));
    fields.insert("sub_msg".into(), json!(text));
    let errmsg = format!("ding talk error[subcode={sub_code},submsg={text}]");
    fields.insert("errmsg".into(), json!(errmsg));
    fields.insert("request_id".into(), json!(request_id()));
    ok(&Value::Object(fields))
}

/// Returns HTTP 200 with this JSON.
pub(crate) fn ok(body: &Value) -> HttpResponse {
    HttpResponse::Ok()
        .content_type("application/json;charset=UTF-8")
        .body(body.to_string())
}

fn request_id() -> String {
    hex(&random16()).chars().take(12).collect()
}

/// Returns the server's message for a code.
pub(crate) fn message(code: i64) -> &'static str {
    match code {
        -1 => "系统繁忙",
        404 => "请求的URI地址不存在",
        33012 => "无效的USERID",
        40000 => "不合法的参数，access_token不能为空",
        40009 => "不合法的部门id",
        40014 => "不合法的access_token",
        40035 => "不合法的参数",
        40078 => "不存在的临时授权码",
        40079 => "不存在的授权信息",
        40096 => "不合法的appKey或appSecret",
        40102 => "临时授权码已过期",
        41001 => "缺少access_token",
        41026 => "缺少参数tmp_auth_code",
        42001 => "access_token已过期",
        43001 => "需要GET请求",
        43002 => "需要POST请求",
        50002 => "请检查企业授权范围，员工不在授权范围内",
        50004 => "请检查企业授权范围，部门不在授权范围内",
        60003 => "部门不存在",
        60011 => "没有调用该接口的权限",
        60020 => "访问ip不在白名单之中",
        60121 => "找不到该用户",
        90002 => "接口调用超过限制",
        90020 => "接口调用次数已用完",
        400_002 => "无效的参数",
        71006 => "回调地址已经存在",
        71007 => "回调地址不存在，请先注册",
        71008 => "回调事件的call_back_tag不在请求列表内",
        71010 => "注册的回调的json格式字段缺失或者不合法",
        71011 => "回调url不合法",
        820_005 => "审批实例状态错误，请检查实例id",
        853_001 => "时间戳不合法，必须是毫秒",
        853_002 => "时间戳与服务器时间相差超过1分钟",
        853_003 => "不存在的accessKey",
        853_004 => "签名校验失败",
        _ => "系统错误",
    }
}
