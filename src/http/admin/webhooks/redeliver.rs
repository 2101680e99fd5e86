//! Sending messages again.

use actix_web::HttpResponse;

use crate::http::admin::button::ButtonPress;
use crate::http::error::AppError;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::webhooks;
use crate::text::admin_webhooks::WebhookTexts;
use crate::text::interpolate;

/// Schedules one message to be sent again.
pub async fn one(press: ButtonPress) -> Result<HttpResponse, AppError> {
    let id = press.id()?;
    let t = WebhookTexts::of(press.lang);
    let toast = if press.ctx.config.webhook.is_none() {
        Toast::new(Tone::Warn, t.not_configured)
    } else if webhooks::redeliver(&press.ctx, &press.admin.actor(), id).await? {
        Toast::ok(interpolate(t.queued, &[("id", &id)]))
    } else {
        Toast::new(Tone::Warn, interpolate(t.not_queued, &[("id", &id)]))
    };
    Ok(press.redirect_back(&toast, &format!("/admin/webhooks/{id}")))
}

/// Schedules all failed messages to be sent again.
pub async fn all_failed(press: ButtonPress) -> Result<HttpResponse, AppError> {
    let t = WebhookTexts::of(press.lang);
    let toast = if press.ctx.config.webhook.is_none() {
        Toast::new(Tone::Warn, t.not_configured)
    } else {
        match webhooks::redeliver_failed(&press.ctx, &press.admin.actor()).await? {
            0 => Toast::new(Tone::Neutral, t.none_failed),
            1 => Toast::ok(t.queued_one),
            n => Toast::ok(interpolate(t.queued_all, &[("n", &n)])),
        }
    };
    Ok(press.redirect_back(&toast, "/admin/webhooks"))
}
