//! The audit trail, as a page and as a table for spreadsheets.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Days, SecondsFormat, Utc};
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};

use super::actor_view::ActorView;
use super::list_query::{ListQuery, choices, day_begin};
use super::staff::history::masked;
use super::{exports, last_page};
use crate::context::Context;
use crate::domain::audit::{ActorKind, AuditAction};
use crate::domain::case::Refusal;
use crate::domain::rights::ContactView;
use crate::http::csv;
use crate::http::error::AppError;
use crate::http::extract::Auditor;

use crate::http::layout::{Layout, html};
use crate::http::view::{Choice, Pager, Sorting, order, query};
use crate::store::StoreError;
use crate::store::audit_list::{self, AuditFilter, AuditRow};
use crate::store::sort::Sort;
use crate::text::admin_audit::AuditTexts;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/audit").route(web::get().to(list)))
        .service(web::resource("/audit.csv").route(web::get().to(export)));
}

/// The sortable columns: only sorting by time stays fast however long the trail is.
const COLUMNS: [&str; 1] = ["at"];
const LATEST_FIRST: Sort = Sort {
    column: "at",
    is_descending: true,
};

/// How many lines an export reads at a time.
const BATCH: i64 = 1000;

#[derive(Template)]
#[template(path = "admin/audit.html")]
struct AuditPage {
    frame: Layout,
    t: &'static AuditTexts,
    q: String,
    actions: Vec<Choice<'static>>,
    outcomes: Vec<Choice<'static>>,
    sorting: Sorting,
    order: [(&'static str, &'static str); 2],
    /// In the format of date fields.
    from: String,
    to: String,
    is_filtered: bool,
    rows: Vec<AuditView>,
    pager: Pager,
    csv_href: String,
}

struct AuditView {
    at: TimeText,
    actor: ActorView,
    action: &'static str,
    action_words: &'static str,
    /// The person it was applied to; `None` if that was the actor, or nobody.
    whom: Option<ActorView>,
    status_words: String,
    reason: Option<String>,
    reference: Option<String>,
    address: Option<String>,
    /// Whether there is a request id or an IP address.
    has_trace: bool,
}

async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, sort) = (filter(&asked)?, asked.sort(&COLUMNS)?);
    let paging = asked.paging();
    let now = auditor.user.now;
    let (total, rows) = ctx
        .db
        .read(async |conn| {
            let found = audit_list::found(conn, &filter).await?;
            // The one row beyond the limit only shows that there are more.
            let shown = found.get(..audit_list::MOST).unwrap_or(&found);
            let rows = audit_list::rows(conn, paging.cut(shown)).await?;
            Ok::<_, StoreError>((found.len(), rows))
        })
        .await?;
    let (from, to) = (asked.text("from").to_owned(), asked.text("to").to_owned());
    let pairs = [
        ("q", filter.q.as_str()),
        ("action", filter.action.map_or("", AuditAction::as_str)),
        ("status", filter.refusal.map_or("", Refusal::as_str)),
        ("from", &from),
        ("to", &to),
    ];
    let (unordered, order) = (query(&pairs), order(sort));
    let filters = query(&[pairs.as_slice(), &order].concat());
    let pager = Pager::up_to(audit_list::MOST, paging, total, &filters);
    if let Some(answer) = last_page(&request, &pager) {
        return Ok(answer);
    }
    let frame = auditor.frame(&ctx, &request).await?;
    let t = AuditTexts::of(frame.lang);
    let page = AuditPage {
        t,
        actions: choices(
            frame.t.all,
            &AuditAction::ALL.map(|action| (action.as_str(), t.action_words(action))),
            filter.action.map(AuditAction::as_str),
        ),
        outcomes: outcomes(&frame, t, filter.refusal),
        sorting: Sorting::new(sort.or(Some(LATEST_FIRST)), &COLUMNS, &unordered, paging),
        order,
        is_filtered: !unordered.is_empty(),
        from,
        to,
        rows: rows
            .into_iter()
            .map(|row| view(row, auditor.contacts(), now, frame.lang))
            .collect(),
        pager,
        csv_href: format!("/admin/audit.csv?{filters}"),
        q: filter.q,
        frame,
    };
    Ok(html(StatusCode::OK, &page))
}

fn outcomes(frame: &Layout, t: &AuditTexts, current: Option<Refusal>) -> Vec<Choice<'static>> {
    let words = |refusal: Refusal| (refusal.as_str(), t.refusal_words(refusal));
    let current = current.map(Refusal::as_str);
    choices(frame.t.all, &Refusal::ALL.map(words), current)
}

/// Both days count in full.
fn filter(asked: &ListQuery) -> Result<AuditFilter, AppError> {
    Ok(AuditFilter {
        action: asked.value("action", &AuditAction::ALL, AuditAction::as_str)?,
        refusal: asked.value("status", &Refusal::ALL, Refusal::as_str)?,
        is_oldest_first: asked
            .sort(&COLUMNS)?
            .is_some_and(|sort| !sort.is_descending),
        q: asked.q().to_owned(),
        from: asked.date("from")?.map(day_begin),
        before: asked
            .date("to")?
            .and_then(|day| day.checked_add_days(Days::new(1)))
            .map(day_begin),
    })
}

fn view(row: AuditRow, contacts: ContactView, now: DateTime<Utc>, lang: Lang) -> AuditView {
    let t = AuditTexts::of(lang);
    let kind = row.actor_kind;
    let name = row.name.map(|name| masked(&name, contacts));
    let whom = row
        .userid
        .clone()
        .or_else(|| row.unionid.clone())
        .filter(|id| kind != ActorKind::Person || *id != row.actor);
    AuditView {
        at: TimeText::new(row.at, now, lang),
        whom: match whom {
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
        reference: row.reference,
        address: row.ip,
    }
}

async fn export(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let filter = filter(&asked)?;
    exports::note(&auditor, &ctx, &request, AuditAction::AuditExport).await?;
    let header = [
        "at",
        "actor",
        "actor_kind",
        "action",
        "userid",
        "unionid",
        "name",
        "status",
        "reason",
        "reference",
        "address",
    ];
    Ok(csv::stream(
        "audit.csv",
        &header,
        rows(ctx.get_ref().clone(), filter, auditor.contacts()),
    ))
}

/// Streams all lines that match a filter, as cells. Each batch takes a connection of its own.
fn rows(
    ctx: Context,
    filter: AuditFilter,
    contacts: ContactView,
) -> impl Stream<Item = Result<Vec<String>, StoreError>> {
    let batches = stream::try_unfold(Some(None), move |after: Option<Option<i64>>| {
        let (ctx, filter) = (ctx.clone(), filter.clone());
        async move {
            let Some(after) = after else { return Ok(None) };
            let read = ctx
                .db
                .read(async |conn| audit_list::batch(conn, &filter, after, BATCH).await);
            let rows = read.await?;
            let next = rows.last().map(|row| Some(row.id));
            Ok::<_, StoreError>((!rows.is_empty()).then_some((rows, next)))
        }
    });
    batches
        .map_ok(move |rows| stream::iter(rows.into_iter().map(move |row| Ok(cells(row, contacts)))))
        .try_flatten()
        .boxed_local()
}

fn cells(row: AuditRow, contacts: ContactView) -> Vec<String> {
    let text = Option::unwrap_or_default;
    vec![
        row.at.to_rfc3339_opts(SecondsFormat::Secs, true),
        row.actor,
        row.actor_kind.as_str().to_owned(),
        row.action.as_str().to_owned(),
        text(row.userid),
        text(row.unionid),
        text(row.name.map(|name| masked(&name, contacts))),
        row.status,
        text(row.reason.map(|reason| masked(&reason, contacts))),
        text(row.reference),
        text(row.ip),
    ]
}
