//! The login inside DingTalk: its page, which sends a code, and the JSON response to it.

use actix_web::http::header::{CONTENT_SECURITY_POLICY, CONTENT_TYPE, ORIGIN};
use actix_web::{HttpRequest, HttpResponse, web};
use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded::parse;

use super::add_cookie;
use super::{begin_attempt, check_client, device, establish_session, outcome};
use crate::context::Context;
use crate::domain::return_path::ReturnPath;
use crate::http::error::AppError;
use crate::http::layout::Layout;
use crate::http::login_limit::LoginLimit;
use crate::http::middleware::Edge;
use crate::http::pages::{self, InAppView};
use crate::http::security::in_app_security_policy;
use crate::service::login::{self, LoginError};
use crate::service::sessions::ClientInfo;
use crate::upstream::CodeExchange;

/// Marks the login page after a sign-out, which must not sign the person in again.
pub const SIGNED_OUT: &str = "signed_out";

/// The largest body, in bytes: a code and a path.
const MAX_BODY: usize = 4 * 1024;

#[derive(Deserialize)]
struct Request {
    code: Option<String>,
    rd: Option<String>,
}

/// Signs in with a code of `requestAuthCode`: 200 with where to go, or an error with its name.
pub async fn sign_in(
    request: HttpRequest,
    ctx: web::Data<Context>,
    limit: web::Data<LoginLimit>,
    edge: web::Data<Edge>,
    info: ClientInfo,
    payload: web::Payload,
) -> Result<HttpResponse, AppError> {
    check_origin(&request, &ctx)?;
    check_content_type(&request)?;
    let client = check_client(&request, &ctx, &limit)?;
    ctx.dingtalk
        .check_queue(CodeExchange::InApp, &client)
        .map_err(LoginError::from)?;
    let body = edge.read_public(&ctx, &request, payload, MAX_BODY).await?;
    let mut attempt = begin_attempt(&request, &ctx, &limit).await?;
    attempt.fail_if_abandoned();
    let body: Request =
        serde_json::from_slice(&body).map_err(|_| AppError::BadRequest(String::new()))?;
    let back = ReturnPath::parse(body.rd.as_deref());
    let (client, code) = (attempt.client(), body.code.as_deref());
    let result = login::complete_in_app(&ctx, &info, client, code, back).await;
    attempt.end(outcome(&result.as_ref()));
    let signed_in = result?;
    establish_session(&request, &signed_in)?;
    let redirect = json!({ "redirect": signed_in.return_path.as_str() });
    let mut response = HttpResponse::Ok().json(redirect);
    add_cookie(
        &mut response,
        &device::cookie(&request, &ctx, &signed_in.userid),
    )?;
    Ok(response)
}

/// Returns the page that signs in automatically. It begins no login whose state would have to be stored.
pub fn page(request: &HttpRequest, ctx: &Context, back: &ReturnPath) -> HttpResponse {
    let (dingtalk, rd) = (&ctx.config.dingtalk, back.encoded());
    let is_signed_out =
        parse(request.query_string().as_bytes()).any(|(name, _)| name == SIGNED_OUT);
    let view = InAppView {
        corp_id: dingtalk.corp_id.clone(),
        jsapi_url: dingtalk.jsapi_url.to_string(),
        back: back.as_str().to_owned(),
        again_href: format!("/login?again&rd={rd}"),
        qr_href: format!("/login/qr?rd={rd}"),
        is_signed_out,
    };
    let layout = Layout::of(request, None);
    let mut response = pages::in_app(layout, view);
    if !is_signed_out && let Ok(policy) = in_app_security_policy(&dingtalk.jsapi_url).parse() {
        response
            .headers_mut()
            .insert(CONTENT_SECURITY_POLICY, policy);
    }
    response
}

/// Checks the request's origin: a form on another site can send neither JSON nor our origin.
fn check_origin(request: &HttpRequest, ctx: &Context) -> Result<(), AppError> {
    let header = |name: &str| {
        request
            .headers()
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    let origin_is_ours = header(ORIGIN.as_str())
        .is_none_or(|origin| origin == ctx.config.server.public_url.origin());
    let site_is_ours = header("sec-fetch-site").is_none_or(|site| site == "same-origin");
    if origin_is_ours && site_is_ours {
        Ok(())
    } else {
        Err(AppError::Csrf)
    }
}

fn check_content_type(request: &HttpRequest) -> Result<(), AppError> {
    let value = request
        .headers()
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let essence = value.split(';').next().unwrap_or_default().trim();
    if essence.eq_ignore_ascii_case("application/json") {
        Ok(())
    } else {
        Err(AppError::NotJson)
    }
}
