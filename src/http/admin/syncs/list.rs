//! The runs, the latest first.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{RunView, view};
use crate::context::Context;
use crate::domain::sync::{SyncCause, SyncState};
use crate::http::admin::list_page::{ListPage, ListSpec};
use crate::http::admin::list_query::{ALL, ListQuery};
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::Layout;
use crate::store::StoreError;
use crate::store::sync_list::{self, RunRow, SyncFilter};
use crate::text::admin_syncs::SyncTexts;
use crate::text::admin_syncs::problem::problems_with;
use crate::text::time::TimeText;

const LIST: ListSpec = ListSpec {
    filters: &[("state", ALL), ("cause", ALL)],
    ..ListSpec::PLAIN
};

#[derive(Template)]
#[template(path = "admin/syncs.html")]
struct SyncsPage {
    layout: Layout,
    t: &'static SyncTexts,
    list: ListPage<RunView>,
    /// When the next scheduled run starts.
    next: Option<TimeText>,
}

pub(super) async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let list = LIST.request(&query)?;
    let filter = SyncFilter {
        state: query.value("state", &SyncState::ALL, SyncState::as_str)?,
        cause: query.value("cause", &SyncCause::ALL, SyncCause::as_str)?,
        q: query.q().to_owned(),
        error_codes: match query.q() {
            "" => Vec::new(),
            text => problems_with(text),
        },
    };
    let now = auditor.user.now;
    let (total, rows, elsewhere) = ctx
        .db
        .read(async |conn| {
            let total = sync_list::count(conn, &filter).await?;
            let (limit, offset) = (list.paging.per_page, list.paging.offset());
            let rows = sync_list::list(conn, &filter, limit, offset).await?;
            let elsewhere = if list.is_hidden_by_filters(total) {
                sync_list::count(conn, &filter.text_only()).await?
            } else {
                0
            };
            Ok::<_, StoreError>((total, rows, elsewhere))
        })
        .await?;
    let (pager, next) = (list.pager(total), ctx.config.sync.schedule.next(now));
    let page = |layout: Layout, list: ListPage<RunRow>| {
        let (lang, t) = (layout.lang, SyncTexts::of(layout.lang));
        let state = |state: SyncState| (state.as_str(), t.state_words(state, false));
        let cause = |cause: SyncCause| (cause.as_str(), t.cause_words(cause));
        SyncsPage {
            t,
            list: list
                .with_filter("state", t.state, SyncState::ALL.map(state))
                .with_filter("cause", t.cause, SyncCause::ALL.map(cause))
                .with_elsewhere(elsewhere)
                .map(|row| view(row, now, lang)),
            next: next.map(|at| TimeText::new(at, now, lang)),
            layout,
        }
    };
    list.respond(&auditor, &ctx, &request, pager, rows, page)
        .await
}
