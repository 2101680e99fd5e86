//! The list of cases as a table for spreadsheets.

use actix_web::HttpResponse;
use futures_util::stream::TryStreamExt as _;

use super::list::{LIST, filter};
use crate::domain::export::{ExportColumn, ExportedList};
use crate::domain::ids::UserId;
use crate::domain::rights::ContactView;
use crate::http::admin::exports::{Export, rows_of};
use crate::http::admin::list_query::ListQuery;
use crate::http::admin::staff::history::masked;
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
    let contacts = viewer.contacts();
    let find = async move |conn: &mut Conn| unmatched::ids(conn, &filter, sort).await;
    let read = async |conn: &mut Conn, ids: &[i64]| unmatched::rows(conn, ids).await;
    let rows = rows_of(export.ctx.clone(), find, read).map_ok(move |case| cells(case, contacts));
    export.respond(&viewer, EXPORT, rows).await
}

fn cells(case: Case, contacts: ContactView) -> Vec<Cell> {
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
        case.decision_reason
            .map(|reason| masked(&reason, contacts))
            .into(),
    ]
}
