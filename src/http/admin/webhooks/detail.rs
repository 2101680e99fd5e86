//! One message with its body, as long as that is kept, and every delivery attempt.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use serde_json::Value;

use super::{DeliveryView, view};
use crate::context::Context;
use crate::domain::contact_mask::mask_json;
use crate::domain::rights::ContactView;
use crate::domain::rights::masked;
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::{Layout, html};
use crate::http::view::Tone;
use crate::store::webhook_list::{self, AttemptRow};
use crate::store::{StoreError, staff};
use crate::text::admin_webhooks::WebhookTexts;
use crate::text::duration::whole_days;
use crate::text::interpolate;
use crate::text::time::TimeText;

#[derive(Template)]
#[template(path = "admin/webhook_detail.html")]
struct WebhookPage {
    layout: Layout,
    t: &'static WebhookTexts,
    title: String,
    message: DeliveryView,
    message_id: String,
    /// The receiver's URL; `None` if webhooks are disabled.
    url: Option<String>,
    /// Pretty-printed; `None` before it exists and after it is deleted.
    body: Option<String>,
    is_kept: bool,
    /// For how long bodies are kept after delivery, in days.
    kept_days: u64,
    attempts: Vec<AttemptView>,
}

struct AttemptView {
    at: TimeText,
    tone: Tone,
    words: String,
    took: String,
}

/// Returns the page of one message.
pub async fn detail(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let (now, found) = ctx
        .db
        .read(async |conn| {
            let found = webhook_list::find(conn, id).await?;
            Ok::<_, StoreError>((staff::now(conn).await?, found))
        })
        .await?;
    let found = found.ok_or(AppError::NotFound)?;
    let layout = auditor.layout(&ctx, &request).await?;
    let (lang, t) = (layout.lang, WebhookTexts::of(layout.lang));
    let webhook = ctx.config.webhook.as_ref();
    let attempt = |row: AttemptRow| AttemptView {
        at: TimeText::new(row.at, now, lang),
        tone: if row.error.is_none() {
            Tone::Ok
        } else {
            Tone::Danger
        },
        words: t.result_words(row.status, row.error).unwrap_or_default(),
        took: interpolate(t.took, &[("ms", &row.duration_ms)]),
    };
    let page = WebhookPage {
        t,
        title: interpolate(t.detail_title, &[("id", &id)]),
        message_id: found.row.message_id.clone(),
        url: webhook.map(|webhook| webhook.url.to_string()),
        body: found.body.map(|body| pretty(&body, auditor.contacts())),
        is_kept: found.row.is_kept,
        kept_days: whole_days(ctx.config.retention.events),
        attempts: found.attempts.into_iter().map(attempt).collect(),
        message: view(found.row, auditor.contacts(), now, lang, webhook.is_some()),
        layout,
    };
    Ok(html(StatusCode::OK, &page))
}

fn pretty(body: &str, contacts: ContactView) -> String {
    match serde_json::from_str::<Value>(body) {
        Ok(mut value) => {
            if contacts.is_masked() {
                mask_json(&mut value);
            }
            format!("{value:#}")
        }
        Err(_) => masked(body, contacts),
    }
}
