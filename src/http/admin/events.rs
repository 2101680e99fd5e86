//! The inbox: the events received from DingTalk, and their results.

mod detail;
mod release;
mod retry;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::links::staff_path;
use super::list_page::{ListPage, ListSpec};
use super::list_query::{ALL, ListQuery, OTHER, type_choices, types_of};
use crate::context::Context;
use crate::domain::event::{EventSource, EventState};
use crate::domain::export::{ExportColumn, ExportedList};
use crate::http::admin::exports::{BATCH, Export, FORMATS};
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::Layout;
use crate::http::table::{Cell, TableHead, id_cell};
use crate::http::view::Tone;
use crate::store::event_list::{self, EventFilter, EventRow};
use crate::store::sort::Sort;
use crate::store::{Conn, StoreError};
use crate::text::admin_events::{EventTexts, KNOWN_TYPES};
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;
use futures_util::stream::TryStreamExt as _;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/events").route(web::get().to(list)))
        .service(web::resource(format!("/events{FORMATS}")).route(web::get().to(export)))
        .service(web::resource("/events/retry-failed").route(web::post().to(retry::retry_failed)))
        .service(
            web::resource("/events/release-held").route(web::post().to(release::release_parked)),
        )
        .service(web::resource("/events/{id}").route(web::get().to(detail::detail)))
        .service(web::resource("/events/{id}/retry").route(web::post().to(retry::retry)))
        .service(web::resource("/events/{id}/release").route(web::post().to(release::release)));
}

const LATEST_FIRST: Sort = Sort {
    column: "received",
    is_descending: true,
};
const LIST: ListSpec = ListSpec {
    filters: &[("state", ALL), ("type", ALL)],
    columns: &["type", "received", "state", "attempts"],
    descending: &["received", "attempts"],
    default_sort: Some(LATEST_FIRST),
    ..ListSpec::PLAIN
};
const EXPORT: TableHead = TableHead {
    list: ExportedList::Events,
    columns: &[
        ExportColumn::Id,
        ExportColumn::Type,
        ExportColumn::Status,
        ExportColumn::ReceivedAt,
        ExportColumn::EventTime,
        ExportColumn::AppliedAt,
        ExportColumn::Userid,
        ExportColumn::Name,
        ExportColumn::Departments,
        ExportColumn::Attempts,
        ExportColumn::NextAttemptAt,
        ExportColumn::Error,
        ExportColumn::Source,
        ExportColumn::DingTalkId,
    ],
};
/// Of more people and departments a row shows only the count.
const MAX_SUBJECTS: usize = 5;

#[derive(Template)]
#[template(path = "admin/events.html")]
struct EventsPage {
    layout: Layout,
    t: &'static EventTexts,
    list: ListPage<EventView>,
    /// The confirmation question for retrying all failed events; `None` if there are none.
    retry_all_ask: Option<String>,
    /// The same for releasing all parked events.
    release_all_ask: Option<String>,
}

struct EventView {
    id: i64,
    event_type: String,
    type_words: &'static str,
    tone: Tone,
    state_words: &'static str,
    subjects: Vec<EventSubject>,
    /// States how many more there are.
    more: Option<String>,
    received: TimeText,
    attempts: i32,
    next_attempt: Option<TimeText>,
    error: Option<String>,
    source_words: &'static str,
    is_from_list: bool,
    is_failed: bool,
    is_parked: bool,
}

/// A person or a department that an event names.
struct EventSubject {
    id: String,
    label: String,
    /// `None` if the person is unknown.
    href: Option<String>,
}

async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, list) = (filter(&query)?, LIST.request(&query)?);
    let now = auditor.user.now;
    let (counts, rows, elsewhere) = ctx
        .db
        .read(async |conn| {
            let counts = event_list::count(conn, &filter).await?;
            let (limit, offset) = (list.paging.per_page, list.paging.offset());
            // The list's default order has an index.
            let sort = list.sort.filter(|sort| *sort != LATEST_FIRST);
            let rows = event_list::list(conn, &filter, sort, limit, offset).await?;
            let elsewhere = if list.is_hidden_by_filters(counts.matching) {
                event_list::count(conn, &filter.text_only()).await?.matching
            } else {
                0
            };
            Ok::<_, StoreError>((counts, rows, elsewhere))
        })
        .await?;
    let pager = list.pager(counts.matching);
    let page = |layout: Layout, list: ListPage<EventRow>| {
        let (lang, t) = (layout.lang, EventTexts::of(layout.lang));
        let state = |state: EventState| (state.as_str(), t.state_words(state));
        EventsPage {
            t,
            list: list
                .with_filter("state", t.state, EventState::ALL.map(state))
                .with_filter("type", t.kind, types(t))
                .with_elsewhere(elsewhere)
                .map(|row| view(row, now, lang, MAX_SUBJECTS)),
            retry_all_ask: count_question(counts.failed, t.retry_all_ask_one, t.retry_all_ask),
            release_all_ask: count_question(
                counts.parked,
                t.release_all_ask_one,
                t.release_all_ask,
            ),
            layout,
        }
    };
    list.respond(&auditor, &ctx, &request, pager, rows, page)
        .await
}

fn types(t: &EventTexts) -> impl Iterator<Item = (&'static str, &'static str)> {
    type_choices(&KNOWN_TYPES)
        .into_iter()
        .map(|name| match name {
            OTHER => (name, t.other_types),
            name => (name, t.type_words(name)),
        })
}

fn filter(query: &ListQuery) -> Result<EventFilter, AppError> {
    let kind = query.choice("type", &type_choices(&KNOWN_TYPES))?;
    let (types, other_than) = types_of(kind, &KNOWN_TYPES);
    Ok(EventFilter {
        state: query.value("state", &EventState::ALL, EventState::as_str)?,
        types,
        other_than,
        q: query.q().to_owned(),
    })
}

async fn export(
    auditor: Auditor,
    export: Export,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (filter, sort) = (filter(&query)?, query.sort(LIST.columns)?);
    let sort = sort.filter(|sort| *sort != LATEST_FIRST);
    let rows = if sort.is_none() {
        let read = async move |conn: &mut Conn, after: Option<i64>| {
            event_list::batch(conn, &filter, after, BATCH.into()).await
        };
        export.by_key(read, |row: &EventRow| row.id)
    } else {
        let find =
            async move |conn: &mut Conn| event_list::ids(conn, &filter, sort, i64::MAX, 0).await;
        let read = async |conn: &mut Conn, ids: &[i64]| event_list::rows(conn, ids).await;
        export.by_id(find, read)
    };
    let rows = rows.map_ok(cells);
    export.respond(&auditor, EXPORT, rows).await
}

fn cells(row: EventRow) -> Vec<Cell> {
    let own_id = row.dedupe_key.strip_prefix("id:");
    vec![
        id_cell(row.id),
        row.event_type.into(),
        row.state.as_str().into(),
        row.received_at.into(),
        row.event_time.into(),
        row.applied_at.into(),
        row.userids.join("; ").into(),
        row.names.join("; ").into(),
        row.dept_names.join("; ").into(),
        row.attempts.into(),
        (row.state == EventState::Waiting)
            .then_some(row.next_attempt_at)
            .into(),
        row.last_error.into(),
        row.source.as_str().into(),
        own_id.into(),
    ]
}

fn count_question(count: i64, one: &str, many: &str) -> Option<String> {
    match count {
        0 => None,
        1 => Some(one.to_owned()),
        n => Some(interpolate(many, &[("n", &n)])),
    }
}

fn view(row: EventRow, now: DateTime<Utc>, lang: Lang, max_subjects: usize) -> EventView {
    let t = EventTexts::of(lang);
    let mut subjects = subjects(&row);
    let more = subjects.len().saturating_sub(max_subjects);
    subjects.truncate(max_subjects);
    EventView {
        id: row.id,
        type_words: t.type_words(&row.event_type),
        event_type: row.event_type,
        tone: tone(row.state),
        state_words: t.state_words(row.state),
        subjects,
        more: (more > 0).then(|| interpolate(t.more, &[("n", &more)])),
        received: TimeText::new(row.received_at, now, lang),
        attempts: row.attempts,
        next_attempt: (row.state == EventState::Waiting)
            .then(|| TimeText::new(row.next_attempt_at, now, lang)),
        error: row.last_error,
        source_words: t.source_words(row.source),
        is_from_list: row.source == EventSource::FailedList,
        is_failed: row.state == EventState::Failed,
        is_parked: row.state == EventState::Parked,
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

fn subjects(row: &EventRow) -> Vec<EventSubject> {
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
        .map(|(userid, name)| EventSubject {
            id: userid.clone(),
            label: label(name, userid),
            href: (!name.is_empty()).then(|| staff_path(userid)),
        });
    let departments = row
        .dept_ids
        .iter()
        .zip(&row.dept_names)
        .map(|(dept_id, name)| EventSubject {
            id: dept_id.to_string(),
            label: label(name, &dept_id.to_string()),
            href: (!name.is_empty()).then(|| format!("/admin/departments?q={dept_id}")),
        });
    people.chain(departments).collect()
}
