//! Ending one's own sessions.

use actix_session::Session;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use uuid::Uuid;

use crate::context::Context;
use crate::http::error::AppError;
use crate::http::extract::{CsrfForm, CurrentUser};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::login::signed_out;
use crate::http::view::Tone;
use crate::service::sessions::{self, ClientInfo};
use crate::text::browser::browser_name;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::portal::PortalTexts;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/sessions/end-others").route(web::post().to(end_others)))
        .service(web::resource("/sessions/{id}/end").route(web::post().to(end)));
}

/// A form with no fields but its CSRF token.
#[derive(serde::Deserialize)]
struct CsrfOnly {}

/// Ends one session. Does not reveal whether another person's session exists.
async fn end(
    request: HttpRequest,
    user: CurrentUser,
    ctx: web::Data<Context>,
    session: Session,
    client: ClientInfo,
    id: web::Path<String>,
    _form: CsrfForm<CsrfOnly>,
) -> Result<HttpResponse, AppError> {
    let id = Uuid::parse_str(&id).map_err(|_| AppError::NotFound)?;
    let ended = sessions::end_own(&ctx, &user.userid, id, &client).await?;
    if id == user.session_id {
        return Ok(signed_out(&request));
    }
    let lang = Lang::of(request.headers());
    let t = PortalTexts::of(lang);
    let toast = match ended {
        Some(user_agent) => {
            let browser = browser_name(&user_agent, lang);
            Toast::ok(interpolate(t.ended, &[("browser", &browser)]))
        }
        None => Toast::new(Tone::Neutral, t.already_ended),
    };
    flash::set(&session, &toast);
    Ok(see_other("/"))
}

/// Ends all sessions but this one.
async fn end_others(
    request: HttpRequest,
    user: CurrentUser,
    ctx: web::Data<Context>,
    session: Session,
    client: ClientInfo,
    _form: CsrfForm<CsrfOnly>,
) -> Result<HttpResponse, AppError> {
    let (userid, keep) = (&user.userid, user.session_id);
    let ended = sessions::end_others(&ctx, userid, keep, &client).await?;
    let t = PortalTexts::of(Lang::of(request.headers()));
    let toast = match ended {
        0 => Toast::new(Tone::Neutral, t.no_others),
        1 => Toast::ok(t.ended_others_one),
        n => Toast::ok(interpolate(t.ended_others, &[("n", &n)])),
    };
    flash::set(&session, &toast);
    Ok(see_other("/"))
}

fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, path))
        .finish()
}
