//! What one run has changed, withheld and skipped, as a table for spreadsheets.

use actix_web::{HttpResponse, web};
use futures_util::stream::{self, TryStreamExt as _};

use super::detail::filter;
use super::plan;
use crate::domain::export::{ExportColumn, ExportedList};
use crate::domain::rights::ContactView;
use crate::http::admin::exports::{BATCH, Export};
use crate::http::admin::list_query::ListQuery;
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::table::{Cell, TableHead, id_cell};
use crate::store::Conn;
use crate::store::sync_list::{self, ChangeRow};

const EXPORT: TableHead = TableHead {
    list: ExportedList::SyncChanges,
    columns: &[
        ExportColumn::Status,
        ExportColumn::Userid,
        ExportColumn::DepartmentId,
        ExportColumn::Name,
        ExportColumn::Field,
        ExportColumn::OldValue,
        ExportColumn::NewValue,
        ExportColumn::Reason,
    ],
};

/// A record with several changed fields has a row for each.
pub(super) async fn export(
    auditor: Auditor,
    export: Export,
    id: web::Path<(i64, String)>,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (id, _) = id.into_inner();
    let contacts = auditor.contacts();
    let filter = filter(&query, contacts)?;
    let run = export.find(async |conn| sync_list::find(conn, id).await);
    run.await?.ok_or(AppError::NotFound)?;
    let read = async move |conn: &mut Conn, after: Option<i32>| {
        sync_list::batch_of_changes(conn, id, &filter, after, BATCH.into()).await
    };
    let rows = export
        .by_key(read, |row: &ChangeRow| row.position)
        .map_ok(move |row| stream::iter(cells(row, contacts).into_iter().map(Ok)))
        .try_flatten();
    export.respond(&auditor, EXPORT, rows).await
}

fn cells(row: ChangeRow, contacts: ContactView) -> Vec<Vec<Cell>> {
    let record = [
        row.kind.as_str().into(),
        row.userid.into(),
        row.dept_id.map_or(Cell::Empty, id_cell),
        row.name.into(),
    ];
    let reason: Cell = row.reason.map(|reason| reason.code()).into();
    let changes = row.differences.into_iter().map(|change| {
        let change = plan::shown(change, contacts);
        [change.field, change.old, change.new].map(Cell::from)
    });
    let mut changes: Vec<[Cell; 3]> = changes.collect();
    if changes.is_empty() {
        changes.push([Cell::Empty, Cell::Empty, Cell::Empty]);
    }
    let rows = changes.into_iter().map(|change| {
        let cells = record.iter().cloned().chain(change);
        cells.chain([reason.clone()]).collect()
    });
    rows.collect()
}
