//! Ending one's own sessions.

use actix_session::Session;
use actix_web::http::header::LOCATION;
use actix_web::{HttpRequest, HttpResponse, web};
use uuid::Uuid;

use crate::context::Context;
use crate::http::error::AppError;
use crate::http::flash;
use crate::http::form::CsrfForm;
use crate::http::lang::Lang;
use crate::http::login::{Circumstances, signed_out};
use crate::http::page::Toast;
use crate::http::text::fill;
use crate::http::text::portal::PortalTexts;
use crate::http::view::{Tone, browser_name};
use crate::http::visitor::Visitor;
use crate::service::sessions;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/sessions/end-others").route(web::post().to(end_others)))
        .service(web::resource("/sessions/{id}/end").route(web::post().to(end)));
}

/// A form that says nothing but its token.
#[derive(serde::Deserialize)]
struct Bare {}

/// Ends one session. Whether another person's session exists is not told.
async fn end(
    request: HttpRequest,
    visitor: Visitor,
    ctx: web::Data<Context>,
    session: Session,
    id: web::Path<String>,
    _form: CsrfForm<Bare>,
) -> Result<HttpResponse, AppError> {
    let id = Uuid::parse_str(&id).map_err(|_| AppError::NotFound)?;
    let circumstances = Circumstances::of(&request, &ctx);
    let ended = sessions::end_own(&ctx, &visitor.userid, id, &circumstances.visit()).await?;
    if id == visitor.session_id {
        return Ok(signed_out(&request));
    }
    let lang = Lang::of(request.headers());
    let t = PortalTexts::of(lang);
    let toast = match ended {
        Some(user_agent) => {
            let browser = browser_name(&user_agent, lang);
            Toast::ok(fill(t.ended, &[("browser", &browser)]))
        }
        None => Toast::new(Tone::Neutral, t.already_ended),
    };
    flash::set(&session, &toast);
    Ok(see_other("/"))
}

/// Ends all sessions but this one.
async fn end_others(
    request: HttpRequest,
    visitor: Visitor,
    ctx: web::Data<Context>,
    session: Session,
    _form: CsrfForm<Bare>,
) -> Result<HttpResponse, AppError> {
    let circumstances = Circumstances::of(&request, &ctx);
    let (userid, keep) = (&visitor.userid, visitor.session_id);
    let ended = sessions::end_others(&ctx, userid, keep, &circumstances.visit()).await?;
    let t = PortalTexts::of(Lang::of(request.headers()));
    let toast = match ended {
        0 => Toast::new(Tone::Neutral, t.no_others),
        1 => Toast::ok(t.ended_others_one),
        n => Toast::ok(fill(t.ended_others, &[("n", &n)])),
    };
    flash::set(&session, &toast);
    Ok(see_other("/"))
}

fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, path))
        .finish()
}
