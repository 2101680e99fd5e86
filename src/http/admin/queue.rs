//! The lanes of the queue: what waits, what is worked on, and the last error.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use crate::context::Context;
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::{Layout, html};
use crate::service::queue;
use crate::store::queue_lane::LaneRow;
use crate::text::admin_queue::QueueTexts;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/queue").route(web::get().to(list)));
}

#[derive(Template)]
#[template(path = "admin/queue.html")]
struct QueuePage {
    layout: Layout,
    t: &'static QueueTexts,
    rows: Vec<LaneView>,
}

struct LaneView {
    words: &'static str,
    hint: &'static str,
    pending: i64,
    oldest: Option<TimeText>,
    in_progress: i64,
    last_run: Option<TimeText>,
    error: Option<(String, TimeText)>,
}

async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
) -> Result<HttpResponse, AppError> {
    let rows = queue::lanes(&ctx).await?;
    let layout = auditor.layout(&ctx, &request).await?;
    let lang = layout.lang;
    let page = QueuePage {
        t: QueueTexts::of(lang),
        rows: rows.into_iter().map(|row| view(row, lang)).collect(),
        layout,
    };
    Ok(html(StatusCode::OK, &page))
}

fn view(row: LaneRow, lang: Lang) -> LaneView {
    let (words, hint) = QueueTexts::of(lang).lane_words(row.name);
    let time = |at| TimeText::new(at, row.now, lang);
    LaneView {
        words,
        hint,
        pending: row.pending,
        oldest: row.oldest.map(time),
        in_progress: row.in_progress,
        last_run: row.last_run_at.map(time),
        error: row.last_error.zip(row.last_error_at.map(time)),
    }
}
