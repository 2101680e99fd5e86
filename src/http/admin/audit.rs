//! The audit trail, as a page and as a table for spreadsheets.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Days, Utc};

use super::actor_view::ActorView;
use super::list_page::{ListPage, ListSpec};
use super::list_query::{ALL, ListQuery, day_begin};
use crate::context::Context;
use crate::domain::audit::{ActorKind, AuditAction};
use crate::domain::case::Refusal;
use crate::domain::export::{ExportColumn, ExportedList};
use crate::domain::rights::ContactView;
use crate::domain::rights::masked;
use crate::http::admin::exports::{BATCH, Export, FORMATS};
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::Layout;
use crate::http::table::{Cell, TableHead};
use crate::store::audit_list::{self, AuditFilter, AuditRow};
use crate::store::sort::Sort;
use crate::store::{Conn, StoreError};
use crate::text::admin_audit::AuditTexts;
use crate::text::lang::Lang;
use crate::text::time::TimeText;
use futures_util::stream::TryStreamExt as _;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/audit").route(web::get().to(list)))
        .service(web::resource(format!("/audit{FORMATS}")).route(web::get().to(export)));
}

const LIST: ListSpec = ListSpec {
    filters: &[("action", ALL), ("status", ALL), ("from", ""), ("to", "")],
    // Only sorting by time stays fast however long the trail is.
    columns: &["at"],
    descending: &["at"],
    default_sort: Some(Sort {
        column: "at",
        is_descending: true,
    }),
    ..ListSpec::PLAIN
};
const EXPORT: TableHead = TableHead {
    list: ExportedList::Audit,
    columns: &[
        ExportColumn::At,
        ExportColumn::Actor,
        ExportColumn::ActorKind,
        ExportColumn::Action,
        ExportColumn::Userid,
        ExportColumn::Unionid,
        ExportColumn::Name,
        ExportColumn::Status,
        ExportColumn::Reason,
        ExportColumn::Reference,
        ExportColumn::Address,
        ExportColumn::ActorName,
    ],
};

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditPage {
    layout: Layout,
    t: &'static AuditTexts,
    list: ListPage<AuditView>,
}

struct AuditView {
    at: TimeText,
    actor: ActorView,
    action: &'static str,
    action_words: &'static str,
    /// The person it was applied to; `None` if that was the actor, or nobody.
    subject: Option<ActorView>,
    status_words: String,
    reason: Option<String>,
    request_id: Option<String>,
    address: Option<String>,
    /// Whether there is a request id or an IP address.
    has_trace: bool,
}

async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, list) = (filter(&query)?, LIST.request(&query)?);
    let (now, contacts) = (auditor.user.now, auditor.contacts());
    let (total, rows, elsewhere) = ctx
        .db
        .read(async |conn| {
            let found = audit_list::found(conn, &filter).await?;
            // The one row beyond the limit only shows that there are more.
            let shown = found.get(..audit_list::MOST).unwrap_or(&found);
            let rows = audit_list::rows(conn, list.paging.cut(shown)).await?;
            let elsewhere = if list.is_hidden_by_filters(i64::from(!found.is_empty())) {
                audit_list::found(conn, &filter.text_only()).await?.len()
            } else {
                0
            };
            Ok::<_, StoreError>((found.len(), rows, elsewhere))
        })
        .await?;
    let pager = list.pager_up_to(audit_list::MOST, total);
    let page = |layout: Layout, list: ListPage<AuditRow>| {
        let (lang, t) = (layout.lang, AuditTexts::of(layout.lang));
        let action = |action: AuditAction| (action.as_str(), t.action_words(action));
        let refusal = |refusal: Refusal| (refusal.as_str(), t.refusal_words(refusal));
        AuditPage {
            t,
            list: list
                .with_filter("action", t.action, AuditAction::ALL.map(action))
                .with_filter("status", t.outcome, Refusal::ALL.map(refusal))
                .with_elsewhere(i64::try_from(elsewhere).unwrap_or(i64::MAX))
                .map(|row| view(row, contacts, now, lang)),
            layout,
        }
    };
    list.respond(&auditor, &ctx, &request, pager, rows, page)
        .await
}

/// Both days count in full.
fn filter(query: &ListQuery) -> Result<AuditFilter, AppError> {
    let sort = query.sort(LIST.columns)?;
    Ok(AuditFilter {
        action: query.value("action", &AuditAction::ALL, AuditAction::as_str)?,
        refusal: query.value("status", &Refusal::ALL, Refusal::as_str)?,
        is_oldest_first: sort.is_some_and(|sort| !sort.is_descending),
        q: query.q().to_owned(),
        from: query.date("from")?.map(day_begin),
        before: query
            .date("to")?
            .and_then(|day| day.checked_add_days(Days::new(1)))
            .map(day_begin),
    })
}

fn view(row: AuditRow, contacts: ContactView, now: DateTime<Utc>, lang: Lang) -> AuditView {
    let t = AuditTexts::of(lang);
    let kind = row.actor_kind;
    let name = row.name.map(|name| masked(&name, contacts));
    let subject = row
        .userid
        .clone()
        .or_else(|| row.unionid.clone())
        .filter(|id| kind != ActorKind::Person || *id != row.actor);
    AuditView {
        at: TimeText::new(row.at, now, lang),
        subject: match subject {
            Some(id) => Some(ActorView::subject(
                &id,
                name.as_deref(),
                row.userid.is_some() && row.is_staff,
            )),
            None if row.userid.is_none() => name.as_deref().map(ActorView::thing),
            None => None,
        },
        actor: ActorView::new(lang, kind, &row.actor, row.actor_name),
        action_words: t.action_words(row.action),
        status_words: t.status_words(row.action, &row.status, lang),
        action: row.action.as_str(),
        has_trace: row.reference.is_some() || row.ip.is_some(),
        reason: row
            .reason
            .map(|reason| masked(t.reason_words(&reason), contacts)),
        request_id: row.reference,
        address: row.ip,
    }
}

async fn export(
    auditor: Auditor,
    export: Export,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let filter = filter(&query)?;
    let read = async move |conn: &mut Conn, after: Option<i64>| {
        audit_list::batch(conn, &filter, after, BATCH.into()).await
    };
    let rows = export.by_key(read, |row: &AuditRow| row.id).map_ok(cells);
    export.respond(&auditor, EXPORT, rows).await
}

fn cells(row: AuditRow) -> Vec<Cell> {
    vec![
        row.at.into(),
        row.actor.into(),
        row.actor_kind.as_str().into(),
        row.action.as_str().into(),
        row.userid.into(),
        row.unionid.into(),
        row.name.into(),
        row.status.into(),
        row.reason.into(),
        row.reference.into(),
        row.ip.into(),
        row.actor_name.into(),
    ]
}
