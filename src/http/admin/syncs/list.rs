//! The runs, the latest first.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{RunView, view};
use crate::context::Context;
use crate::http::admin::last_page;
use crate::http::admin::list_query::{ListQuery, choices};
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::{Layout, html};
use crate::http::text::admin_syncs::{CAUSES, STATES, SyncTexts};
use crate::http::view::{Choice, Pager, TimeText, query};
use crate::store::sync_list::{self, SyncFilter};
use crate::store::{StoreError, staff};

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
        asked.choice("state", &STATES)?,
        asked.choice("cause", &CAUSES)?,
    );
    let filter = SyncFilter {
        state,
        cause,
        q: asked.q().to_owned(),
    };
    let paging = asked.paging();
    let (now, total, rows) = ctx
        .db
        .read(async |conn| {
            let total = sync_list::count(conn, &filter).await?;
            let rows = sync_list::list(conn, &filter, paging.per_page, paging.offset()).await?;
            Ok::<_, StoreError>((staff::now(conn).await?, total, rows))
        })
        .await?;
    let filters = query(&[
        ("q", &filter.q),
        ("state", state.unwrap_or("")),
        ("cause", cause.unwrap_or("")),
    ]);
    let pager = Pager::new(paging, total, &filters);
    if let Some(answer) = last_page(&request, &pager) {
        return Ok(answer);
    }
    let frame = auditor.frame(&ctx, &request).await?;
    let (t, lang) = (SyncTexts::of(frame.lang), frame.lang);
    let states = STATES.map(|name| (name, t.state_words(name, false)));
    let causes = CAUSES.map(|name| (name, t.cause_words(name)));
    let next = ctx.config.sync.schedule.next(now);
    let page = SyncsPage {
        t,
        states: choices(frame.t.all, &states, state),
        causes: choices(frame.t.all, &causes, cause),
        is_filtered: !filters.is_empty(),
        next: next.map(|at| TimeText::new(at, now, lang)),
        rows: rows.into_iter().map(|row| view(row, now, lang)).collect(),
        pager,
        q: filter.q,
        frame,
    };
    Ok(html(StatusCode::OK, &page))
}
