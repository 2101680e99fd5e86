//! Sending messages again.

use actix_session::Session;
use actix_web::{HttpResponse, web};

use crate::context::Context;
use crate::http::admin::BackForm;
use crate::http::error::AppError;
use crate::http::extract::{Admin, CsrfForm};
use crate::http::flash;
use crate::http::layout::Toast;
use crate::http::view::Tone;
use crate::service::webhooks;
use crate::text::admin_webhooks::WebhookTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;

/// Schedules one message to be sent again.
pub async fn one(
    admin: Admin,
    ctx: web::Data<Context>,
    session: Session,
    lang: Lang,
    id: web::Path<String>,
    form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let t = WebhookTexts::of(lang);
    let by = admin.actor();
    let toast = if ctx.config.webhook.is_none() {
        Toast::new(Tone::Warn, t.not_configured)
    } else if webhooks::redeliver(&ctx, &by, id).await? {
        Toast::ok(interpolate(t.queued, &[("id", &id)]))
    } else {
        Toast::new(Tone::Warn, interpolate(t.not_queued, &[("id", &id)]))
    };
    flash::set(&session, &toast);
    Ok(form.0.see_other(&format!("/admin/webhooks/{id}")))
}

/// Schedules all failed messages to be sent again.
pub async fn all_failed(
    admin: Admin,
    ctx: web::Data<Context>,
    session: Session,
    lang: Lang,
    form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let t = WebhookTexts::of(lang);
    let by = admin.actor();
    let toast = if ctx.config.webhook.is_none() {
        Toast::new(Tone::Warn, t.not_configured)
    } else {
        match webhooks::redeliver_failed(&ctx, &by).await? {
            0 => Toast::new(Tone::Neutral, t.none_failed),
            1 => Toast::ok(t.queued_one),
            n => Toast::ok(interpolate(t.queued_all, &[("n", &n)])),
        }
    };
    flash::set(&session, &toast);
    Ok(form.0.see_other("/admin/webhooks"))
}
