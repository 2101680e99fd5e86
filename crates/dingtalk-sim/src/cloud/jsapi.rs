//! The script that pages inside `DingTalk` load from its CDN.

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, http::header, web};

use crate::{
    code::Kind,
    native::{Device, NativeAnswer, NativeClient},
    shared::Shared,
};

const PATH: &str = "/jsapi/dingtalk.open.js";

pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.route(PATH, web::get().to(script));
}

/// `GET /jsapi/dingtalk.open.js`: the bundle, preceded by the simulated app if a demo configures it.
async fn script(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let _under_way = shared.begin_call(PATH);
    let Some(file) = &shared.config.jsapi else {
        return HttpResponse::NotFound().body("no bundle of dingtalk-jsapi was given");
    };
    let bundle = match std::fs::read_to_string(file) {
        Ok(bundle) => bundle,
        Err(error) => return HttpResponse::InternalServerError().body(error.to_string()),
    };
    let user_agent = request.headers().get(header::USER_AGENT);
    let user_agent = user_agent.and_then(|value| value.to_str().ok());
    let app = app_around(&shared, user_agent.unwrap_or_default());
    HttpResponse::Ok()
        .content_type("text/javascript;charset=UTF-8")
        .insert_header((header::CACHE_CONTROL, "no-store"))
        .body(app + &bundle)
}

/// Returns the app of the person configured for a demo, with a fresh code; empty outside `DingTalk`.
fn app_around(shared: &Shared, user_agent: &str) -> String {
    let Some(userid) = &shared.config.in_app_as else {
        return String::new();
    };
    if !user_agent.contains("DingTalk") {
        return String::new();
    }
    let code = shared
        .world()
        .codes
        .issue(Kind::InApp, userid, Instant::now(), false);
    let answer = NativeAnswer::Code(code);
    NativeClient::new(Device::of(user_agent), &shared.config.corp_id, answer).script()
}
