//! Alerts are shown on every page of the administration; here they are dismissed.

use actix_web::{HttpRequest, HttpResponse, web};

use super::BackForm;
use super::links::segment;
use super::unmatched::{actor, address_of};
use crate::context::Context;
use crate::domain::alert::AlertKind;
use crate::http::error::AppError;
use crate::http::extract::Admin;
use crate::http::form::CsrfForm;
use crate::http::layout::LayoutAlert;
use crate::service::alerts;
use crate::store::alert::Alert;
use crate::text::alerts::alert_text;
use crate::text::lang::Lang;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/alerts/{kind}/dismiss").route(web::post().to(dismiss)));
}

/// Returns an alert as the layout shows it. A doubt about the directory links to the syncs and stays as long as it
/// lasts: a complete sync ends it, and that page can start one. Only who administers can dismiss one.
pub fn frame_alert(lang: Lang, alert: &Alert, can_dismiss: bool) -> LayoutAlert {
    let text = alert_text(lang, &alert.kind, &alert.detail);
    if matches!(alert.kind, AlertKind::Directory(_)) {
        let run = alert.detail.split_once(':').map(|(run, _)| run);
        let run = run.and_then(|run| run.parse::<i64>().ok());
        let more = run.map_or_else(
            || "/admin/syncs".to_owned(),
            |run| format!("/admin/syncs/{run}"),
        );
        return LayoutAlert {
            text,
            more: Some(more),
            dismiss: None,
        };
    }
    LayoutAlert {
        text,
        more: None,
        dismiss: can_dismiss
            .then(|| format!("/admin/alerts/{}/dismiss", segment(&alert.kind.to_string()))),
    }
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
