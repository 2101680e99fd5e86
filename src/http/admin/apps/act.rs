//! The actions on an app that need only one button.

use actix_session::Session;
use actix_web::{HttpRequest, HttpResponse, web};

use crate::context::Context;
use crate::http::admin::see_other;
use crate::http::error::AppError;
use crate::http::extract::{Admin, CsrfForm};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::apps;
use crate::text::admin_apps::AppTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;

/// A form with no fields but its CSRF token.
#[derive(serde::Deserialize)]
pub(super) struct CsrfOnly {}

pub(super) async fn delete(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    _form: CsrfForm<CsrfOnly>,
) -> Result<HttpResponse, AppError> {
    let t = AppTexts::of(Lang::of(request.headers()));
    let by = admin.actor();
    let name = apps::delete(&ctx, &by, id_of(&id)?).await?;
    Ok(told(&session, name, t.deleted, t.gone, "/admin/apps"))
}

pub(super) async fn show(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    _form: CsrfForm<CsrfOnly>,
) -> Result<HttpResponse, AppError> {
    set_shown(&admin, &ctx, &request, &session, &id, true).await
}

pub(super) async fn hide(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    _form: CsrfForm<CsrfOnly>,
) -> Result<HttpResponse, AppError> {
    set_shown(&admin, &ctx, &request, &session, &id, false).await
}

async fn set_shown(
    admin: &Admin,
    ctx: &Context,
    request: &HttpRequest,
    session: &Session,
    id: &str,
    is_shown: bool,
) -> Result<HttpResponse, AppError> {
    let t = AppTexts::of(Lang::of(request.headers()));
    let by = admin.actor();
    let id = id_of(id)?;
    let name = apps::set_shown(ctx, &by, id, is_shown).await?;
    let sentence = if is_shown { t.now_shown } else { t.now_hidden };
    let row = format!("/admin/apps#app-{id}");
    Ok(told(session, name, sentence, t.unchanged, &row))
}

pub(super) async fn up(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    _form: CsrfForm<CsrfOnly>,
) -> Result<HttpResponse, AppError> {
    shift(&admin, &ctx, &request, &session, &id, true).await
}

pub(super) async fn down(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    session: Session,
    id: web::Path<String>,
    _form: CsrfForm<CsrfOnly>,
) -> Result<HttpResponse, AppError> {
    shift(&admin, &ctx, &request, &session, &id, false).await
}

/// Redirects back to the row, so that it can be moved again at once.
async fn shift(
    admin: &Admin,
    ctx: &Context,
    request: &HttpRequest,
    session: &Session,
    id: &str,
    is_up: bool,
) -> Result<HttpResponse, AppError> {
    let t = AppTexts::of(Lang::of(request.headers()));
    let id = id_of(id)?;
    let by = admin.actor();
    let name = apps::shift(ctx, &by, id, is_up).await?;
    let sentence = if is_up { t.moved_up } else { t.moved_down };
    let row = format!("/admin/apps#app-{id}");
    Ok(told(session, name, sentence, t.unchanged, &row))
}

/// Sets the toast with the result for the app of this name, or with the reason why it was not changed.
fn told(
    session: &Session,
    name: Option<String>,
    done: &str,
    not_done: &str,
    next: &str,
) -> HttpResponse {
    let toast = match name {
        Some(name) => Toast::ok(interpolate(done, &[("name", &name)])),
        None => Toast::new(Tone::Neutral, not_done),
    };
    flash::set(session, &toast);
    see_other(next)
}

pub(super) fn id_of(text: &str) -> Result<i64, AppError> {
    text.parse().map_err(|_| AppError::NotFound)
}
