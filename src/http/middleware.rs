//! The outermost middleware: limits every request before any handler sees it.

pub mod bodies;
mod cached_check;
pub mod connections;
pub mod cookies;
mod forwarded;
mod sending;
mod throttle;

use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::http::header::{RETRY_AFTER, TRANSFER_ENCODING};
use actix_web::http::{ConnectionType, StatusCode};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, HttpRequest, HttpResponse, web};
use tokio_util::sync::CancellationToken;

use super::client_address::client_address;
use super::error::AppError;
use super::security::{self, HeaderContext};
use crate::config::Config;
use crate::context::Context;
use crate::store::db::{Share, with_deadline, with_share};
use bodies::{Bodies, BodyError, Limits};
use cached_check::CachedCheck;
use connections::{Connection, Connections, RequestInProgress};
use cookies::SessionCookie;
use forwarded::ForwardedWatch;
use sending::Sending;

/// Total time that a request waits for Postgres; with everything else the response is sent within 3 s.
const DATABASE_TIME: Duration = Duration::from_millis(2_800);
/// The same for a callback, for which DingTalk waits 1.5 s.
const CALLBACK_DATABASE_TIME: Duration = Duration::from_millis(900);

/// Bodies that anybody may send.
const PUBLIC_BODIES: Limits = Limits {
    deadline: Duration::from_secs(3),
    max_bodies: 128,
    max_bytes: 16 * 1024 * 1024,
};
/// Forms of signed-in people, who may have a slow connection.
const FORM_BODIES: Limits = Limits {
    deadline: Duration::from_secs(10),
    max_bodies: 128,
    max_bytes: 16 * 1024 * 1024,
};

/// The state that all requests of this process share.
pub struct Edge {
    pub session_cookie: SessionCookie,
    pub connections: Arc<Connections>,
    /// Cancels bodies in progress, and the wait for readiness, when the process is about to stop.
    pub stopping: CancellationToken,
    /// Whether Postgres answers, for `/readyz`.
    pub database_check: CachedCheck,
    public_bodies: Bodies,
    form_bodies: Bodies,
    forwarded: ForwardedWatch,
}

impl Edge {
    pub fn new(config: &Config, connections: Arc<Connections>) -> Self {
        let server = &config.server;
        let is_https = server.public_url.is_https();
        let stopping = CancellationToken::new();
        Self {
            session_cookie: SessionCookie::new(server.secret_key.expose(), is_https),
            connections,
            public_bodies: Bodies::new(PUBLIC_BODIES, stopping.clone()),
            form_bodies: Bodies::new(FORM_BODIES, stopping.clone()),
            stopping,
            database_check: CachedCheck::default(),
            forwarded: ForwardedWatch::default(),
        }
    }

    /// Reads a body that anybody may send.
    pub async fn read_public(
        &self,
        ctx: &Context,
        request: &HttpRequest,
        payload: web::Payload,
        max: usize,
    ) -> Result<Vec<u8>, BodyError> {
        let client = client_of(ctx, request);
        self.public_bodies.read(request, client, payload, max).await
    }

    /// Reads a body from a signed-in person.
    pub async fn read_form(
        &self,
        ctx: &Context,
        request: &HttpRequest,
        payload: web::Payload,
        max: usize,
    ) -> Result<Vec<u8>, BodyError> {
        let client = client_of(ctx, request);
        self.form_bodies.read(request, client, payload, max).await
    }
}

fn client_of(ctx: &Context, request: &HttpRequest) -> Option<IpAddr> {
    client_address(request, &ctx.config.server.trusted_proxies)
}

impl From<BodyError> for AppError {
    fn from(error: BodyError) -> Self {
        match error {
            BodyError::TooLarge => Self::TooLarge,
            BodyError::TimedOut => Self::BodyTimeout,
            BodyError::Broken => Self::BadRequest(String::new()),
            BodyError::Stopping => Self::Unavailable,
        }
    }
}

/// Applies the limits on the connection, the request's body, and its time and share at Postgres, and keeps only our
/// own cookies.
pub async fn limit<B: MessageBody + 'static>(
    edge: web::Data<Edge>,
    ctx: web::Data<Context>,
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<Sending>, Error> {
    let is_chunked = request.headers().contains_key(TRANSFER_ENCODING);
    let connection = request.request().conn_data::<Connection>();
    let in_progress = connection.map(|connection| connection.begin_request(is_chunked));
    let is_reserve = connection.is_some_and(|connection| connection.is_reserve);
    let is_health = matches!(request.path(), "/healthz" | "/readyz");
    if is_reserve && !is_health {
        let status = StatusCode::SERVICE_UNAVAILABLE;
        return Ok(refuse(request, status, in_progress));
    }
    // Postgres rejects NUL, and none of our URLs contains one.
    if request.uri().path().contains("%00") {
        return Ok(refuse(request, StatusCode::BAD_REQUEST, in_progress));
    }
    // No handler reads it, so it would be received without any limit while the response is created.
    if request.method().is_safe() && has_body(&mut request) {
        return Ok(refuse(request, StatusCode::BAD_REQUEST, in_progress));
    }
    edge.session_cookie.keep_own(&mut request);
    edge.forwarded.check(&ctx, &request);
    // Only callbacks signed by DingTalk get as far as Postgres, whatever their sender.
    let (time, share) = if request.path() == "/dingtalk/events" {
        (CALLBACK_DATABASE_TIME, Share::Callbacks)
    } else {
        let client = client_of(&ctx, request.request());
        (DATABASE_TIME, Share::of_client(client))
    };
    let work = with_share(share, next.call(request));
    let mut response = with_deadline(time, work).await?;
    if is_reserve {
        close_after(&mut response);
    }
    Ok(send(response, in_progress))
}

fn has_body(request: &mut ServiceRequest) -> bool {
    let payload = request.take_payload();
    let has_body = !matches!(payload, Payload::None);
    request.set_payload(payload);
    has_body
}

/// Returns a response without a page, and closes the connection.
fn refuse(
    request: ServiceRequest,
    status: StatusCode,
    in_progress: Option<RequestInProgress>,
) -> ServiceResponse<Sending> {
    let context = HeaderContext::of(&request);
    let mut response = HttpResponse::build(status);
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.insert_header((RETRY_AFTER, "1"));
    }
    let mut response = request.into_response(response.finish());
    security::add_headers(response.headers_mut(), &context);
    close_after(&mut response);
    send(response, in_progress)
}

fn close_after<B>(response: &mut ServiceResponse<B>) {
    let head = response.response_mut().head_mut();
    head.set_connection_type(ConnectionType::Close);
}

fn send<B: MessageBody + 'static>(
    response: ServiceResponse<B>,
    in_progress: Option<RequestInProgress>,
) -> ServiceResponse<Sending> {
    response.map_body(|_, body| Sending::new(BoxBody::new(body), in_progress))
}
