//! The list of cases as a table for spreadsheets.

use actix_web::HttpResponse;
use futures_util::stream::TryStreamExt as _;

use super::list::{LIST, filter};
use crate::domain::export::{ExportColumn, ExportedList};
use crate::domain::ids::UserId;
use crate::http::admin::exports::Export;
use crate::http::admin::list_query::ListQuery;
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::http::table::{Cell, TableHead};
use crate::store::Conn;
use crate::store::unmatched::{self, Case};

const EXPORT: TableHead = TableHead {
    list: ExportedList::Review,
    columns: &[
        ExportColumn::Userid,
        ExportColumn::Unionid,
        ExportColumn::Nick,
        ExportColumn::Reason,
        ExportColumn::Status,
        ExportColumn::Attempts,
        ExportColumn::FirstSeenAt,
        ExportColumn::LastSeenAt,
        ExportColumn::Reference,
        ExportColumn::DecidedBy,
        ExportColumn::DecidedAt,
        ExportColumn::DecisionReason,
    ],
};

pub(super) async fn export(
    viewer: Viewer,
    export: Export,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, sort) = (filter(&query, &viewer.scope())?, query.sort(LIST.columns)?);
    let find = async move |conn: &mut Conn| unmatched::ids(conn, &filter, sort).await;
    let read = async |conn: &mut Conn, ids: &[i64]| unmatched::rows(conn, ids).await;
    let rows = export.by_id(find, read).map_ok(cells);
    export.respond(&viewer, EXPORT, rows).await
}

fn cells(case: Case) -> Vec<Cell> {
    vec![
        case.userid.map(UserId::into_string).into(),
        case.unionid.into_string().into(),
        case.nick.into(),
        case.reason.as_str().into(),
        case.state.as_str().into(),
        case.attempts.into(),
        case.first_seen_at.into(),
        case.last_seen_at.into(),
        case.last_request_id.into(),
        case.decided_by.into(),
        case.decided_at.into(),
        case.decision_reason.into(),
    ]
}
