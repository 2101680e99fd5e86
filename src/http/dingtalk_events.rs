//! `/dingtalk/events`: where DingTalk pushes its events.

use actix_web::{HttpRequest, HttpResponse, web};
use futures_util::StreamExt as _;
use serde_json::json;

use crate::context::Context;
use crate::service::events::{self, ReceiveError};

const MAX_BODY: usize = 1024 * 1024;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(
        web::resource("/dingtalk/events")
            .route(web::post().to(receive))
            .route(web::get().to(probe)),
    );
}

/// A GET shows that the address is reachable.
async fn probe() -> HttpResponse {
    HttpResponse::Ok().json(json!({"code": 200, "msg": "ok"}))
}

async fn receive(
    ctx: web::Data<Context>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let body = match read(payload).await {
        Ok(body) => body,
        Err(Unread::TooLarge) => {
            return HttpResponse::PayloadTooLarge().json(json!({"error": "too_large"}));
        }
        Err(Unread::Broken) => {
            return HttpResponse::BadRequest().json(json!({"error": "bad_request"}));
        }
    };
    match events::receive(&ctx, request.query_string(), &body).await {
        Ok(reply) => HttpResponse::Ok().json(reply),
        Err(error) => refusal(&error),
    }
}

/// The answer to what is not a success. All refusals look alike: they teach a forger nothing.
fn refusal(error: &ReceiveError) -> HttpResponse {
    match error {
        ReceiveError::BadRequest => {
            HttpResponse::BadRequest().json(json!({"error": "bad_request"}))
        }
        ReceiveError::Refused => HttpResponse::Forbidden().json(json!({"error": "refused"})),
        ReceiveError::Store(error) => {
            // Not in its Debug form, in which Postgres quotes the row: the event itself.
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(%error, cause, "an event could not be stored: DingTalk will send it again");
            HttpResponse::ServiceUnavailable().json(json!({"error": "unavailable"}))
        }
        ReceiveError::Key(error) => {
            tracing::error!(%error, "the event subscription's key is of no use");
            HttpResponse::InternalServerError().json(json!({"error": "internal"}))
        }
    }
}

/// Why there is no body.
enum Unread {
    TooLarge,
    Broken,
}

/// Reads the body whatever its content type.
async fn read(mut payload: web::Payload) -> Result<Vec<u8>, Unread> {
    let mut body = Vec::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|_| Unread::Broken)?;
        if body.len() + chunk.len() > MAX_BODY {
            return Err(Unread::TooLarge);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
