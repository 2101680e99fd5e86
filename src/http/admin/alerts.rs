//! Alerts are shown on every page of the administration; here they are dismissed.

use actix_web::{HttpResponse, web};

use super::BackForm;
use crate::context::Context;
use crate::http::error::AppError;
use crate::http::extract::{Admin, CsrfForm};
use crate::service::alerts;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/alerts/{kind}/dismiss").route(web::post().to(dismiss)));
}

async fn dismiss(
    admin: Admin,
    ctx: web::Data<Context>,
    kind: web::Path<String>,
    form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    alerts::dismiss_alert(&ctx, &admin.actor(), &kind).await?;
    Ok(form.0.see_other("/admin"))
}
