//! The start of a login: the page with the QR code, and the redirect to DingTalk's own page.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, LOCATION};
use actix_web::{HttpRequest, HttpResponse, web};
use url::form_urlencoded::parse;

use super::add_cookie;
use super::waiting::APPROVED;
use super::{authorize_url, begin_attempt, bind_browser, in_app};
use crate::context::Context;
use crate::domain::return_path::ReturnPath;
use crate::http::dingtalk_client::{is_inside_dingtalk, is_phone, link_into_dingtalk};
use crate::http::error::AppError;
use crate::http::extract::CurrentUser;
use crate::http::layout::Layout;
use crate::http::login_limit::{LoginLimit, Outcome};
use crate::http::pages::{self, LoginView};
use crate::http::security::content_security_policy;
use crate::service::login;

fn return_path(request: &HttpRequest) -> ReturnPath {
    let rd = parse(request.query_string().as_bytes()).find(|(name, _)| name == "rd");
    ReturnPath::parse(rd.as_ref().map(|(_, value)| value.as_ref()))
}

/// Returns the login page; a signed-in person is redirected at once, unless the login is too old for the page.
pub async fn page(
    request: HttpRequest,
    ctx: web::Data<Context>,
    limit: web::Data<LoginLimit>,
) -> Result<HttpResponse, AppError> {
    let back = return_path(&request);
    if CurrentUser::current().is_some_and(|user| !must_sign_in_again(&user, &back)) {
        return Ok(HttpResponse::SeeOther()
            .insert_header((LOCATION, back.as_str()))
            .finish());
    }
    if is_inside_dingtalk(request.headers()) {
        return Ok(in_app::page(&request, &ctx, &back));
    }
    let (state, cookie) = begin(&request, &ctx, &limit, &back).await?;
    let origin = ctx.config.dingtalk.login_url.origin().ascii_serialization();
    let embedded = authorize_url::embedded(&ctx, &state);
    let view = LoginView {
        qr_src: embedded.src,
        goto: embedded.goto,
        is_oauth2: embedded.is_oauth2,
        login_origin: origin.clone(),
        full_page_href: format!("/login/qr?rd={}", back.encoded()),
        dingtalk_link: is_phone(request.headers()).then(|| link_to_this_page(&ctx, &back)),
        is_approved: parse(request.query_string().as_bytes()).any(|(name, _)| name == APPROVED),
        state_ttl: ctx.config.login.state_ttl,
    };
    let layout = Layout::of(&request, None);
    let mut response = pages::login(layout, view);
    if let Ok(policy) = content_security_policy(Some(&origin)).parse() {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    add_cookie(&mut response, &cookie)?;
    Ok(response)
}

/// A longer return path is left out of a link, in which it is encoded twice.
const MAX_LINKED: usize = 512;

/// Returns the link that opens the login page in DingTalk.
fn link_to_this_page(ctx: &Context, back: &ReturnPath) -> String {
    // DingTalk's website sees the link: a search of the administration may hold a phone number.
    let path = if is_administration(back) {
        path_of(back)
    } else {
        back.as_str()
    };
    let back = ReturnPath::parse(Some(path).filter(|path| path.len() <= MAX_LINKED));
    let public_url = ctx.config.server.public_url.as_str();
    link_into_dingtalk(&format!("{public_url}/login?rd={}", back.encoded()))
}

fn path_of(back: &ReturnPath) -> &str {
    back.as_str().split('?').next().unwrap_or_default()
}

fn is_administration(back: &ReturnPath) -> bool {
    let path = path_of(back);
    path == "/admin" || path.starts_with("/admin/")
}

/// Returns whether somebody with a role is on the way to the administration, which their login is too old for.
fn must_sign_in_again(user: &CurrentUser, back: &ReturnPath) -> bool {
    is_administration(back) && user.rights.is_some() && !user.is_recent
}

/// Redirects to DingTalk's own login page.
pub async fn full_page(
    request: HttpRequest,
    ctx: web::Data<Context>,
    limit: web::Data<LoginLimit>,
) -> Result<HttpResponse, AppError> {
    let (state, cookie) = begin(&request, &ctx, &limit, &return_path(&request)).await?;
    let target = authorize_url::full_page(&ctx, &state);
    let mut response = HttpResponse::Found()
        .insert_header((LOCATION, target))
        .finish();
    add_cookie(&mut response, &cookie)?;
    Ok(response)
}

async fn begin(
    request: &HttpRequest,
    ctx: &Context,
    limit: &LoginLimit,
    back: &ReturnPath,
) -> Result<(String, actix_web::cookie::Cookie<'static>), AppError> {
    let attempt = begin_attempt(request, ctx, limit).await?;
    let (secret, cookie) = bind_browser(request, ctx);
    let state = login::begin(ctx, &secret, back).await?;
    attempt.end(Outcome::Started);
    Ok((state, cookie))
}
