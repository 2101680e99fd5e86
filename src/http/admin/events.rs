//! The inbox: the events received from DingTalk, and their results.

mod detail;
mod release;
mod retry;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::last_page;
use super::links::{current_url, staff_path};
use super::list_query::{ListQuery, choices};
use crate::context::Context;
use crate::domain::event::{EventSource, EventState};
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::{Layout, html};
use crate::http::view::{Choice, Pager, Sorting, Tone, order, query};
use crate::store::StoreError;
use crate::store::event_list::{self, EventFilter, EventRow};
use crate::store::sort::Sort;
use crate::text::admin_events::{EventTexts, KNOWN_TYPES};
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/events").route(web::get().to(list)))
        .service(web::resource("/events/retry-failed").route(web::post().to(retry::retry_failed)))
        .service(web::resource("/events/release-held").route(web::post().to(release::release_held)))
        .service(web::resource("/events/{id}").route(web::get().to(detail::detail)))
        .service(web::resource("/events/{id}/retry").route(web::post().to(retry::retry)))
        .service(web::resource("/events/{id}/release").route(web::post().to(release::release)));
}

/// The filter's name for all types without words of their own.
const OTHER: &str = "other";
const COLUMNS: [&str; 4] = ["type", "received", "state", "attempts"];
const DESCENDING: [&str; 2] = ["received", "attempts"];
const LATEST_FIRST: Sort = Sort {
    column: "received",
    is_descending: true,
};
/// Of more people and departments a row shows only the count.
const MAX_ABOUT: usize = 5;

#[derive(Template)]
#[template(path = "admin/events.html")]
struct EventsPage {
    frame: Layout,
    t: &'static EventTexts,
    q: String,
    states: Vec<Choice<'static>>,
    types: Vec<Choice<'static>>,
    sorting: Sorting,
    order: [(&'static str, &'static str); 2],
    is_filtered: bool,
    rows: Vec<EventView>,
    pager: Pager,
    /// The confirmation question for retrying all failed events; `None` if there are none.
    retry_all_ask: Option<String>,
    /// The same for releasing all parked events.
    release_all_ask: Option<String>,
    /// This view's URL.
    back: String,
}

struct EventView {
    id: i64,
    event_type: String,
    type_words: &'static str,
    tone: Tone,
    state_words: &'static str,
    about: Vec<EventSubjects>,
    /// States how many more there are.
    more: Option<String>,
    received: TimeText,
    attempts: i32,
    next_attempt: Option<TimeText>,
    error: Option<String>,
    source_words: &'static str,
    is_from_list: bool,
    is_failed: bool,
    is_held: bool,
}

/// A person or a department that an event names.
struct EventSubjects {
    id: String,
    label: String,
    /// `None` if the person is unknown.
    href: Option<String>,
}

async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (state, kind) = (
        asked.value("state", &EventState::ALL, EventState::as_str)?,
        asked.choice("type", &type_choices())?,
    );
    let filter = filter(state, kind, asked.q());
    let sort = asked.sort(&COLUMNS)?;
    let paging = asked.paging();
    let now = auditor.user.now;
    let (counts, rows) = ctx
        .db
        .read(async |conn| {
            let counts = event_list::count(conn, &filter).await?;
            let (limit, offset) = (paging.per_page, paging.offset());
            // The list's default order has an index.
            let other = sort.filter(|sort| *sort != LATEST_FIRST);
            let rows = event_list::list(conn, &filter, other, limit, offset).await?;
            Ok::<_, StoreError>((counts, rows))
        })
        .await?;
    let pairs = [
        ("q", filter.q.as_str()),
        ("state", state.map_or("", EventState::as_str)),
        ("type", kind.unwrap_or("")),
    ];
    let (unordered, order) = (query(&pairs), order(sort));
    let filters = query(&[pairs.as_slice(), &order].concat());
    let pager = Pager::new(paging, counts.matching, &filters);
    if let Some(answer) = last_page(&request, &pager) {
        return Ok(answer);
    }
    let frame = auditor.frame(&ctx, &request).await?;
    let t = EventTexts::of(frame.lang);
    let page = EventsPage {
        t,
        states: choices(
            frame.t.all,
            &EventState::ALL.map(|state| (state.as_str(), t.state_words(state))),
            state.map(EventState::as_str),
        ),
        types: choices(
            frame.t.all,
            &type_choices().map(|name| {
                (
                    name,
                    if name == OTHER {
                        t.other_types
                    } else {
                        t.type_words(name)
                    },
                )
            }),
            kind,
        ),
        sorting: Sorting::new(sort.or(Some(LATEST_FIRST)), &DESCENDING, &unordered, paging),
        order,
        is_filtered: !unordered.is_empty(),
        rows: rows
            .into_iter()
            .map(|row| view(row, now, frame.lang, MAX_ABOUT))
            .collect(),
        pager,
        retry_all_ask: ask_about(counts.failed, t.retry_all_ask_one, t.retry_all_ask),
        release_all_ask: ask_about(counts.parked, t.release_all_ask_one, t.release_all_ask),
        back: current_url(&request),
        q: filter.q,
        frame,
    };
    Ok(html(StatusCode::OK, &page))
}

fn type_choices() -> [&'static str; KNOWN_TYPES.len() + 1] {
    let mut names = [OTHER; KNOWN_TYPES.len() + 1];
    names
        .iter_mut()
        .zip(KNOWN_TYPES)
        .for_each(|(name, known)| *name = known);
    names
}

fn filter(state: Option<EventState>, kind: Option<&'static str>, q: &str) -> EventFilter {
    let (types, other_than) = match kind {
        None => (Vec::new(), Vec::new()),
        Some(OTHER) => (Vec::new(), KNOWN_TYPES.to_vec()),
        Some(known) => (vec![known], Vec::new()),
    };
    EventFilter {
        state,
        types,
        other_than,
        q: q.to_owned(),
    }
}

fn ask_about(count: i64, one: &str, many: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(one.to_owned()),
        n => Some(interpolate(many, &[("n", &n)])),
    }
}

fn view(row: EventRow, now: DateTime<Utc>, lang: Lang, max_about: usize) -> EventView {
    let t = EventTexts::of(lang);
    let mut about = about(&row);
    let more = about.len().saturating_sub(max_about);
    about.truncate(max_about);
    EventView {
        id: row.id,
        type_words: t.type_words(&row.event_type),
        event_type: row.event_type,
        tone: tone(row.state),
        state_words: t.state_words(row.state),
        about,
        more: (more > 0).then(|| interpolate(t.more, &[("n", &more)])),
        received: TimeText::new(row.received_at, now, lang),
        attempts: row.attempts,
        next_attempt: (row.state == EventState::Waiting)
            .then(|| TimeText::new(row.next_attempt_at, now, lang)),
        error: row.last_error,
        source_words: t.source_words(row.source),
        is_from_list: row.source == EventSource::FailedList,
        is_failed: row.state == EventState::Failed,
        is_held: row.state == EventState::Parked,
    }
}

pub(super) fn tone(state: EventState) -> Tone {
    match state {
        EventState::Applied => Tone::Ok,
        EventState::Waiting | EventState::Ignored => Tone::Neutral,
        EventState::Parked => Tone::Warn,
        EventState::Failed => Tone::Danger,
    }
}

fn about(row: &EventRow) -> Vec<EventSubjects> {
    let label = |name: &str, id: &str| {
        if name.is_empty() {
            id.to_owned()
        } else {
            name.to_owned()
        }
    };
    let people = row
        .userids
        .iter()
        .zip(&row.names)
        .map(|(userid, name)| EventSubjects {
            id: userid.clone(),
            label: label(name, userid),
            href: (!name.is_empty()).then(|| staff_path(userid)),
        });
    let departments = row
        .dept_ids
        .iter()
        .zip(&row.dept_names)
        .map(|(dept_id, name)| EventSubjects {
            id: dept_id.to_string(),
            label: label(name, &dept_id.to_string()),
            href: (!name.is_empty()).then(|| format!("/admin/departments?q={dept_id}")),
        });
    people.chain(departments).collect()
}
