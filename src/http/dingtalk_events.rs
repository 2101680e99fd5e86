//! `/dingtalk/events`: the URL to which DingTalk pushes its events.

use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::middleware::Edge;
use super::middleware::bodies::BodyError;
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

/// Answers GET to show that the URL is reachable.
async fn probe() -> HttpResponse {
    HttpResponse::Ok().json(json!({"code": 200, "msg": "ok"}))
}

async fn receive(
    ctx: web::Data<Context>,
    edge: web::Data<Edge>,
    request: HttpRequest,
    payload: web::Payload,
) -> HttpResponse {
    let query = request.query_string();
    if let Err(error) = events::check_query(query) {
        return refusal(&error);
    }
    let body = match edge.read_public(&ctx, &request, payload, MAX_BODY).await {
        Ok(body) => body,
        Err(error) => return unread(error),
    };
    match events::receive(&ctx, query, &body).await {
        Ok(reply) => HttpResponse::Ok().json(reply),
        Err(error) => refusal(&error),
    }
}

/// Returns the response to a push whose body was not read to its end.
fn unread(error: BodyError) -> HttpResponse {
    let (mut response, name) = match error {
        BodyError::TooLarge => (HttpResponse::PayloadTooLarge(), "too_large"),
        BodyError::TimedOut => (HttpResponse::RequestTimeout(), "timeout"),
        BodyError::Broken => (HttpResponse::BadRequest(), "bad_request"),
        BodyError::Stopping => (HttpResponse::ServiceUnavailable(), "unavailable"),
    };
    response.json(json!({"error": name}))
}

/// Returns the response to a rejected push. All rejections look alike, so that a forger learns nothing.
fn refusal(error: &ReceiveError) -> HttpResponse {
    match error {
        ReceiveError::BadRequest => {
            HttpResponse::BadRequest().json(json!({"error": "bad_request"}))
        }
        ReceiveError::Refused => HttpResponse::Forbidden().json(json!({"error": "refused"})),
        ReceiveError::Store(error) => {
            // Not in its Debug form, in which Postgres quotes the row: the event itself.
            let cause = std::error::Error::source(error).map(ToString::to_string);
            tracing::error!(%error, cause, "could not store an event; DingTalk will redeliver it");
            HttpResponse::ServiceUnavailable().json(json!({"error": "unavailable"}))
        }
        ReceiveError::Key(error) => {
            tracing::error!(%error, "DINGTALK_CALLBACK_AES_KEY is invalid");
            HttpResponse::InternalServerError().json(json!({"error": "internal"}))
        }
    }
}
