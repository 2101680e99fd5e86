//! The pages and APIs of the login.

mod authorize_url;
mod callback;
mod device;
mod fetch_metadata;
mod in_app;
mod logout;
mod start;
mod waiting;

pub(super) use fetch_metadata::only_own_and_navigation;
pub(super) use logout::signed_out;

use actix_session::SessionExt as _;
use actix_session::storage::SessionKey;
use actix_web::cookie::{Cookie, SameSite, time};
use actix_web::http::header::ContentType;
use actix_web::{HttpRequest, HttpResponse, web};

use super::client_address::client_address;
use super::error::AppError;
use super::error_page::JSON_ERRORS;
use super::login_limit::{Attempt, AttemptError, LoginLimit, Outcome};
use super::request_id::RequestId;
use super::session_exchange;
use crate::context::Context;
use crate::service::login::{LoginError, SignedIn};
use crate::service::secret::random_secret;
use crate::upstream::clients::{Client, ClientKey};

/// Marks the state of a new session; not stored.
const SIGNED_IN: &str = "signed_in";

pub fn configure(cfg: &mut web::ServiceConfig) {
    let login = web::resource("/login").route(web::get().to(start::page));
    // Shows that the page exists, without beginning a login.
    let is_there = || async {
        HttpResponse::Ok()
            .content_type(ContentType::html())
            .finish()
    };
    let in_app = web::resource("/login/in-app").name(JSON_ERRORS);
    let in_app = in_app.route(web::post().to(in_app::sign_in));
    cfg.service(login.route(web::head().to(is_there)))
        .service(web::resource("/login/qr").route(web::get().to(start::full_page)))
        .service(web::resource("/login/callback").route(web::get().to(callback::callback)))
        .service(in_app)
        .service(web::resource("/login/waiting").route(web::get().to(waiting::page)))
        .service(
            web::resource("/login/waiting/state")
                .name(JSON_ERRORS)
                .route(web::get().to(waiting::state)),
        )
        .service(web::resource("/logout").route(web::post().to(logout::sign_out)));
}

/// Begins an attempt of the client: the browser if somebody has signed in from it before, otherwise the IP address.
async fn begin_attempt(
    request: &HttpRequest,
    ctx: &Context,
    limit: &LoginLimit,
) -> Result<Attempt, AppError> {
    let attempt = limit.begin(client_key(request, ctx)).await;
    attempt.map_err(AppError::from)
}

/// Returns the client, if an attempt of it would not be refused immediately.
fn check_client(
    request: &HttpRequest,
    ctx: &Context,
    limit: &LoginLimit,
) -> Result<Client, AppError> {
    let client = limit.check(client_key(request, ctx));
    client.map_err(AppError::from)
}

fn client_key(request: &HttpRequest, ctx: &Context) -> ClientKey {
    let trusted = &ctx.config.server.trusted_proxies;
    let of_address = || ClientKey::of_address(client_address(request, trusted));
    device::id(request, ctx).map_or_else(of_address, ClientKey::Device)
}

impl From<AttemptError> for AppError {
    fn from(refused: AttemptError) -> Self {
        match refused {
            AttemptError::TooMany { retry_after } => Self::RateLimited { retry_after },
            AttemptError::TimedOut { retry_after } => LoginError::DingTalkUnavailable {
                retry_after,
                is_unspent: true,
            }
            .into(),
        }
    }
}

/// Returns how a login counts against its client's rate.
fn outcome<T>(result: &Result<T, &LoginError>) -> Outcome {
    match result {
        Ok(_) => Outcome::SignedIn,
        Err(
            LoginError::InvalidState(_)
            | LoginError::InvalidCode
            | LoginError::Cancelled
            | LoginError::QueueTimeout { .. },
        ) => Outcome::Failed,
        Err(LoginError::Refused { .. }) => Outcome::Started,
        Err(
            LoginError::DingTalkUnavailable { .. }
            | LoginError::Misconfigured(_)
            | LoginError::Store(_),
        ) => Outcome::Uncounted,
    }
}

/// Puts the new session into the cookie; the middleware ends the old one.
fn establish_session(request: &HttpRequest, signed_in: &SignedIn) -> Result<(), AppError> {
    let internal = |error: anyhow::Error| AppError::Internal(error);
    let key = SessionKey::try_from(signed_in.session_key.clone());
    session_exchange::set_new_key(key.map_err(|error| internal(error.into()))?);
    let session = request.get_session();
    session.clear();
    // The middleware saves no session whose state is empty.
    session
        .insert(SIGNED_IN, true)
        .map_err(|error| internal(error.into()))?;
    session.renew();
    tracing::info!(request_id = RequestId::of(request).as_str(), "signed in");
    Ok(())
}

/// Returns the name of the cookie that binds begun logins to the browser.
fn browser_cookie_name(ctx: &Context) -> &'static str {
    if ctx.config.server.public_url.is_https() {
        "__Host-dinggate-login"
    } else {
        "dinggate-login"
    }
}

/// Returns the browser's secret, if its cookie holds one in our format.
fn browser_secret(request: &HttpRequest, ctx: &Context) -> Option<String> {
    let cookie = request.cookie(browser_cookie_name(ctx))?;
    let value = cookie.value();
    is_secret(value).then(|| value.to_owned())
}

/// Returns whether a value has the format of our secrets.
fn is_secret(value: &str) -> bool {
    let is_letter = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    value.len() == 43 && value.bytes().all(is_letter)
}

/// Returns the browser's secret, an existing or a new one, and the cookie that keeps it for another period. Several
/// tabs share it, each with its own state.
fn bind_browser(request: &HttpRequest, ctx: &Context) -> (String, Cookie<'static>) {
    let secret = browser_secret(request, ctx).unwrap_or_else(random_secret);
    let ttl =
        time::Duration::try_from(ctx.config.login.state_ttl).unwrap_or(time::Duration::MINUTE);
    let cookie = Cookie::build(browser_cookie_name(ctx), secret.clone())
        .path("/")
        .http_only(true)
        .secure(ctx.config.server.public_url.is_https())
        .same_site(SameSite::Lax)
        .max_age(ttl)
        .finish();
    (secret, cookie)
}

/// Adds a cookie to a finished response.
fn add_cookie(response: &mut HttpResponse, cookie: &Cookie<'_>) -> Result<(), AppError> {
    response
        .add_cookie(cookie)
        .map_err(|error| AppError::Internal(anyhow::Error::new(error)))
}
