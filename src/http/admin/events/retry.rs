//! Retrying failed events.

use actix_web::HttpResponse;

use crate::http::admin::button::ButtonPress;
use crate::http::error::AppError;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::events;
use crate::text::admin_events::EventTexts;
use crate::text::interpolate;

/// Schedules one failed event for another attempt.
pub async fn retry(press: ButtonPress) -> Result<HttpResponse, AppError> {
    let id = press.id()?;
    let t = EventTexts::of(press.lang);
    let toast = if events::retry_event(&press.ctx, &press.admin.actor(), id).await? {
        Toast::ok(interpolate(t.retried, &[("id", &id)]))
    } else {
        Toast::new(Tone::Warn, interpolate(t.not_failed, &[("id", &id)]))
    };
    Ok(press.redirect_back(&toast, &format!("/admin/events/{id}")))
}

/// Schedules all failed events for another attempt.
pub async fn retry_failed(press: ButtonPress) -> Result<HttpResponse, AppError> {
    let t = EventTexts::of(press.lang);
    let toast = match events::retry_failed_events(&press.ctx, &press.admin.actor()).await? {
        0 => Toast::new(Tone::Neutral, t.none_failed),
        1 => Toast::ok(t.retried_one),
        n => Toast::ok(interpolate(t.retried_all, &[("n", &n)])),
    };
    Ok(press.redirect_back(&toast, "/admin/events"))
}
