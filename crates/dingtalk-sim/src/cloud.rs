//! The HTTP interfaces that `DingTalk` documents, on one address for all its hosts.

mod answer;
mod callback;
mod contact;
mod department;
mod desk;
mod fault;
mod jsapi;
mod login;
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

/// The pages that browsers see, and one handler for all interfaces.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config
        .configure(login::routes)
        .configure(jsapi::routes)
        .default_service(web::to(call));
}

/// Any interface: counted, met by a fault if one is armed, checked, answered.
async fn call(request: HttpRequest, body: web::Bytes, shared: web::Data<Shared>) -> HttpResponse {
    let path = request.path();
    let _under_way = shared.begin_call(path);
    let fault = shared.world().faults.strike(path);
    match fault {
        Some(Fault::Delay(delay)) => {
            actix_web::rt::time::sleep(delay).await;
            proper_answer(&request, &body, &shared)
        }
        Some(Fault::LoseAnswer) => {
            drop(proper_answer(&request, &body, &shared));
            fault::silence().await
        }
        Some(Fault::Hang) => fault::silence().await,
        Some(fault) => fault::instead(path, &fault),
        None => proper_answer(&request, &body, &shared),
    }
}

fn proper_answer(request: &HttpRequest, body: &[u8], shared: &Shared) -> HttpResponse {
    let path = request.path();
    let family = Family::of(path);
    let Some(endpoint) = table::find(path) else {
        return family.unknown_path(path);
    };
    match run(endpoint, request, body, shared) {
        Ok(fields) => {
            if path == callback::FAILED {
                shared.save();
            }
            family.success(fields)
        }
        Err(refusal) => family.refusal(&refusal),
    }
}

fn run(
    endpoint: &Endpoint,
    request: &HttpRequest,
    body: &[u8],
    shared: &Shared,
) -> Result<answer::Fields, Refusal> {
    let (config, now) = (&shared.config, Instant::now());
    let mut world = shared.world();
    if !world
        .meter
        .admit(endpoint.path, now, config.calls_per_second)
    {
        return Err(Refusal::Throttled(config.calls_per_second));
    }
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
    };
    (endpoint.run)(&mut desk)
}
