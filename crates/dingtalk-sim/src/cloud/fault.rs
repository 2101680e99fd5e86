//! Responses that a fault puts in place of the proper one.

use std::time::Duration;

use actix_web::{HttpResponse, http::StatusCode};
use futures_util::stream;
use serde_json::{Value, json};

use super::answer::{self, Family, Fields};
use crate::fault::Fault;

/// No client waits as long as this.
const SILENCE: Duration = Duration::from_mins(10);
const HTML: &str = "text/html;charset=UTF-8";
const BANNED: &str = "<!DOCTYPE html><html><head><title>访问被拒绝</title></head>\
    <body><h1>非常抱歉，您的访问过于频繁，请5分钟后再试</h1></body></html>";

/// Sends nothing until long after the client has disconnected.
pub(crate) async fn silence() -> HttpResponse {
    actix_web::rt::time::sleep(SILENCE).await;
    HttpResponse::build(StatusCode::GATEWAY_TIMEOUT).finish()
}

/// Returns what the fault puts in place of a response.
pub(crate) fn instead(path: &str, fault: &Fault) -> HttpResponse {
    let family = Family::of(path);
    match fault {
        Fault::ErrCode(code) => family.plain(*code, answer::message(*code)),
        Fault::SubCode(code) => {
            answer::wrapped(code, code.parse().map_or("系统错误", answer::message))
        }
        Fault::Http(status) => with_status(*status),
        Fault::Html => HttpResponse::Ok().content_type(HTML).body(BANNED),
        Fault::Banned1111 => answer::ok(&json!({
            "status": 1111, "wait": 5, "source": "x5", "punish": "deny",
            "uuid": "5f0d0c8e7b6a4a33a9d8",
        })),
        Fault::TruncatedJson => HttpResponse::Ok()
            .content_type("application/json;charset=UTF-8")
            .body(r#"{"errcode":0,"errmsg":"ok","resu"#),
        Fault::EmptyResult => family.success(answer::Fields::new()),
        Fault::EmptyList => family.success(super::contact::result(empty_list(path))),
        Fault::Json(body) => answer::ok(body),
        Fault::CloseConnection
        | Fault::Hang
        | Fault::LoseAnswer
        | Fault::EndlessList
        | Fault::OmitEmptyList
        | Fault::Delay(_) => close(),
    }
}

/// Returns an empty list, in the shape of the path's response.
fn empty_list(path: &str) -> Value {
    match path {
        "/topapi/v2/department/listsub" => json!([]),
        "/topapi/v2/department/listsubid" => json!({"dept_id_list": []}),
        "/topapi/user/listid" => json!({"userid_list": []}),
        _ => json!({"has_more": false, "list": []}),
    }
}

/// Turns a page request into one for the first page; also returns the cursor of the page after the requested one.
pub(crate) fn from_the_start(body: &[u8]) -> (Vec<u8>, i64) {
    let mut asked: Fields = serde_json::from_slice(body).unwrap_or_default();
    let cursor = asked.insert("cursor".into(), json!(0));
    let cursor = cursor.and_then(|cursor| cursor.as_i64()).unwrap_or(0);
    (Value::Object(asked).to_string().into_bytes(), cursor + 100)
}

/// Makes a page announce another one.
pub(crate) fn with_more(mut fields: Fields, next_cursor: i64) -> Fields {
    if let Some(Value::Object(page)) = fields.get_mut("result") {
        page.insert("has_more".into(), json!(true));
        page.insert("next_cursor".into(), json!(next_cursor));
    }
    fields
}

/// Removes the `list` of an empty page.
pub(crate) fn without_empty_list(mut fields: Fields) -> Fields {
    if let Some(Value::Object(page)) = fields.get_mut("result")
        && page.get("list") == Some(&json!([]))
    {
        page.remove("list");
    }
    fields
}

fn with_status(status: u16) -> HttpResponse {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let text = format!("<html><body><h1>{status}</h1></body></html>");
    HttpResponse::build(status).content_type(HTML).body(text)
}

/// A body that fails before its first byte makes the server close the connection.
fn close() -> HttpResponse {
    let broken: Result<actix_web::web::Bytes, std::io::Error> =
        Err(std::io::Error::from(std::io::ErrorKind::ConnectionReset));
    HttpResponse::Ok()
        .no_chunking(1024)
        .streaming(stream::once(std::future::ready(broken)))
}
