//! The actions on an app that need only one button.

use actix_web::HttpResponse;

use crate::http::admin::button::ButtonPress;
use crate::http::error::AppError;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::apps;
use crate::text::admin_apps::AppTexts;
use crate::text::interpolate;

pub(super) async fn delete(press: ButtonPress) -> Result<HttpResponse, AppError> {
    let t = AppTexts::of(press.lang);
    let name = apps::delete(&press.ctx, &press.admin.actor(), press.id()?).await?;
    Ok(press.redirect(&toast(name, t.deleted, t.gone), "/admin/apps"))
}

pub(super) async fn show(press: ButtonPress) -> Result<HttpResponse, AppError> {
    set_shown(&press, true).await
}

pub(super) async fn hide(press: ButtonPress) -> Result<HttpResponse, AppError> {
    set_shown(&press, false).await
}

async fn set_shown(press: &ButtonPress, is_shown: bool) -> Result<HttpResponse, AppError> {
    let (t, id) = (AppTexts::of(press.lang), press.id()?);
    let name = apps::set_shown(&press.ctx, &press.admin.actor(), id, is_shown).await?;
    let sentence = if is_shown { t.now_shown } else { t.now_hidden };
    Ok(press.redirect(&toast(name, sentence, t.unchanged), &row(id)))
}

pub(super) async fn up(press: ButtonPress) -> Result<HttpResponse, AppError> {
    shift(&press, true).await
}

pub(super) async fn down(press: ButtonPress) -> Result<HttpResponse, AppError> {
    shift(&press, false).await
}

async fn shift(press: &ButtonPress, is_up: bool) -> Result<HttpResponse, AppError> {
    let (t, id) = (AppTexts::of(press.lang), press.id()?);
    let name = apps::shift(&press.ctx, &press.admin.actor(), id, is_up).await?;
    let sentence = if is_up { t.moved_up } else { t.moved_down };
    Ok(press.redirect(&toast(name, sentence, t.unchanged), &row(id)))
}

/// Returns the place of an app's row, so that it can be moved again at once.
fn row(id: i64) -> String {
    format!("/admin/apps#app-{id}")
}

/// Returns the result for the app of this name, or the reason why it was not changed.
fn toast(name: Option<String>, done: &str, not_done: &str) -> Toast {
    match name {
        Some(name) => Toast::ok(interpolate(done, &[("name", &name)])),
        None => Toast::new(Tone::Neutral, not_done),
    }
}
