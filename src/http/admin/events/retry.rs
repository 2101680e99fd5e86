//! Retrying failed events.

use actix_session::Session;
use actix_web::{HttpResponse, web};

use crate::context::Context;
use crate::http::admin::BackForm;
use crate::http::error::AppError;
use crate::http::extract::{Admin, CsrfForm};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::events;
use crate::text::admin_events::EventTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;

/// Schedules one failed event for another attempt.
pub async fn retry(
    admin: Admin,
    ctx: web::Data<Context>,
    session: Session,
    lang: Lang,
    id: web::Path<String>,
    form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let t = EventTexts::of(lang);
    let by = admin.actor();
    let toast = if events::retry_event(&ctx, &by, id).await? {
        Toast::ok(interpolate(t.retried, &[("id", &id)]))
    } else {
        Toast::new(Tone::Warn, interpolate(t.not_failed, &[("id", &id)]))
    };
    flash::set(&session, &toast);
    Ok(form.0.see_other(&format!("/admin/events/{id}")))
}

/// Schedules all failed events for another attempt.
pub async fn retry_failed(
    admin: Admin,
    ctx: web::Data<Context>,
    session: Session,
    lang: Lang,
    form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let t = EventTexts::of(lang);
    let by = admin.actor();
    let toast = match events::retry_failed_events(&ctx, &by).await? {
        0 => Toast::new(Tone::Neutral, t.none_failed),
        1 => Toast::ok(t.retried_one),
        n => Toast::ok(interpolate(t.retried_all, &[("n", &n)])),
    };
    flash::set(&session, &toast);
    Ok(form.0.see_other("/admin/events"))
}
