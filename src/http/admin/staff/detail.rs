//! One person's page: facts, departments, sessions and the timeline.
//!
//! Long because the page shows everything that is stored about a person.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::shown;
use super::timeline::{self, EntryView, KIND, Timeline, Wording};
use crate::context::Context;
use crate::domain::audit::ActorKind;
use crate::domain::case::CaseState;
use crate::domain::ids::{DeptId, UserId};
use crate::domain::person::Status;
use crate::domain::request_id;
use crate::domain::rights::masked;
use crate::domain::rights::{Action, Rights};
use crate::domain::timeline::TimelineKind;
use crate::http::admin::actor_view::ActorView;
use crate::http::admin::attempt_view::{AttemptView, REFERENCE};
use crate::http::admin::form_errors::FormErrors;
use crate::http::admin::links::{staff_path, userid_in_path};
use crate::http::admin::list_page::ListPage;
use crate::http::admin::list_query::ListQuery;
use crate::http::error::AppError;
use crate::http::extract::{RoleHolder, Viewer};
use crate::http::layout::Layout;
use crate::http::view::Paging;
use crate::store::Conn;
use crate::store::search::{self, Attempt, Subject};
use crate::store::staff_list::{self, Facts, Place};
use crate::store::staff_timeline::{self, TimelineFilter};
use crate::store::web_session::{self, SessionFacts};
use crate::store::{StoreError, staff, unmatched};
use crate::text::admin_audit::AuditTexts;
use crate::text::admin_staff::StaffTexts;
use crate::text::admin_syncs::plan::PlanTexts;
use crate::text::browser::browser_name;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::{TimeText, china_day};

#[derive(Template)]
#[template(path = "admin/staff_detail.html")]
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is one condition of the template"
)]
struct PersonPage {
    layout: Layout,
    t: &'static StaffTexts,
    /// Texts of changes.
    p: &'static PlanTexts,
    name: String,
    /// The path of this page; those of its actions lie below it.
    path: String,
    end_path: String,
    facts: Facts,
    is_employed: bool,
    cause: Option<&'static str>,
    left: Option<TimeText>,
    held_by: Option<ActorView>,
    /// A day as in DingTalk's directory: the day in China, wherever the reader is.
    hired: Option<String>,
    looked: Option<TimeText>,
    created: TimeText,
    places: Vec<PlaceView>,
    sessions: Vec<SessionView>,
    list: ListPage<EntryView>,
    /// The attempt of the reference number that led here.
    attempt: Option<AttemptView>,
    /// The person's case in the review.
    case_id: Option<i64>,
    is_rejected: bool,
    can_leave: bool,
    can_restore: bool,
    can_end: bool,
    leave_ask: String,
    restore_ask: String,
    end_all_ask: String,
    errors: FormErrors,
}

struct PlaceView {
    id: DeptId,
    name: String,
    is_leader: bool,
    order: Option<String>,
}

struct SessionView {
    id: String,
    device: String,
    user_agent: String,
    address: String,
    method: &'static str,
    since: TimeText,
    last_seen: TimeText,
    ask: String,
}

/// The stored data of the page.
struct PersonData {
    now: DateTime<Utc>,
    facts: Facts,
    places: Vec<Place>,
    sessions: Vec<SessionFacts>,
    attempt: Option<Attempt>,
    timeline: Timeline,
    held_by_name: Option<String>,
    case: Option<(i64, CaseState)>,
}

/// Parses the userid in a path; a text that is not a userid is not found.
pub(super) fn userid_of(path: &str) -> Result<UserId, AppError> {
    UserId::parse(userid_in_path(path)).map_err(|_| AppError::NotFound)
}

pub(super) async fn detail(
    viewer: Viewer,
    ctx: web::Data<Context>,
    request: HttpRequest,
    userid: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    page(
        &viewer,
        &ctx,
        &request,
        &userid_of(&userid)?,
        FormErrors::default(),
    )
    .await
}

/// Returns a person's page, with the errors of the submitted form.
pub(super) async fn page(
    holder: &RoleHolder,
    ctx: &Context,
    request: &HttpRequest,
    userid: &UserId,
    errors: FormErrors,
) -> Result<HttpResponse, AppError> {
    let lang = Lang::of(request.headers());
    // The form of an action has no query: its page starts from the first entry.
    let query = ListQuery::parse(lang, request.query_string());
    let list = timeline::LIST.request(&query)?;
    let wanted = PersonRequest {
        userid,
        kind: query.value(KIND, &TimelineKind::ALL, TimelineKind::as_str)?,
        paging: list.paging,
        reference: request_id::parse(query.text(REFERENCE)),
    };
    let mut loaded = ctx
        .db
        .read(async |conn| load(conn, &wanted, &holder.rights).await)
        .await?
        .ok_or(AppError::NotFound)?;
    let pager = list.pager_up_to(staff_timeline::MOST, loaded.timeline.total);
    let (status, retry_after) = (errors.status.unwrap_or(StatusCode::OK), errors.retry_after);
    let timeline = std::mem::take(&mut loaded.timeline);
    let wording = Wording {
        userid: userid.as_str(),
        contacts: holder.contacts(),
        now: loaded.now,
        lang,
    };
    let entries = wording.views(timeline);
    let includes_events = holder.may(Action::SeeOperations);
    let page = |layout: Layout, list: ListPage<EntryView>| {
        let t = StaffTexts::of(lang);
        let list = list.with_filter(KIND, t.kind, timeline::kinds(t, includes_events));
        view(loaded, layout, list, &holder.user.userid, errors)
    };
    let mut response = list
        .respond(holder, ctx, request, pager, entries, page)
        .await?;
    if response.status().is_success() {
        *response.status_mut() = status;
    }
    if let Some(seconds) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, seconds.into());
    }
    Ok(response)
}

/// What of a person the page shows.
struct PersonRequest<'a> {
    userid: &'a UserId,
    kind: Option<TimelineKind>,
    paging: Paging,
    reference: Option<String>,
}

/// Returns the data of a person within the scope. Who does not see the inbox does not see the person's events.
// Long because it reads every part of the page.
async fn load(
    conn: &mut Conn,
    wanted: &PersonRequest<'_>,
    rights: &Rights,
) -> Result<Option<PersonData>, StoreError> {
    let userid = wanted.userid;
    let Some(mut facts) = staff_list::facts(conn, userid).await? else {
        return Ok(None);
    };
    let own = [userid.as_str().to_owned()];
    if !staff_list::are_within(conn, &own, &rights.scope()).await? {
        return Ok(None);
    }
    facts.mobile = shown(facts.mobile, rights.contacts());
    facts.email = shown(facts.email, rights.contacts());
    facts.held_reason = facts
        .held_reason
        .map(|reason| masked(&reason, rights.contacts()));
    let filter = TimelineFilter {
        userid: userid.clone(),
        unionid: facts.unionid.clone(),
        kind: wanted.kind,
        includes_events: rights.may(Action::SeeOperations),
    };
    let attempt = match &wanted.reference {
        Some(reference) => search::attempt(conn, reference, &rights.scope()).await?,
        None => None,
    };
    let own = Some(Subject::Person(userid.clone()));
    let holder = facts
        .held_by
        .as_deref()
        .and_then(|by| UserId::parse(by).ok());
    let held_by_name = match holder {
        Some(holder) => staff::find(conn, &holder).await?.map(|row| row.name),
        None => None,
    };
    let case = match &facts.unionid {
        Some(unionid) => unmatched::find_by_unionid(conn, unionid).await?,
        None => None,
    };
    Ok(Some(PersonData {
        now: staff::now(conn).await?,
        places: staff_list::places(conn, userid).await?,
        sessions: web_session::list_of(conn, userid).await?,
        attempt: attempt.filter(|attempt| attempt.subject() == own),
        timeline: Timeline::read(conn, &filter, wanted.paging).await?,
        held_by_name,
        case,
        facts,
    }))
}

// Long because it fills one struct, with one line for each fact of the page.
fn view(
    loaded: PersonData,
    layout: Layout,
    list: ListPage<EntryView>,
    own: &UserId,
    errors: FormErrors,
) -> PersonPage {
    let PersonData {
        now,
        facts,
        places,
        sessions,
        attempt,
        held_by_name,
        case,
        ..
    } = loaded;
    let (lang, t) = (layout.lang, StaffTexts::of(layout.lang));
    let may_decide = layout.may_decide();
    let name = if facts.name.is_empty() {
        facts.userid.as_str().to_owned()
    } else {
        facts.name.clone()
    };
    let time = |at| TimeText::new(at, now, lang);
    let is_employed = facts.status == Status::Employed;
    let is_rejected = matches!(case, Some((_, CaseState::Rejected)));
    let may_sign_in = is_employed && !is_rejected;
    let leave_ask = match (is_employed, sessions.len()) {
        (true, 0) => t.leave_ask_quietly,
        (true, _) => t.leave_ask,
        (false, _) => t.leave_again_ask,
    };
    PersonPage {
        t,
        p: PlanTexts::of(lang),
        end_path: format!("{}/end-sessions", staff_path(facts.userid.as_str())),
        path: staff_path(facts.userid.as_str()),
        is_employed,
        cause: facts
            .left_cause
            .map(|cause| AuditTexts::of(lang).cause_words(cause)),
        left: facts.left_at.map(time),
        held_by: facts
            .held_by
            .as_deref()
            .map(|by| ActorView::new(lang, ActorKind::Person, by, held_by_name)),
        hired: facts.hired_date.map(|at| china_day(at).to_string()),
        looked: facts.observed_at.map(time),
        created: time(facts.created_at),
        places: places
            .into_iter()
            .map(|place| place_view(place, t))
            .collect(),
        attempt: attempt.map(|attempt| AttemptView::new(&attempt, may_sign_in, now, lang)),
        list,
        case_id: case.map(|(id, _)| id),
        is_rejected,
        can_leave: may_decide && facts.held_at.is_none() && facts.userid != *own,
        can_restore: may_decide && !is_employed,
        can_end: may_decide && !sessions.is_empty(),
        leave_ask: t.devices_sentence(leave_ask, lang, &name, sessions.len()),
        restore_ask: interpolate(t.restore_ask, &[("name", &name)]),
        end_all_ask: t.devices_sentence(t.end_all_ask, lang, &name, sessions.len()),
        sessions: sessions
            .into_iter()
            .map(|session| session_view(session, &name, now, lang))
            .collect(),
        facts,
        name,
        layout,
        errors,
    }
}

fn place_view(place: Place, t: &StaffTexts) -> PlaceView {
    PlaceView {
        id: place.dept_id,
        name: place
            .name
            .unwrap_or_else(|| interpolate(t.unknown_department, &[("id", &place.dept_id)])),
        is_leader: place.is_leader,
        order: place.sort_order.map(|n| interpolate(t.order, &[("n", &n)])),
    }
}

fn session_view(session: SessionFacts, name: &str, now: DateTime<Utc>, lang: Lang) -> SessionView {
    let t = StaffTexts::of(lang);
    let device = browser_name(&session.user_agent, lang);
    SessionView {
        id: session.id.to_string(),
        ask: interpolate(t.end_one_ask, &[("name", &name), ("device", &device)]),
        device,
        user_agent: session.user_agent,
        address: session.ip,
        method: t.method_words(session.method),
        since: TimeText::new(session.created_at, now, lang),
        last_seen: TimeText::new(session.last_seen_at, now, lang),
    }
}
