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
    let lanes = queue::lanes(&ctx).await?;
    let layout = auditor.layout(&ctx, &request).await?;
    let lang = layout.lang;
    let page = QueuePage {
        t: QueueTexts::of(lang),
        rows: lanes.into_iter().map(|lane| view(lane, lang)).collect(),
        layout,
    };
    Ok(html(StatusCode::OK, &page))
}

fn view(lane: LaneRow, lang: Lang) -> LaneView {
    let (words, hint) = QueueTexts::of(lang).lane_words(lane.name);
    let time = |at| TimeText::new(at, lane.now, lang);
    LaneView {
        words,
        hint,
        pending: lane.pending,
        oldest: lane.oldest.map(time),
        in_progress: lane.in_progress,
        last_run: lane.last_run_at.map(time),
        error: lane.last_error.zip(lane.last_error_at.map(time)),
    }
}
