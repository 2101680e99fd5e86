//! The webhook messages to the company's own systems: sent, waiting or failed.

mod detail;
mod redeliver;

use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::links::staff_path;
use super::list_page::{ListPage, ListSpec};
use super::list_query::{ALL, ListQuery, OTHER, type_choices, types_of};
use crate::context::Context;
use crate::domain::export::{ExportColumn, ExportedList};
use crate::domain::rights::ContactView;
use crate::domain::rights::masked;
use crate::domain::webhook::{DeliveryError, DeliveryState};
use crate::http::admin::exports::{BATCH, Export, FORMATS};
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::Layout;
use crate::http::table::{Cell, TableHead, id_cell};
use crate::http::view::Tone;
use crate::store::webhook_list::{self, DeliveryFilter, DeliveryRow};
use crate::store::{Conn, StoreError};
use crate::text::admin_webhooks::{KNOWN_TYPES, WebhookTexts};
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;
use futures_util::stream::TryStreamExt as _;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/webhooks").route(web::get().to(list)))
        .service(
            web::resource("/webhooks/resend-failed").route(web::post().to(redeliver::all_failed)),
        )
        .service(web::resource(format!("/webhooks{FORMATS}")).route(web::get().to(export)))
        .service(web::resource("/webhooks/{id}").route(web::get().to(detail::detail)))
        .service(web::resource("/webhooks/{id}/resend").route(web::post().to(redeliver::one)));
}

const LIST: ListSpec = ListSpec {
    filters: &[("state", ALL), ("type", ALL)],
    ..ListSpec::PLAIN
};
const EXPORT: TableHead = TableHead {
    list: ExportedList::Webhooks,
    columns: &[
        ExportColumn::Id,
        ExportColumn::MessageId,
        ExportColumn::Type,
        ExportColumn::Status,
        ExportColumn::Userid,
        ExportColumn::Subject,
        ExportColumn::EventId,
        ExportColumn::CaseId,
        ExportColumn::CreatedAt,
        ExportColumn::Attempts,
        ExportColumn::NextAttemptAt,
        ExportColumn::DeliveredAt,
        ExportColumn::HttpStatus,
        ExportColumn::Error,
    ],
};

#[derive(Template)]
#[template(path = "admin/webhooks.html")]
struct WebhooksPage {
    layout: Layout,
    t: &'static WebhookTexts,
    /// Whether webhooks are enabled at all.
    is_on: bool,
    list: ListPage<DeliveryView>,
    /// The confirmation question for resending all failed messages; `None` if there are none.
    all_again_ask: Option<String>,
}

struct DeliveryView {
    id: i64,
    message_type: String,
    type_words: &'static str,
    tone: Tone,
    state_words: &'static str,
    /// The approval, the event or the person.
    subject: String,
    subject_href: String,
    created: TimeText,
    attempts: i32,
    next_attempt: Option<TimeText>,
    delivered: Option<TimeText>,
    result: Option<String>,
    /// The label of the button that sends it again; `None` if that is not possible.
    again: Option<&'static str>,
}

async fn list(
    auditor: Auditor,
    ctx: web::Data<Context>,
    request: HttpRequest,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let contacts = auditor.contacts();
    let (filter, list) = (filter(&query, contacts)?, LIST.request(&query)?);
    let (now, is_on) = (auditor.user.now, ctx.config.webhook.is_some());
    let (counts, rows, elsewhere) = ctx
        .db
        .read(async |conn| {
            let counts = webhook_list::count(conn, &filter).await?;
            let (limit, offset) = (list.paging.per_page, list.paging.offset());
            let rows = webhook_list::list(conn, &filter, limit, offset).await?;
            let elsewhere = if list.is_hidden_by_filters(counts.matching) {
                webhook_list::count(conn, &filter.text_only())
                    .await?
                    .matching
            } else {
                0
            };
            Ok::<_, StoreError>((counts, rows, elsewhere))
        })
        .await?;
    let pager = list.pager(counts.matching);
    let page = |layout: Layout, list: ListPage<DeliveryRow>| {
        let (lang, t) = (layout.lang, WebhookTexts::of(layout.lang));
        let state = |state: DeliveryState| (state.as_str(), t.state_words(state));
        WebhooksPage {
            t,
            is_on,
            list: list
                .with_filter("state", t.state, DeliveryState::ALL.map(state))
                .with_filter("type", t.kind, types(t))
                .with_elsewhere(elsewhere)
                .map(|row| view(row, contacts, now, lang, is_on)),
            all_again_ask: all_again_ask(t, counts.failed).filter(|_| is_on),
            layout,
        }
    };
    list.respond(&auditor, &ctx, &request, pager, rows, page)
        .await
}

fn types(t: &WebhookTexts) -> impl Iterator<Item = (&'static str, &'static str)> {
    type_choices(&KNOWN_TYPES)
        .into_iter()
        .map(|name| match name {
            OTHER => (name, t.other_types),
            name => (name, t.type_words(name)),
        })
}

fn filter(query: &ListQuery, contacts: ContactView) -> Result<DeliveryFilter, AppError> {
    let kind = query.choice("type", &type_choices(&KNOWN_TYPES))?;
    let (types, other_than) = types_of(kind, &KNOWN_TYPES);
    Ok(DeliveryFilter {
        state: query.value("state", &DeliveryState::ALL, DeliveryState::as_str)?,
        types,
        other_than,
        q: query.q().to_owned(),
        contacts,
    })
}

async fn export(
    auditor: Auditor,
    export: Export,
    query: ListQuery,
) -> Result<HttpResponse, AppError> {
    let filter = filter(&query, auditor.contacts())?;
    let read = async move |conn: &mut Conn, after: Option<i64>| {
        webhook_list::batch(conn, &filter, after, BATCH.into()).await
    };
    let rows = export
        .by_key(read, |row: &DeliveryRow| row.id)
        .map_ok(cells);
    export.respond(&auditor, EXPORT, rows).await
}

fn cells(row: DeliveryRow) -> Vec<Cell> {
    let is_waiting = row.state == DeliveryState::Waiting;
    vec![
        id_cell(row.id),
        row.message_id.into(),
        row.message_type.into(),
        row.state.as_str().into(),
        row.userid.into(),
        row.subject.into(),
        row.event_id.map_or(Cell::Empty, id_cell),
        row.case_id.map_or(Cell::Empty, id_cell),
        row.created_at.into(),
        row.attempts.into(),
        is_waiting.then_some(row.next_attempt_at).into(),
        row.delivered_at.into(),
        row.last_status.map(i32::from).into(),
        row.last_error.map(DeliveryError::as_str).into(),
    ]
}

fn all_again_ask(t: &WebhookTexts, failed: i64) -> Option<String> {
    match failed {
        0 => None,
        1 => Some(t.all_again_ask_one.to_owned()),
        n => Some(interpolate(t.all_again_ask, &[("n", &n)])),
    }
}

fn view(
    row: DeliveryRow,
    contacts: ContactView,
    now: DateTime<Utc>,
    lang: Lang,
    is_on: bool,
) -> DeliveryView {
    let t = WebhookTexts::of(lang);
    let (subject, subject_href) = subject(t, &row, contacts);
    let is_waiting = row.state == DeliveryState::Waiting;
    let label = if is_waiting { t.send_now } else { t.send_again };
    DeliveryView {
        id: row.id,
        type_words: t.type_words(&row.message_type),
        message_type: row.message_type,
        tone: tone(row.state),
        state_words: t.state_words(row.state),
        subject,
        subject_href,
        created: TimeText::new(row.created_at, now, lang),
        attempts: row.attempts,
        next_attempt: (is_waiting && is_on).then(|| TimeText::new(row.next_attempt_at, now, lang)),
        delivered: row.delivered_at.map(|at| TimeText::new(at, now, lang)),
        result: t.result_words(row.last_status, row.last_error),
        again: (is_on && row.is_kept && !row.is_being_sent).then_some(label),
    }
}

/// Returns a name to show, and the page about it.
fn subject(t: &WebhookTexts, row: &DeliveryRow, contacts: ContactView) -> (String, String) {
    let named = |fallback: String| {
        if row.subject.is_empty() {
            fallback
        } else {
            masked(&row.subject, contacts)
        }
    };
    if let Some(id) = row.case_id {
        let case = interpolate(t.case, &[("id", &id)]);
        return (named(case), format!("/admin/unmatched/{id}"));
    }
    match (&row.userid, row.event_id) {
        (Some(userid), _) => (named(userid.clone()), staff_path(userid)),
        (None, id) => {
            let id = id.unwrap_or_default();
            let event = interpolate(t.event, &[("id", &id)]);
            (named(event), format!("/admin/events/{id}"))
        }
    }
}

fn tone(state: DeliveryState) -> Tone {
    match state {
        DeliveryState::Delivered => Tone::Ok,
        DeliveryState::Waiting => Tone::Neutral,
        DeliveryState::Failed => Tone::Danger,
    }
}
