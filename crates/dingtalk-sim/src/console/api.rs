//! The control API: JSON in, JSON out; a request that cannot be carried out returns 400 with `error`.

mod approvals;
mod control;
mod people;

use actix_web::{HttpResponse, ResponseError, http::StatusCode, web};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::shared::Announce;

// Long because it lists every route.
pub(super) fn routes(config: &mut web::ServiceConfig) {
    config
        .route("/status", web::get().to(control::status))
        .route("/people", web::get().to(people::list))
        .route("/people", web::post().to(people::hire))
        .route("/people-bulk", web::post().to(people::bulk))
        .route("/people/{userid}/change", web::post().to(people::change))
        .route("/people/{userid}/dismiss", web::post().to(people::dismiss))
        .route("/people/{userid}/rehire", web::post().to(people::rehire))
        .route("/outsiders", web::post().to(people::add_outsider))
        .route("/departments", web::get().to(people::departments))
        .route("/departments", web::post().to(people::create_department))
        .route(
            "/departments/{id}/change",
            web::post().to(people::change_department),
        )
        .route(
            "/departments/{id}/remove",
            web::post().to(people::remove_department),
        )
        .route("/approvals", web::get().to(approvals::list))
        .route("/approvals", web::post().to(approvals::start))
        .route("/approvals/{id}/finish", web::post().to(approvals::finish))
        .route(
            "/approvals/{id}/terminate",
            web::post().to(approvals::terminate),
        )
        .route("/sns-code", web::post().to(people::sns_code))
        .route("/oauth2-code", web::post().to(people::oauth2_code))
        .route("/in-app-code", web::post().to(people::in_app_code))
        .route("/events", web::get().to(control::events))
        .route("/events", web::post().to(control::send_event))
        .route("/encrypt-event", web::post().to(control::encrypt_event))
        .route("/failed", web::get().to(control::failed))
        .route("/failed", web::post().to(control::add_failed))
        .route("/failed/shape", web::post().to(control::set_failed_shape))
        .route("/callback-url", web::post().to(control::set_callback_url))
        .route("/check-url", web::post().to(control::check_url))
        .route("/calls", web::get().to(control::calls))
        .route("/calls/reset", web::post().to(control::reset_calls))
        .route("/faults", web::get().to(control::faults))
        .route("/faults", web::post().to(control::arm))
        .route("/faults/clear", web::post().to(control::clear))
        .route("/clock-skew", web::post().to(control::set_clock_skew))
        .route("/revoke-token", web::post().to(control::revoke_token))
        .route("/scope", web::post().to(control::set_scope))
        .route("/stale", web::post().to(control::set_stale))
        .default_service(web::to(|| async {
            HttpResponse::NotFound().json(json!({"error": "no such control"}))
        }));
}

/// The error response for a request that cannot be carried out.
#[derive(Debug)]
pub(super) struct Cannot(anyhow::Error);

impl<E: Into<anyhow::Error>> From<E> for Cannot {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl std::fmt::Display for Cannot {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl ResponseError for Cannot {
    fn status_code(&self) -> StatusCode {
        StatusCode::BAD_REQUEST
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::BadRequest().json(json!({"error": self.to_string()}))
    }
}

type Answer = Result<web::Json<Value>, Cannot>;

#[allow(
    clippy::unnecessary_wraps,
    reason = "ends a control as its last expression"
)]
fn done() -> Answer {
    Ok(web::Json(json!({"ok": true})))
}

/// Parses the body as JSON, regardless of its content type; an empty body is an empty object.
fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Cannot> {
    let body = if body.is_empty() { b"{}" } else { body };
    Ok(serde_json::from_slice(body)?)
}

/// Returns the body without its `drop_event`, and the value of that.
fn read_act<T: DeserializeOwned>(body: &[u8]) -> Result<(T, Announce), Cannot> {
    #[derive(Default, Deserialize)]
    struct Quiet {
        #[serde(default)]
        drop_event: bool,
    }
    let mut value: Value = read(body)?;
    let quiet: Quiet = serde_json::from_value(value.clone())?;
    if let Some(fields) = value.as_object_mut() {
        fields.remove("drop_event");
    }
    let announce = if quiet.drop_event {
        Announce::No
    } else {
        Announce::Yes
    };
    Ok((serde_json::from_value(value)?, announce))
}
