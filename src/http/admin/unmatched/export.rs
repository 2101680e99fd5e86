//! The list of cases as a table for spreadsheets.

use actix_web::{HttpRequest, HttpResponse, web};
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream::TryStreamExt as _;

use super::list::{LIST, filter};
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::ids::UserId;
use crate::domain::rights::ContactView;
use crate::http::admin::exports::{Export, rows_of};
use crate::http::admin::list_query::ListQuery;
use crate::http::admin::staff::history::masked;
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::store::unmatched::{self, Case};

const EXPORT: Export = Export {
    action: AuditAction::ReviewExport,
    filename: "unmatched.csv",
    header: &[
        "userid",
        "unionid",
        "nick",
        "reason",
        "status",
        "attempts",
        "first_seen_at",
        "last_seen_at",
        "reference",
        "decided_by",
        "decided_at",
        "decision_reason",
    ],
};

/// How many cases an export reads at a time.
const BATCH: usize = 1000;

pub(super) async fn export(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, sort) = (filter(&query, &viewer.scope())?, query.sort(LIST.columns)?);
    let contacts = viewer.contacts();
    let find = async move |ctx: &Context| {
        let found = ctx
            .db
            .read(async |conn| unmatched::ids(conn, &filter, sort).await);
        found.await
    };
    let read = async |ctx: &Context, ids: &[i64]| {
        let read = ctx.db.read(async |conn| unmatched::rows(conn, ids).await);
        read.await
    };
    let rows = rows_of(ctx.get_ref().clone(), BATCH, find, read);
    let rows = rows.map_ok(move |case| cells(case, contacts));
    EXPORT.respond(&viewer, &ctx, &request, rows).await
}

fn cells(case: Case, contacts: ContactView) -> Vec<String> {
    let time = |at: DateTime<Utc>| at.to_rfc3339_opts(SecondsFormat::Secs, true);
    vec![
        case.userid.map(UserId::into_string).unwrap_or_default(),
        case.unionid.into_string(),
        case.nick,
        case.reason.as_str().to_owned(),
        case.state.as_str().to_owned(),
        case.attempts.to_string(),
        time(case.first_seen_at),
        time(case.last_seen_at),
        case.last_request_id,
        case.decided_by.unwrap_or_default(),
        case.decided_at.map(time).unwrap_or_default(),
        case.decision_reason
            .map(|reason| masked(&reason, contacts))
            .unwrap_or_default(),
    ]
}
