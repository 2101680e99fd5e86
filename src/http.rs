//! The web layer: routes, pages, APIs, the session cookie, and the error type.

pub mod admin;
mod alert_banner;
pub mod assets;
pub mod brand;
mod client_address;
mod dingtalk_client;
pub mod dingtalk_events;
pub mod error;
mod error_page;
mod extract;
pub mod flash;
mod head;
mod health;
mod lang;
mod language;
pub mod layout;
mod login;
mod login_limit;
mod middleware;
pub mod pages;
mod portal;
mod readiness;
pub mod request_id;
mod security;
mod session_exchange;
mod session_store;
pub mod table;
pub mod view;
mod waiting_cookie;

use actix_session::SessionMiddleware;
use actix_session::config::{CookieContentSecurity, PersistentSession, TtlExtensionPolicy};
use actix_web::cookie::{SameSite, time};
use actix_web::middleware::from_fn;
use actix_web::{HttpRequest, web};

use crate::context::Context;
use error::AppError;
pub use head::head_as_get;
pub use login_limit::LoginLimit;
use middleware::cookies::SessionCookie;
pub use middleware::{Edge, connections, limit};
pub use request_id::log_request;
pub use security::secure;

/// Maximum body that actix's own extractors read, in bytes; our own bodies are read through [`Edge`].
const MAX_BODY: usize = 256 * 1024;

/// Registers all routes. Those that need no session come before the pages.
pub fn configure(cfg: &mut web::ServiceConfig, ctx: &Context) {
    cfg.app_data(web::PayloadConfig::new(MAX_BODY));
    health::configure(cfg);
    dingtalk_events::configure(cfg);
    assets::configure(cfg);
    brand::configure(cfg);
    let pages = web::scope("")
        .configure(login::configure)
        .configure(portal::configure)
        .configure(admin::configure)
        .default_service(web::to(nothing_here))
        .wrap(sessions(ctx))
        .wrap(from_fn(session_exchange::open))
        .wrap(from_fn(login::only_own_and_navigation))
        .wrap(from_fn(language::switch))
        .wrap(from_fn(security::one_loopback_name))
        .wrap(from_fn(readiness::when_ready))
        .wrap(from_fn(error_page::render));
    cfg.service(pages);
}

async fn nothing_here(request: HttpRequest) -> Result<actix_web::HttpResponse, AppError> {
    let known = request.resource_map().has_resource(request.path());
    Err(if known && !request.method().is_safe() {
        AppError::MethodNotAllowed
    } else {
        AppError::NotFound
    })
}

/// Returns the session middleware. The cookie holds a key that is worthless once its row is deleted. The cookie's
/// lifetime is the maximum session lifetime; the table decides the idle and the absolute end.
fn sessions(ctx: &Context) -> SessionMiddleware<session_store::PgSessions> {
    let is_https = ctx.config.server.public_url.is_https();
    let cookie = SessionCookie::new(ctx.config.server.secret_key.expose(), is_https);
    let max = time::Duration::try_from(ctx.config.login.session_max).unwrap_or(time::Duration::DAY);
    let lifecycle = PersistentSession::default()
        .session_ttl(max)
        .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest);
    let name = cookie.name().to_owned();
    SessionMiddleware::builder(session_store::PgSessions::new(ctx.clone()), cookie.key)
        .cookie_name(name)
        .cookie_secure(is_https)
        .cookie_http_only(true)
        .cookie_same_site(SameSite::Lax)
        .cookie_path("/".to_owned())
        .cookie_content_security(CookieContentSecurity::Signed)
        .session_lifecycle(lifecycle)
        .build()
}
