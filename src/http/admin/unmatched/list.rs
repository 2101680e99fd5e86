//! The list of cases, as a page and as a table for spreadsheets.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, SecondsFormat, Utc};
use futures_util::stream::{self, Stream, StreamExt as _, TryStreamExt as _};

use super::{CandidateView, ListView, display_name, tone};
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::case::{CaseState, Refusal};
use crate::domain::ids::UserId;
use crate::domain::rights::ContactView;
use crate::http::admin::links::current_url;
use crate::http::admin::list_query::ListQuery;
use crate::http::admin::staff::history::masked;
use crate::http::admin::{exports, last_page};
use crate::http::csv;
use crate::http::error::AppError;
use crate::http::extract::Viewer;
use crate::http::layout::{Layout, html};
use crate::http::view::{Choice, Pager, Sorting, Tone, order, query};
use crate::store::StoreError;
use crate::store::sort::Sort;
use crate::store::unmatched::{self, Candidate, Case, CaseFilter};
use crate::text::admin_review::ReviewTexts;
use crate::text::time::TimeText;

/// People of the company: the default of the page.
const COMPANY: &str = "company";
const ALL: &str = "all";

const COLUMNS: [&str; 5] = ["nick", "reason", "userid", "seen", "attempts"];
const DESCENDING: [&str; 2] = ["seen", "attempts"];
const LATEST_FIRST: Sort = Sort {
    column: "seen",
    is_descending: true,
};

/// Of more candidates a row shows only the best matches.
const MAX_CANDIDATES: usize = 2;
/// How many cases an export reads at a time.
const BATCH: usize = 1000;

#[derive(Template)]
#[template(path = "admin/unmatched.html")]
struct UnmatchedPage {
    frame: Layout,
    t: &'static ReviewTexts,
    q: String,
    reasons: Vec<Choice<'static>>,
    states: Vec<Choice<'static>>,
    sorting: Sorting,
    order: [(&'static str, &'static str); 2],
    is_filtered: bool,
    rows: Vec<CaseView>,
    pager: Pager,
    csv_href: String,
    /// This view's URL.
    back: String,
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

/// The filters of a query.
struct RequestedFilter {
    reason: &'static str,
    filter: CaseFilter,
    sort: Option<Sort>,
}

impl RequestedFilter {
    fn read(asked: &ListQuery, viewer: &Viewer) -> Result<Self, AppError> {
        let reason = match asked.text("reason") {
            "" => COMPANY,
            _ => asked.choice("reason", &reason_names())?.unwrap_or(ALL),
        };
        let state = match asked.text("state") {
            "" => Some(CaseState::Waiting),
            _ => asked.value("state", &CaseState::ALL, CaseState::as_str)?,
        };
        let filter = CaseFilter {
            reasons: reasons_of(reason),
            state,
            q: asked.q().to_owned(),
            scope: viewer.scope(),
        };
        Ok(Self {
            reason,
            filter,
            sort: asked.sort(&COLUMNS)?,
        })
    }

    /// Returns the query of this view, with its order.
    fn query_in_order(&self) -> String {
        let (filters, order) = (self.query(), query(&order(self.sort)));
        let joint = if filters.is_empty() || order.is_empty() {
            ""
        } else {
            "&"
        };
        format!("{filters}{joint}{order}")
    }

    /// Returns the filters of this view, without those at their default.
    fn query(&self) -> String {
        let state = match self.filter.state {
            Some(CaseState::Waiting) => "",
            state => state.map_or(ALL, CaseState::as_str),
        };
        let reason = if self.reason == COMPANY {
            ""
        } else {
            self.reason
        };
        query(&[("q", &self.filter.q), ("reason", reason), ("state", state)])
    }
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
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let wanted = RequestedFilter::read(&asked, &viewer)?;
    let paging = asked.paging();
    let now = viewer.user.now;
    let (total, cases, candidates) = ctx
        .db
        .read(async |conn| {
            let (limit, offset) = (paging.per_page, paging.offset());
            let page = unmatched::page(conn, &wanted.filter, wanted.sort, limit, offset).await?;
            let cases = unmatched::rows(conn, &page.ids).await?;
            let scope = &wanted.filter.scope;
            let candidates = unmatched::candidates(conn, &page.ids, scope).await?;
            Ok::<_, StoreError>((page.total, cases, candidates))
        })
        .await?;
    let (unordered, filters) = (wanted.query(), wanted.query_in_order());
    let pager = Pager::new(paging, total, &filters);
    if let Some(answer) = last_page(&request, &pager) {
        return Ok(answer);
    }
    let frame = viewer.frame(&ctx, &request).await?;
    let t = ReviewTexts::of(frame.lang);
    let may_decide = frame.may_decide();
    let back = current_url(&request);
    let here = ListView::parse(Some(&back));
    let page = UnmatchedPage {
        t,
        reasons: reason_choices(&frame, t, wanted.reason),
        states: state_choices(&frame, t, wanted.filter.state),
        sorting: Sorting::new(
            wanted.sort.or(Some(LATEST_FIRST)),
            &DESCENDING,
            &unordered,
            paging,
        ),
        order: order(wanted.sort),
        is_filtered: !unordered.is_empty(),
        rows: cases
            .into_iter()
            .map(|case| view(case, &candidates, &here, now, &frame))
            .collect(),
        pager,
        csv_href: format!("/admin/unmatched.csv?{filters}"),
        back,
        can_decide: may_decide && matches!(wanted.filter.state, None | Some(CaseState::Waiting)),
        can_reopen: may_decide && wanted.filter.state != Some(CaseState::Waiting),
        q: wanted.filter.q,
        frame,
    };
    Ok(html(StatusCode::OK, &page))
}

fn reason_choices(frame: &Layout, t: &ReviewTexts, current: &str) -> Vec<Choice<'static>> {
    let words = |name| Refusal::parse(name).map_or(t.company, |reason| t.reason_words(reason));
    let named = reason_names().map(|name| (name, words(name)));
    Choice::list(&[named.as_slice(), &[(ALL, frame.t.all)]].concat(), current)
}

fn state_choices(
    frame: &Layout,
    t: &ReviewTexts,
    current: Option<CaseState>,
) -> Vec<Choice<'static>> {
    let named = CaseState::ALL.map(|state| (state.as_str(), t.state_words(state)));
    let current = current.map_or(ALL, CaseState::as_str);
    Choice::list(&[named.as_slice(), &[(ALL, frame.t.all)]].concat(), current)
}

fn view(
    case: Case,
    candidates: &[Candidate],
    here: &ListView,
    now: DateTime<Utc>,
    frame: &Layout,
) -> CaseView {
    let t = ReviewTexts::of(frame.lang);
    let of_case = candidates
        .iter()
        .filter(|candidate| candidate.case_id == case.id);
    CaseView {
        id: case.id,
        href: here.case(case.id),
        name: display_name(&case),
        reason_words: t.reason_words(case.reason),
        state: (case.state != CaseState::Waiting)
            .then(|| (tone(case.state), t.state_words(case.state))),
        attempts: case.attempts,
        first_seen: TimeText::new(case.first_seen_at, now, frame.lang),
        last_seen: TimeText::new(case.last_seen_at, now, frame.lang),
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
    ctx: web::Data<Context>,
    request: HttpRequest,
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let wanted = RequestedFilter::read(&asked, &viewer)?;
    exports::note(&viewer, &ctx, &request, AuditAction::ReviewExport).await?;
    let header = [
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
    ];
    Ok(csv::stream(
        "unmatched.csv",
        &header,
        rows(ctx.get_ref().clone(), wanted, viewer.contacts()),
    ))
}

/// Streams all cases that a query finds, in its order, as cells: found at once, then read in batches, each with a
/// connection of its own, so that a slow reader holds none.
fn rows(
    ctx: Context,
    wanted: RequestedFilter,
    contacts: ContactView,
) -> impl Stream<Item = Result<Vec<String>, StoreError>> {
    let found = async move {
        let found = ctx
            .db
            .read(async |conn| unmatched::ids(conn, &wanted.filter, wanted.sort).await);
        let ids = found.await?;
        let batches: Vec<Vec<i64>> = ids.chunks(BATCH).map(<[_]>::to_vec).collect();
        let read = stream::iter(batches).then(move |ids| {
            let ctx = ctx.clone();
            async move {
                let read = ctx.db.read(async |conn| unmatched::rows(conn, &ids).await);
                let cases = read.await?;
                Ok::<_, StoreError>(stream::iter(
                    cases.into_iter().map(move |case| Ok(cells(case, contacts))),
                ))
            }
        });
        Ok::<_, StoreError>(read.try_flatten())
    };
    stream::once(found).try_flatten()
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
