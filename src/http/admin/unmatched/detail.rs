//! One case: the person, the candidates, the history, and the possible decisions.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::directory::{DirectoryView, MemberView};
use super::offers::{ObstacleView, Offers};
use super::steps::{Steps, steps};
use super::{CandidateView, ListView, case_id, display_name, tone};
use crate::context::Context;
use crate::domain::audit::ActorKind;
use crate::domain::case::CaseState;
use crate::domain::ids::UserId;
use crate::domain::rights::{ContactView, masked};
use crate::http::admin::actor_view::ActorView;
use crate::http::admin::form_errors::FormErrors;
use crate::http::admin::links::staff_path;
use crate::http::admin::staff::history::{HistoryView, history_views};
use crate::http::error::AppError;
use crate::http::extract::{RoleHolder, Viewer};
use crate::http::layout::{Layout, html};
use crate::http::view::Tone;
use crate::store::Conn;
use crate::store::staff_list::HistoryLine;
use crate::store::unmatched::attempt::{self, RefusedAttempt};
use crate::store::unmatched::lookup::{self, PendingLookup};
use crate::store::unmatched::{self, Candidate, Case, DirectoryPerson};
use crate::store::{StoreError, staff, staff_list};
use crate::text::admin_review::ReviewTexts;
use crate::text::admin_review::directory::DirectoryTexts;
use crate::text::interpolate;
use crate::text::time::TimeText;

/// How many audit lines the page shows.
const HISTORY: i64 = 30;

#[derive(Template)]
#[template(path = "admin/unmatched_detail.html")]
struct CasePage {
    layout: Layout,
    t: &'static ReviewTexts,
    d: &'static DirectoryTexts,
    /// The list view from which the case was opened.
    view: ListView,
    /// The paths to which the decisions are posted.
    approve_path: String,
    reject_path: String,
    reopen_path: String,
    limit_path: String,
    lookup_path: String,
    previous: Option<String>,
    next: Option<String>,
    /// The name in the directory, or the nickname.
    name: String,
    nick: String,
    directory: DirectoryView,
    offers: Offers,
    obstacle: Option<ObstacleView>,
    /// Why this reviewer decides nothing about the person.
    protected: Option<&'static str>,
    lead: &'static str,
    state_tone: Tone,
    state_words: &'static str,
    reason_words: &'static str,
    unionid: String,
    userid: Option<String>,
    /// The staff row of that userid.
    userid_href: Option<String>,
    attempts: i32,
    first_seen: TimeText,
    last_seen: TimeText,
    request_id: String,
    decided_by: Option<ActorView>,
    decided_at: Option<TimeText>,
    decision_reason: Option<String>,
    /// Who is bound by a rejection.
    decision_scope: Option<&'static str>,
    /// Which id of a rejected case the last attempt matched.
    matched: Option<String>,
    candidates: Vec<CandidateView>,
    refusals: Vec<RefusalView>,
    history: Vec<HistoryView>,
    can_decide: bool,
    reject_ask: String,
    errors: FormErrors,
}

/// One refused login of the case.
struct RefusalView {
    at: TimeText,
    reason: &'static str,
    request_id: String,
    address: String,
}

/// The stored data of the page.
struct CaseData {
    now: DateTime<Utc>,
    case: Case,
    directory: Option<DirectoryPerson>,
    lookup: Option<PendingLookup>,
    steps: Steps,
    offers: Offers,
    candidates: Vec<Candidate>,
    refusals: Vec<RefusedAttempt>,
    history: Vec<HistoryLine>,
    decider_name: Option<String>,
    contacts: ContactView,
}

pub(super) async fn detail(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    page(
        &viewer,
        &ctx,
        &request,
        case_id(&id)?,
        FormErrors::default(),
    )
    .await
}

/// Returns the page of a case, with the errors of the submitted form.
pub(super) async fn page(
    holder: &RoleHolder,
    ctx: &Context,
    request: &HttpRequest,
    id: i64,
    errors: FormErrors,
) -> Result<HttpResponse, AppError> {
    let list = ListView::of(request);
    let loaded = ctx
        .db
        .read(async |conn| load(ctx, conn, id, holder, &list).await)
        .await?
        .ok_or(AppError::NotFound)?;
    let layout = holder.layout(ctx, request).await?;
    let (status, retry_after) = (errors.status.unwrap_or(StatusCode::OK), errors.retry_after);
    let mut response = html(status, &view(loaded, layout, list, errors));
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

async fn load(
    ctx: &Context,
    conn: &mut Conn,
    id: i64,
    holder: &RoleHolder,
    list: &ListView,
) -> Result<Option<CaseData>, StoreError> {
    let scope = holder.scope();
    if unmatched::within(conn, &[id], &scope).await?.is_empty() {
        return Ok(None);
    }
    let Some(case) = unmatched::find(conn, id).await? else {
        return Ok(None);
    };
    let decider = case
        .decided_by
        .as_deref()
        .and_then(|by| UserId::parse(by).ok());
    let decider_name = match decider {
        Some(userid) => staff::find(conn, &userid).await?.map(|row| row.name),
        None => None,
    };
    let directory = unmatched::directory_person(conn, id).await?;
    let standing = directory.as_ref().map(|person| person.standing);
    let candidates = unmatched::candidates(conn, &[id], &scope).await?;
    Ok(Some(CaseData {
        now: staff::now(conn).await?,
        lookup: lookup::pending(conn, id).await?,
        steps: steps(conn, list, &scope, id).await?,
        offers: Offers::load(ctx, conn, holder, &case, &candidates, standing).await?,
        directory,
        candidates,
        refusals: attempt::list(conn, id).await?,
        history: staff_list::history(conn, case.userid.as_ref(), Some(&case.unionid), HISTORY)
            .await?,
        decider_name,
        contacts: holder.contacts(),
        case,
    }))
}

// Long because it fills one struct, with one line for each fact of the page.
fn view(loaded: CaseData, layout: Layout, list: ListView, errors: FormErrors) -> CasePage {
    let CaseData {
        now,
        case,
        directory,
        lookup,
        steps,
        offers,
        candidates,
        refusals,
        history,
        decider_name,
        contacts,
    } = loaded;
    let (t, d) = (
        ReviewTexts::of(layout.lang),
        DirectoryTexts::of(layout.lang),
    );
    let time = |at| TimeText::new(at, now, layout.lang);
    let path = |decision: &str| list.keep(&format!("/admin/unmatched/{}/{decision}", case.id));
    let nick = display_name(&case);
    let directory = DirectoryView::new(directory, lookup.as_ref(), now, layout.lang);
    let member = directory.member.as_ref();
    let name = member.map_or_else(|| nick.clone(), |member: &MemberView| member.name.clone());
    let has_row = candidates
        .iter()
        .any(|candidate| Some(&candidate.userid) == case.userid.as_ref());
    CasePage {
        t,
        approve_path: path("approve"),
        reject_path: path("reject"),
        reopen_path: path("reopen"),
        limit_path: path("limit"),
        lookup_path: path("lookup"),
        previous: steps.previous.map(|id| list.case(id)),
        next: steps.next.map(|id| list.case(id)),
        obstacle: offers.obstacle.as_ref().map(|obstacle| obstacle.view(d)),
        protected: offers.protected.map(|protected| protected.words(t)),
        decision_scope: (case.state == CaseState::Rejected)
            .then(|| d.scope_words(case.decision_scope)),
        directory,
        offers,
        d,
        view: list,
        lead: t.reason_sentence(case.reason),
        state_tone: tone(case.state),
        state_words: t.state_words(case.state),
        reason_words: t.reason_words(case.reason),
        attempts: case.attempts,
        first_seen: time(case.first_seen_at),
        last_seen: time(case.last_seen_at),
        decided_by: case
            .decided_by
            .as_deref()
            .map(|by| ActorView::new(layout.lang, ActorKind::Person, by, decider_name)),
        decided_at: case.decided_at.map(time),
        matched: case
            .matched_id
            .map(|id| t.matched_words(id, case.matched_unionid.as_deref())),
        refusals: refusals
            .into_iter()
            .map(|refusal| RefusalView {
                at: time(refusal.at),
                reason: t.reason_words(refusal.reason),
                request_id: refusal.request_id,
                address: refusal.ip,
            })
            .collect(),
        history: history_views(history, contacts, now, layout.lang),
        candidates: candidates
            .into_iter()
            .map(|candidate| CandidateView::new(candidate, case.userid.as_ref(), t))
            .collect(),
        can_decide: layout.may_decide(),
        reject_ask: interpolate(t.reject_ask, &[("name", &name)]),
        userid_href: case
            .userid
            .as_ref()
            .filter(|_| has_row)
            .map(|userid| staff_path(userid.as_str())),
        userid: case.userid.map(UserId::into_string),
        unionid: case.unionid.into_string(),
        request_id: case.last_request_id,
        decision_reason: case.decision_reason.map(|reason| masked(&reason, contacts)),
        nick,
        name,
        layout,
        errors,
    }
}
