//! The list of cases.

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::directory::DirectoryView;
use super::{CandidateView, ListView, display_name, tone};
use crate::context::Context;
use crate::domain::case::{CaseState, Refusal};
use crate::domain::ids::UserId;
use crate::domain::rights::Scope;
use crate::http::admin::list_page::{ListPage, ListSpec};
use crate::http::admin::list_query::{ALL, ListQuery};
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::http::layout::Layout;
use crate::http::view::Tone;
use crate::store::StoreError;
use crate::store::sort::Sort;
use crate::store::unmatched::{self, Candidate, CaseFilter, ListedCase};
use crate::text::admin_review::ReviewTexts;
use crate::text::admin_review::directory::DirectoryTexts;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

/// People of the company: the default of the page.
const COMPANY: &str = "company";

pub(super) const LIST: ListSpec = ListSpec {
    filters: &[("reason", COMPANY), ("state", "waiting")],
    columns: &["nick", "reason", "userid", "seen", "attempts"],
    descending: &["seen", "attempts"],
    default_sort: Some(Sort {
        column: "seen",
        is_descending: true,
    }),
    ..ListSpec::PLAIN
};
/// The list with a search text: it looks everywhere unless a filter is chosen.
const SEARCH: ListSpec = ListSpec {
    filters: &[("reason", ALL), ("state", ALL)],
    ..LIST
};

fn spec(query: &ListQuery) -> &'static ListSpec {
    if query.q().is_empty() { &LIST } else { &SEARCH }
}

/// Of more candidates a row shows only the best matches.
const MAX_CANDIDATES: usize = 2;
#[derive(Template)]
#[template(path = "admin/unmatched.html")]
struct UnmatchedPage {
    layout: Layout,
    t: &'static ReviewTexts,
    d: &'static DirectoryTexts,
    list: ListPage<CaseView>,
    /// Which decisions can be made about cases of the chosen state.
    can_decide: bool,
    can_reopen: bool,
}

struct CaseView {
    id: i64,
    href: String,
    /// The name in the directory, or the nickname.
    name: String,
    /// The nickname of somebody whose name is known.
    nick: Option<String>,
    directory: DirectoryView,
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

pub(super) fn filter(query: &ListQuery, scope: &Scope) -> Result<CaseFilter, AppError> {
    let is_search = !query.q().is_empty();
    let reason = match query.text("reason") {
        "" if is_search => ALL,
        "" => COMPANY,
        _ => query.choice("reason", &reason_names())?.unwrap_or(ALL),
    };
    let state = match query.text("state") {
        "" if !is_search => Some(CaseState::Waiting),
        _ => query.value("state", &CaseState::ALL, CaseState::as_str)?,
    };
    Ok(CaseFilter {
        reasons: reasons_of(reason),
        state,
        q: query.q().to_owned(),
        scope: scope.clone(),
    })
}

/// Returns the filter and the order of a view; those of the plain list if its URL is malformed.
pub(super) fn view_filter(
    view: &ListView,
    lang: Lang,
    scope: &Scope,
) -> (CaseFilter, Option<Sort>) {
    let (_, parameters) = view.href().split_once('?').unwrap_or_default();
    let query = ListQuery::parse(lang, parameters);
    let plain = || CaseFilter {
        scope: scope.clone(),
        ..CaseFilter::default()
    };
    let sort = query.sort(LIST.columns).unwrap_or_default();
    (filter(&query, scope).unwrap_or_else(|_| plain()), sort)
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
    let (filter, list) = (
        filter(&query, &viewer.scope())?,
        spec(&query).request(&query)?,
    );
    let now = viewer.user.now;
    let (page, cases, candidates, elsewhere) = ctx
        .db
        .read(async |conn| {
            let (limit, offset) = (list.paging.per_page, list.paging.offset());
            let page = unmatched::page(conn, &filter, list.sort, limit, offset).await?;
            let cases = unmatched::listed(conn, &page.ids).await?;
            let candidates = unmatched::candidates(conn, &page.ids, &filter.scope).await?;
            let elsewhere = if list.is_hidden_by_filters(page.total) {
                unmatched::count(conn, &filter.text_only()).await?
            } else {
                0
            };
            Ok::<_, StoreError>((page, cases, candidates, elsewhere))
        })
        .await?;
    let pager = list.pager(page.total);
    let page = |layout: Layout, list: ListPage<ListedCase>| {
        let (lang, t) = (layout.lang, ReviewTexts::of(layout.lang));
        let reason = |name| Refusal::parse(name).map_or(t.company, |reason| t.reason_words(reason));
        let state = |state: CaseState| (state.as_str(), t.state_words(state));
        let back = ListView::parse(Some(&layout.current_url));
        let reasons = reason_names().map(|name| (name, reason(name)));
        UnmatchedPage {
            t,
            d: DirectoryTexts::of(lang),
            list: list
                .with_filter("reason", t.reason, reasons)
                .with_filter("state", t.state, CaseState::ALL.map(state))
                .with_elsewhere(elsewhere)
                .map(|listed| view(listed, &candidates, &back, now, lang)),
            can_decide: matches!(filter.state, None | Some(CaseState::Waiting)),
            can_reopen: filter.state != Some(CaseState::Waiting),
            layout,
        }
    };
    list.respond(&viewer, &ctx, &request, pager, cases, page)
        .await
}

fn view(
    ListedCase { case, person }: ListedCase,
    candidates: &[Candidate],
    back: &ListView,
    now: DateTime<Utc>,
    lang: Lang,
) -> CaseView {
    let t = ReviewTexts::of(lang);
    let of_case = candidates.iter();
    let of_case = of_case.filter(|candidate| candidate.case_id == case.id);
    let directory = DirectoryView::new(person, None, now, lang);
    let nick = display_name(&case);
    let name = directory.member.as_ref().map(|member| member.name.clone());
    CaseView {
        id: case.id,
        href: back.case(case.id),
        nick: name.as_ref().map(|_| nick.clone()),
        name: name.unwrap_or(nick),
        directory,
        reason_words: t.reason_words(case.reason),
        state: (case.state != CaseState::Waiting)
            .then(|| (tone(case.state), t.state_words(case.state))),
        attempts: case.attempts,
        first_seen: TimeText::new(case.first_seen_at, now, lang),
        last_seen: TimeText::new(case.last_seen_at, now, lang),
        candidates: of_case
            .take(MAX_CANDIDATES)
            .map(|candidate| CandidateView::new(candidate.clone(), case.userid.as_ref(), t))
            .collect(),
        userid: case.userid.map(UserId::into_string),
        unionid: case.unionid.into_string(),
    }
}
