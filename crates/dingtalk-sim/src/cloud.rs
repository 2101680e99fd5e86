//! The HTTP APIs that `DingTalk` documents, at one address for all its hosts.

mod answer;
mod approval;
mod callback;
mod contact;
mod department;
mod desk;
mod fault;
mod jsapi;
mod login;
mod oauth2;
mod params;
mod record;
mod sns;
mod table;
mod token;

use std::time::Instant;

use actix_web::{HttpRequest, HttpResponse, http::Method, web};

use self::{
    answer::{Family, Refusal},
    desk::Desk,
    params::Params,
    table::{Access, Endpoint},
};
use crate::{fault::Fault, shared::Shared};

pub(crate) use self::table::paths;

/// Registers the pages for browsers, and one handler for all APIs.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(login::routes)
        .configure(oauth2::routes)
        .configure(jsapi::routes)
        .default_service(web::to(call));
}

/// Handles any API call: counts it, applies an armed fault, checks it, responds.
async fn call(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let path = request.path();
    let _under_way = shared.begin_call(path);
    if let Some(userid) = userid_of(&request, &body) {
        shared.world().meter.asks_about(path, &userid);
    }
    let fault = shared.world().faults.strike(path);
    match fault {
        Some(Fault::Delay(delay)) => {
            actix_web::rt::time::sleep(delay).await;
            proper_answer(&request, &body, &shared).await
        }
        Some(Fault::LoseAnswer) => {
            drop(proper_answer(&request, &body, &shared).await);
            fault::silence().await
        }
        Some(Fault::Hang) => fault::silence().await,
        Some(Fault::EndlessList) => {
            let (body, next_cursor) = fault::from_the_start(&body);
            let promise = |fields| fault::with_more(fields, next_cursor);
            changed_answer(&request, &body, &shared, promise).await
        }
        Some(Fault::OmitEmptyList) => {
            changed_answer(&request, &body, &shared, fault::without_empty_list).await
        }
        Some(fault) => fault::instead(path, &fault),
        None => proper_answer(&request, &body, &shared).await,
    }
}

/// Returns the person that a call asks about, whatever its result.
fn userid_of(request: &HttpRequest, body: &[u8]) -> Option<String> {
    let content_type = request.headers().get("Content-Type");
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let params = Params::parse(request.query_string(), content_type, body).ok()?;
    params.text("userid")
}

async fn proper_answer(request: &HttpRequest, body: &[u8], shared: &Shared) -> HttpResponse {
    changed_answer(request, body, shared, |fields| fields).await
}

async fn changed_answer(
    request: &HttpRequest,
    body: &[u8],
    shared: &Shared,
    change: impl FnOnce(answer::Fields) -> answer::Fields,
) -> HttpResponse {
    let path = request.path();
    let family = Family::of(path);
    let Some(endpoint) = table::find(path) else {
        return family.unknown_path(path);
    };
    match answer(endpoint, request, body, shared).await {
        Ok(fields) => family.success(change(fields)),
        Err(refusal) => family.refusal(&refusal),
    }
}

async fn answer(
    endpoint: &Endpoint,
    request: &HttpRequest,
    body: &[u8],
    shared: &Shared,
) -> Result<answer::Fields, Refusal> {
    let (fields, pending) = run(endpoint, request, body, shared)?;
    if let Some(pending) = pending {
        callback::confirm(pending, shared).await?;
    }
    if endpoint.path.starts_with("/call_back/") {
        shared.save();
    }
    Ok(fields)
}

fn run(
    endpoint: &Endpoint,
    request: &HttpRequest,
    body: &[u8],
    shared: &Shared,
) -> Result<(answer::Fields, Option<callback::Pending>), Refusal> {
    let (config, now, clock_ms) = (&shared.config, Instant::now(), shared.now_ms());
    let mut world = shared.world();
    let limit = config.calls_per_second;
    world
        .meter
        .admit(endpoint.path, now, limit)
        .map_err(|until| Refusal::throttled(limit, clock_ms, until.duration_since(now)))?;
    if !endpoint.methods.contains(request.method()) {
        let wants_get = endpoint.methods.contains(&Method::GET);
        return Err(Refusal::Code(if wants_get { 43001 } else { 43002 }));
    }
    let content_type = request
        .headers()
        .get("Content-Type")
        .and_then(|v| v.to_str().ok());
    let params = Params::parse(request.query_string(), content_type, body)?;
    if endpoint.access == Access::AppToken {
        token::check(&world.tokens, &params, now)?;
    }
    let mut desk = Desk {
        config,
        world: &mut world,
        params: &params,
        now,
        clock_ms,
        pending: None,
    };
    let fields = (endpoint.run)(&mut desk)?;
    Ok((fields, desk.pending))
}
