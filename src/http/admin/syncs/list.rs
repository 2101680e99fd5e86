//! The runs, the latest first.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;

use super::{RunView, view};
use crate::context::Context;
use crate::domain::export::{ExportColumn, ExportedList};
use crate::domain::sync::{SyncCause, SyncDecision, SyncState};
use crate::domain::sync_problem::SyncProblemCode;
use crate::http::admin::exports::Export;
use crate::http::admin::list_page::{ListPage, ListSpec};
use crate::http::admin::list_query::{ALL, ListQuery};
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::Layout;
use crate::http::table::{Cell, TableHead, id_cell};
use crate::store::sync_list::{self, RunRow, SyncFilter};
use crate::store::{Conn, StoreError};
use crate::text::admin_syncs::SyncTexts;
use crate::text::admin_syncs::problem::problems_with;
use crate::text::time::TimeText;
use futures_util::stream::TryStreamExt as _;

const LIST: ListSpec = ListSpec {
    filters: &[("state", ALL), ("cause", ALL)],
    ..ListSpec::PLAIN
};
const EXPORT: TableHead = TableHead {
    list: ExportedList::Syncs,
    columns: &[
        ExportColumn::Id,
        ExportColumn::Status,
        ExportColumn::Cause,
        ExportColumn::Userid,
        ExportColumn::Name,
        ExportColumn::StartedAt,
        ExportColumn::FinishedAt,
        ExportColumn::Decision,
        ExportColumn::DecidedBy,
        ExportColumn::DecidedAt,
        ExportColumn::Added,
        ExportColumn::Changed,
        ExportColumn::Returned,
        ExportColumn::Left,
        ExportColumn::Withheld,
        ExportColumn::Skipped,
        ExportColumn::Unchanged,
        ExportColumn::DepartmentsAdded,
        ExportColumn::DepartmentsChanged,
        ExportColumn::DepartmentsRemoved,
        ExportColumn::Unannounced,
        ExportColumn::ApiCalls,
        ExportColumn::Error,
    ],
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

fn filter(query: &ListQuery) -> Result<SyncFilter, AppError> {
    Ok(SyncFilter {
        state: query.value("state", &SyncState::ALL, SyncState::as_str)?,
        cause: query.value("cause", &SyncCause::ALL, SyncCause::as_str)?,
        q: query.q().to_owned(),
        error_codes: match query.q() {
            "" => Vec::new(),
            text => problems_with(text),
        },
    })
}

pub(super) async fn export(
    auditor: Auditor,
    export: Export,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let filter = filter(&query)?;
    let find = async move |conn: &mut Conn| sync_list::list(conn, &filter, i64::MAX, 0).await;
    let rows = export.all(find).map_ok(cells);
    export.respond(&auditor, EXPORT, rows).await
}

fn cells(run: RunRow) -> Vec<Cell> {
    let error = run.error_code.map(SyncProblemCode::as_str);
    let counts = run.counts;
    let mut cells = vec![
        id_cell(run.id),
        run.state.as_str().into(),
        run.cause.as_str().into(),
        run.started_by.into(),
        run.started_by_name.into(),
        run.started_at.into(),
        run.finished_at.into(),
        run.decision.map(SyncDecision::as_str).into(),
        run.decided_by.into(),
        run.decided_at.into(),
    ];
    let numbers = [
        counts.added,
        counts.changed,
        counts.returned,
        counts.left,
        counts.withheld,
        counts.skipped,
        counts.unchanged,
        counts.departments_added,
        counts.departments_changed,
        counts.departments_removed,
        run.unannounced,
        run.calls,
    ];
    cells.extend(numbers.map(Cell::from));
    let texts = [error, run.error.as_deref()];
    cells.push(
        texts
            .into_iter()
            .flatten()
            .collect::<Vec<_>>()
            .join(": ")
            .into(),
    );
    cells
}

pub(super) async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, list) = (filter(&query)?, LIST.request(&query)?);
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
