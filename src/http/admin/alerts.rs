//! Alerts are shown on every page of the administration; here they are dismissed.

use actix_web::{HttpRequest, HttpResponse, web};

use super::BackForm;
use super::acting::{actor, address_of};
use crate::context::Context;
use crate::http::error::AppError;
use crate::http::extract::Admin;
use crate::http::form::CsrfForm;
use crate::service::alerts;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/alerts/{kind}/dismiss").route(web::post().to(dismiss)));
}

async fn dismiss(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    kind: web::Path<String>,
    form: CsrfForm<BackForm>,
) -> Result<HttpResponse, AppError> {
    let address = address_of(&ctx, &request);
    alerts::dismiss_alert(&ctx, &actor(&admin, address.as_deref()), &kind).await?;
    Ok(form.0.see_other("/admin"))
}
