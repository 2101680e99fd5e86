//! The way back from DingTalk's login page.

use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use url::form_urlencoded::parse;

use super::{Circumstances, browser_secret, count_failure, hand_over};
use crate::context::Context;
use crate::http::error::AppError;
use crate::http::login_limit::LoginLimit;
use crate::service::login::{self, WayBack};

/// Completes a login: 303 to where the person wanted to go, or a page that says why not.
pub async fn callback(
    request: HttpRequest,
    ctx: web::Data<Context>,
    limit: web::Data<LoginLimit>,
) -> Result<HttpResponse, AppError> {
    let circumstances = Circumstances::of(&request, &ctx);
    let attempt = circumstances.reserve(&limit.failed).await?;
    let value = |names: &[&str]| {
        let mut pairs = parse(request.query_string().as_bytes());
        pairs
            .find(|(name, value)| names.contains(&name.as_ref()) && !value.is_empty())
            .map(|(_, value)| value.into_owned())
    };
    // Newer pages of DingTalk call the code `authCode`.
    let (state, code) = (value(&["state"]), value(&["code", "authCode"]));
    let way_back = WayBack {
        code: code.as_deref(),
        is_denied: value(&["error"]).is_some(),
    };
    let secret = browser_secret(&request, &ctx);
    let visit = circumstances.visit();
    let (back, result) = match login::use_state(&ctx, state.as_deref(), secret.as_deref()).await {
        Ok(back) => {
            let result = login::complete_scan(&ctx, &visit, way_back, back.clone()).await;
            (Some(back), result)
        }
        Err(bad) => (bad.back, Err(bad.error)),
    };
    count_failure(attempt, &result);
    let signed_in = result.map_err(|error| AppError::Login { error, back })?;
    hand_over(&request, &signed_in)?;
    Ok(HttpResponse::SeeOther()
        .insert_header((LOCATION, signed_in.return_path.as_str()))
        .finish())
}
