//! The redirect back from DingTalk's login page.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use url::form_urlencoded::parse;

use super::add_cookie;
use super::{begin_attempt, browser_secret, device, establish_session, outcome};
use crate::context::Context;
use crate::http::error::AppError;
use crate::http::login_limit::LoginLimit;
use crate::service::login::{self, CallbackParams, FailedScan};
use crate::service::sessions::ClientInfo;

/// Completes a login: 303 to where the person wanted to go, or a page with the reason for the refusal.
pub async fn callback(
    request: HttpRequest,
    ctx: web::Data<Context>,
    limit: web::Data<LoginLimit>,
    client: ClientInfo,
) -> Result<HttpResponse, AppError> {
    let mut attempt = begin_attempt(&request, &ctx, &limit).await?;
    attempt.fail_if_abandoned();
    let value = |names: &[&str]| {
        let mut pairs = parse(request.query_string().as_bytes());
        pairs
            .find(|(name, value)| names.contains(&name.as_ref()) && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    // DingTalk's newer pages call the code `authCode`.
    let (state, code) = (value(&["state"]), value(&["code", "authCode"]));
    let secret = browser_secret(&request, &ctx);
    let way_back = CallbackParams {
        state: state.as_deref(),
        browser_secret: secret.as_deref(),
        code: code.as_deref(),
        is_denied: value(&["error"]).is_some(),
    };
    let result = login::complete_scan(&ctx, &client, attempt.client(), way_back).await;
    attempt.end(outcome(&result.as_ref().map_err(|failed| &failed.error)));
    let signed_in = result.map_err(|FailedScan { error, back }| AppError::Login { error, back })?;
    establish_session(&request, &signed_in)?;
    let mut response = HttpResponse::SeeOther()
        .insert_header((LOCATION, signed_in.return_path.as_str()))
        .finish();
    add_cookie(
        &mut response,
        &device::cookie(&request, &ctx, &signed_in.userid),
    )?;
    Ok(response)
}
