//! The list of cases, as a page and as a table for spreadsheets.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::{CandidateView, ListView, display_name, tone};
use crate::context::Context;
use crate::domain::case::{CaseState, Refusal};
use crate::domain::export::{ExportColumn, ExportedList};
use crate::domain::ids::UserId;
use crate::domain::rights::ContactView;
use crate::http::admin::exports::{Export, rows_of};
use crate::http::admin::list_page::{ListPage, ListSpec};
use crate::http::admin::list_query::{ALL, ListQuery};
use crate::http::admin::staff::history::masked;
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::http::layout::Layout;
use crate::http::table::{Cell, TableHead};
use crate::http::view::Tone;
use crate::store::sort::Sort;
use crate::store::unmatched::{self, Candidate, Case, CaseFilter};
use crate::store::{Conn, StoreError};
use crate::text::admin_review::ReviewTexts;
use crate::text::lang::Lang;
use crate::text::time::TimeText;
use futures_util::stream::TryStreamExt as _;

/// People of the company: the default of the page.
const COMPANY: &str = "company";

const LIST: ListSpec = ListSpec {
    filters: &[("reason", COMPANY), ("state", "waiting")],
    columns: &["nick", "reason", "userid", "seen", "attempts"],
    descending: &["seen", "attempts"],
    default_sort: Some(Sort {
        column: "seen",
        is_descending: true,
    }),
    ..ListSpec::PLAIN
};
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

/// Of more candidates a row shows only the best matches.
const MAX_CANDIDATES: usize = 2;

#[derive(Template)]
#[template(path = "admin/unmatched.html")]
struct UnmatchedPage {
    layout: Layout,
    t: &'static ReviewTexts,
    list: ListPage<CaseView>,
    /// Which decisions can be made about cases of the chosen state.
    can_decide: bool,
    can_reopen: bool,
}

struct CaseView {
    id: i64,
    href: String,
    name: String,
    reason_words: &'static str,
    /// `None` if the row waits: all rows of the page do, unless other states were requested.
    state: Option<(Tone, &'static str)>,
    userid: Option<String>,
    unionid: String,
    attempts: i32,
    first_seen: TimeText,
    last_seen: TimeText,
    candidates: Vec<CandidateView>,
}

fn filter(query: &ListQuery, viewer: &Viewer) -> Result<CaseFilter, AppError> {
    let reason = match query.text("reason") {
        "" => COMPANY,
        _ => query.choice("reason", &reason_names())?.unwrap_or(ALL),
    };
    let state = match query.text("state") {
        "" => Some(CaseState::Waiting),
        _ => query.value("state", &CaseState::ALL, CaseState::as_str)?,
    };
    Ok(CaseFilter {
        reasons: reasons_of(reason),
        state,
        q: query.q().to_owned(),
        scope: viewer.scope(),
    })
}

/// Returns the choices of the filter by reason: people of the company, and each reason.
fn reason_names() -> [&'static str; 4] {
    let [pending, left, other] = Refusal::OF_CASES.map(Refusal::as_str);
    [COMPANY, pending, left, other]
}

fn reasons_of(name: &str) -> Vec<Refusal> {
    match name {
        COMPANY => CaseFilter::default().reasons,
        ALL => Refusal::OF_CASES.to_vec(),
        name => Refusal::parse(name).into_iter().collect(),
    }
}

pub(super) async fn list(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, list) = (filter(&query, &viewer)?, LIST.request(&query)?);
    let now = viewer.user.now;
    let (total, cases, candidates) = ctx
        .db
        .read(async |conn| {
            let (limit, offset) = (list.paging.per_page, list.paging.offset());
            let page = unmatched::page(conn, &filter, list.sort, limit, offset).await?;
            let cases = unmatched::rows(conn, &page.ids).await?;
            let candidates = unmatched::candidates(conn, &page.ids, &filter.scope).await?;
            Ok::<_, StoreError>((page.total, cases, candidates))
        })
        .await?;
    let pager = list.pager(total);
    let page = |layout: Layout, list: ListPage<Case>| {
        let (lang, t) = (layout.lang, ReviewTexts::of(layout.lang));
        let reason = |name| Refusal::parse(name).map_or(t.company, |reason| t.reason_words(reason));
        let state = |state: CaseState| (state.as_str(), t.state_words(state));
        let back = ListView::parse(Some(&layout.current_url));
        UnmatchedPage {
            t,
            list: list
                .with_filter(
                    "reason",
                    t.reason,
                    reason_names().map(|name| (name, reason(name))),
                )
                .with_filter("state", t.state, CaseState::ALL.map(state))
                .map(|case| view(case, &candidates, &back, now, lang)),
            can_decide: matches!(filter.state, None | Some(CaseState::Waiting)),
            can_reopen: filter.state != Some(CaseState::Waiting),
            layout,
        }
    };
    list.respond(&viewer, &ctx, &request, pager, cases, page)
        .await
}

fn view(
    case: Case,
    candidates: &[Candidate],
    back: &ListView,
    now: DateTime<Utc>,
    lang: Lang,
) -> CaseView {
    let t = ReviewTexts::of(lang);
    let of_case = candidates
        .iter()
        .filter(|candidate| candidate.case_id == case.id);
    CaseView {
        id: case.id,
        href: back.case(case.id),
        name: display_name(&case),
        reason_words: t.reason_words(case.reason),
        state: (case.state != CaseState::Waiting)
            .then(|| (tone(case.state), t.state_words(case.state))),
        attempts: case.attempts,
        first_seen: TimeText::new(case.first_seen_at, now, lang),
        last_seen: TimeText::new(case.last_seen_at, now, lang),
        candidates: of_case
            .take(MAX_CANDIDATES)
            .map(|candidate| CandidateView::new(candidate.clone(), t))
            .collect(),
        userid: case.userid.map(UserId::into_string),
        unionid: case.unionid.into_string(),
    }
}

pub(super) async fn export(
    viewer: Viewer,
    export: Export,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, sort) = (filter(&query, &viewer)?, query.sort(LIST.columns)?);
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
