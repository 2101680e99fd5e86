//! One event of the inbox, with its body as long as that is kept.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::{EventView, view};
use crate::context::Context;
use crate::domain::contact_mask::mask_json;
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::{Layout, html};

use crate::store::{StoreError, event_list, staff};
use crate::text::admin_events::EventTexts;
use crate::text::duration::whole_days;
use crate::text::interpolate;
use crate::text::time::TimeText;

#[derive(Template)]
#[template(path = "admin/event_detail.html")]
struct EventPage {
    layout: Layout,
    t: &'static EventTexts,
    title: String,
    event: EventView,
    dingtalk_id: Option<String>,
    event_time: Option<TimeText>,
    applied_at: Option<TimeText>,
    /// Pretty-printed; `None` once it has been deleted.
    body: Option<String>,
    /// For how long bodies are kept, in days.
    kept_days: u64,
}

/// Returns the page of one event.
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
            let found = event_list::find(conn, id).await?;
            Ok::<_, StoreError>((staff::now(conn).await?, found))
        })
        .await?;
    let found = found.ok_or(AppError::NotFound)?;
    let layout = auditor.layout(&ctx, &request).await?;
    let t = EventTexts::of(layout.lang);
    let time = |at: Option<DateTime<Utc>>| at.map(|at| TimeText::new(at, now, layout.lang));
    let page = EventPage {
        t,
        title: interpolate(t.detail_title, &[("id", &id)]),
        dingtalk_id: found.row.dedupe_key.strip_prefix("id:").map(str::to_owned),
        event_time: time(found.row.event_time),
        applied_at: time(found.row.applied_at),
        body: found.body.map(|mut body| {
            if auditor.contacts().is_masked() {
                mask_json(&mut body);
            }
            format!("{body:#}")
        }),
        kept_days: whole_days(ctx.config.retention.events),
        event: view(found.row, now, layout.lang, usize::MAX),
        layout,
    };
    Ok(html(StatusCode::OK, &page))
}
