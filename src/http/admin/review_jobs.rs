//! A bulk decision: its progress, and its result for each person.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::actor_view::ActorView;
use super::unmatched::ListView;
use crate::context::Context;
use crate::domain::audit::ActorKind;
use crate::domain::case::ItemState;
use crate::domain::rights::masked;
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::http::layout::{Layout, html};
use crate::http::view::Tone;
use crate::store::review_job::{self, Item, Job};
use crate::store::staff;
use crate::text::admin_review::{ReviewTexts, people};
use crate::text::interpolate;
use crate::text::time::TimeText;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/unmatched/jobs/{id}").route(web::get().to(page)));
}

#[derive(Template)]
#[template(path = "admin/review_job.html")]
struct JobPage {
    layout: Layout,
    t: &'static ReviewTexts,
    /// The list view in which the people were selected.
    view: ListView,
    title: String,
    lead: String,
    is_running: bool,
    settled: usize,
    total: usize,
    reason: Option<String>,
    by: ActorView,
    at: TimeText,
    rows: Vec<ItemView>,
}

struct ItemView {
    case_id: i64,
    name: String,
    tone: Tone,
    words: &'static str,
    /// The reason why it failed.
    why: Option<String>,
}

// Long because it fills one struct, with one line for each fact of the page.
async fn page(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let (now, job, items, by) = ctx
        .db
        .read(async |conn| {
            // The people of somebody else's job may be outside the scope.
            let is_shown =
                |job: &Job| !viewer.scope().is_limited() || job.created_by == viewer.user.userid;
            let job = review_job::find(conn, id)
                .await?
                .filter(is_shown)
                .ok_or(AppError::NotFound)?;
            let items = review_job::items(conn, id).await?;
            let by = staff::find(conn, &job.created_by)
                .await?
                .map(|row| row.name);
            Ok::<_, AppError>((staff::now(conn).await?, job, items, by))
        })
        .await?;
    let layout = viewer.layout(&ctx, &request).await?;
    let t = ReviewTexts::of(layout.lang);
    let count = |state| items.iter().filter(|item| item.state == state).count();
    let (done, refused, total) = (
        count(ItemState::Done),
        count(ItemState::Refused),
        items.len(),
    );
    let is_running = job.finished_at.is_none();
    let sentence = if is_running {
        t.job_running
    } else {
        t.job_finished
    };
    let numbers: [(&str, &dyn std::fmt::Display); 4] = [
        ("settled", &(done + refused)),
        ("total", &total),
        ("done", &done),
        ("refused", &refused),
    ];
    let page = JobPage {
        t,
        view: ListView::of(&request),
        title: t.job_title(job.action, &people(layout.lang, total)),
        lead: interpolate(sentence, &numbers),
        is_running,
        settled: done + refused,
        total,
        reason: Some(masked(&job.reason, viewer.contacts())).filter(|reason| !reason.is_empty()),
        by: ActorView::new(layout.lang, ActorKind::Person, job.created_by.as_str(), by),
        at: TimeText::new(job.created_at, now, layout.lang),
        rows: items.into_iter().map(|item| view(item, t)).collect(),
        layout,
    };
    Ok(html(StatusCode::OK, &page))
}

fn view(item: Item, t: &ReviewTexts) -> ItemView {
    let (tone, words) = match item.state {
        ItemState::Done => (Tone::Ok, t.item_done),
        ItemState::Refused => (Tone::Danger, t.item_refused),
        ItemState::Waiting => (Tone::Neutral, t.item_waiting),
    };
    let why = item.outcome.map(|outcome| {
        let (code, userid) = outcome.split_once(':').unwrap_or((&outcome, ""));
        t.objection(code, userid)
    });
    let name = if item.nick.trim().is_empty() {
        item.case_id.to_string()
    } else {
        item.nick
    };
    ItemView {
        case_id: item.case_id,
        name,
        tone,
        words,
        why,
    }
}
