//! Alerts stand on every page of the administration; here they are dismissed.

use actix_web::{HttpResponse, web};

use super::BackForm;
use crate::context::Context;
use crate::http::error::AppError;
use crate::http::form::CsrfForm;
use crate::http::visitor::Admin;
use crate::service::upkeep;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/alerts/{kind}/dismiss").route(web::post().to(dismiss)));
}

async fn dismiss(
    _admin: Admin,
    ctx: web::Data<Context>,
    kind: web::Path<String>,
    form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    upkeep::dismiss_alert(&ctx, &kind).await?;
    Ok(form.0.see_other("/admin"))
}
