//! The runs, the latest first.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{RunView, view};
use crate::context::Context;
use crate::domain::sync::{SyncCause, SyncState};
use crate::http::admin::last_page;
use crate::http::admin::list_query::{ListQuery, choices};
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::{Layout, html};
use crate::http::view::{Choice, Pager, query};
use crate::store::StoreError;
use crate::store::sync_list::{self, SyncFilter};
use crate::text::admin_syncs::SyncTexts;
use crate::text::admin_syncs::problem::problems_with;
use crate::text::time::TimeText;

#[derive(Template)]
#[template(path = "admin/syncs.html")]
struct SyncsPage {
    frame: Layout,
    t: &'static SyncTexts,
    q: String,
    states: Vec<Choice<'static>>,
    causes: Vec<Choice<'static>>,
    is_filtered: bool,
    /// When the next scheduled run starts.
    next: Option<TimeText>,
    rows: Vec<RunView>,
    pager: Pager,
}

pub(super) async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (state, cause) = (
        asked.value("state", &SyncState::ALL, SyncState::as_str)?,
        asked.value("cause", &SyncCause::ALL, SyncCause::as_str)?,
    );
    let filter = SyncFilter {
        state,
        cause,
        q: asked.q().to_owned(),
        error_codes: match asked.q() {
            "" => Vec::new(),
            text => problems_with(text),
        },
    };
    let paging = asked.paging();
    let now = auditor.user.now;
    let (total, rows) = ctx
        .db
        .read(async |conn| {
            let total = sync_list::count(conn, &filter).await?;
            let rows = sync_list::list(conn, &filter, paging.per_page, paging.offset()).await?;
            Ok::<_, StoreError>((total, rows))
        })
        .await?;
    let filters = query(&[
        ("q", &filter.q),
        ("state", state.map_or("", SyncState::as_str)),
        ("cause", cause.map_or("", SyncCause::as_str)),
    ]);
    let pager = Pager::new(paging, total, &filters);
    if let Some(answer) = last_page(&request, &pager) {
        return Ok(answer);
    }
    let frame = auditor.frame(&ctx, &request).await?;
    let (t, lang) = (SyncTexts::of(frame.lang), frame.lang);
    let states = SyncState::ALL.map(|state| (state.as_str(), t.state_words(state, false)));
    let causes = SyncCause::ALL.map(|cause| (cause.as_str(), t.cause_words(cause)));
    let next = ctx.config.sync.schedule.next(now);
    let page = SyncsPage {
        t,
        states: choices(frame.t.all, &states, state.map(SyncState::as_str)),
        causes: choices(frame.t.all, &causes, cause.map(SyncCause::as_str)),
        is_filtered: !filters.is_empty(),
        next: next.map(|at| TimeText::new(at, now, lang)),
        rows: rows.into_iter().map(|row| view(row, now, lang)).collect(),
        pager,
        q: filter.q,
        frame,
    };
    Ok(html(StatusCode::OK, &page))
}
