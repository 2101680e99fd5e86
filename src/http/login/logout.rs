//! Signing out.

use actix_session::SessionExt as _;
use actix_web::http::header::LOCATION;
use actix_web::{FromRequest as _, HttpMessage as _, HttpRequest, HttpResponse, web};

use super::in_app::SIGNED_OUT;
use crate::context::Context;
use crate::http::dingtalk_client::is_inside_dingtalk;
use crate::http::error::AppError;
use crate::http::extract::{CsrfForm, CurrentUser};
use crate::http::middleware::cookies::ConflictingSessions;
use crate::service::sessions::{self, ClientInfo};
use crate::text::lang::Lang;
use crate::text::sign_out::SignOutTexts;

#[derive(serde::Deserialize)]
struct Empty {}

/// Ends this session everywhere. A person without a session is already signed out.
pub async fn sign_out(
    request: HttpRequest,
    payload: web::Payload,
    ctx: web::Data<Context>,
    client: ClientInfo,
) -> Result<HttpResponse, AppError> {
    if let Some(user) = CurrentUser::current() {
        CsrfForm::<Empty>::from_request(&request, &mut payload.into_inner()).await?;
        sessions::sign_out(&ctx, &user.userid, user.session_id, &client).await?;
    } else if request.extensions().contains::<ConflictingSessions>() {
        let t = SignOutTexts::of(Lang::of(request.headers()));
        return Err(AppError::Conflict(t.conflicting.to_owned()));
    }
    Ok(signed_out(&request))
}

/// Redirects to the signed-out page after a user ends their own session.
pub fn signed_out(request: &HttpRequest) -> HttpResponse {
    request.get_session().purge();
    // Inside DingTalk the login page would sign the person in again immediately.
    let target = if is_inside_dingtalk(request.headers()) {
        format!("/login?{SIGNED_OUT}")
    } else {
        "/login".to_owned()
    };
    HttpResponse::SeeOther()
        .insert_header((LOCATION, target))
        .finish()
}
