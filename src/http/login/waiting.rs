//! The page of a person who waits for a review, and the state that its script asks for.

use actix_web::http::header::{CACHE_CONTROL, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use serde_json::json;

use super::is_secret;
use crate::context::Context;
use crate::http::dingtalk_client::is_inside_dingtalk;
use crate::http::error::AppError;
use crate::http::layout::Layout;
use crate::http::pages::{self, WaitingView};
use crate::http::waiting_cookie;
use crate::service::login::{Waiting, waiting};

/// Marks the login page after an approval.
pub const APPROVED: &str = "approved";

/// Returns what the browser may know; `None` without a valid cookie, for which Postgres is asked only if it may be ours.
async fn of_browser(request: &HttpRequest, ctx: &Context) -> Result<Option<Waiting>, AppError> {
    let is_https = ctx.config.server.public_url.is_https();
    let cookie = request.cookie(waiting_cookie::name(is_https));
    match cookie.filter(|cookie| is_secret(cookie.value())) {
        Some(cookie) => Ok(waiting(ctx, cookie.value()).await?),
        None => Ok(None),
    }
}

/// Returns the page; a browser without a valid cookie is redirected to the login.
pub(super) async fn page(
    request: HttpRequest,
    ctx: web::Data<Context>,
) -> Result<HttpResponse, AppError> {
    let Some(found) = of_browser(&request, &ctx).await? else {
        let login = HttpResponse::SeeOther()
            .insert_header((LOCATION, "/login"))
            .finish();
        return Ok(login);
    };
    let view = WaitingView {
        state: found.state,
        login_href: format!("/login?{APPROVED}&rd={}", found.return_path.encoded()),
        is_inside_dingtalk: is_inside_dingtalk(request.headers()),
    };
    Ok(pages::waiting(Layout::of(&request, None), view))
}

/// Returns the state as JSON: 404 without a valid cookie.
pub(super) async fn state(
    request: HttpRequest,
    ctx: web::Data<Context>,
) -> Result<HttpResponse, AppError> {
    let found = of_browser(&request, &ctx).await?;
    let found = found.ok_or(AppError::NotFound)?;
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(json!({ "state": found.state.as_str() })))
}
