//! The webhook messages to the company's own systems: sent, waiting or failed.

mod detail;
mod redeliver;

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::last_page;
use super::links::{current_url, staff_path};
use super::list_query::{ListQuery, choices};
use super::staff::history::masked;
use crate::context::Context;
use crate::domain::rights::ContactView;
use crate::domain::webhook::DeliveryState;
use crate::http::error::AppError;
use crate::http::extract::Auditor;
use crate::http::layout::{Layout, html};
use crate::http::view::{Choice, Pager, Tone, query};
use crate::store::StoreError;
use crate::store::webhook_list::{self, DeliveryFilter, DeliveryRow};
use crate::text::admin_webhooks::{KNOWN_TYPES, WebhookTexts};
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/webhooks").route(web::get().to(list)))
        .service(
            web::resource("/webhooks/resend-failed").route(web::post().to(redeliver::all_failed)),
        )
        .service(web::resource("/webhooks/{id}").route(web::get().to(detail::detail)))
        .service(web::resource("/webhooks/{id}/resend").route(web::post().to(redeliver::one)));
}

/// The filter's name for all types without words of their own.
const OTHER: &str = "other";

#[derive(Template)]
#[template(path = "admin/webhooks.html")]
struct WebhooksPage {
    frame: Layout,
    t: &'static WebhookTexts,
    /// Whether webhooks are enabled at all.
    is_on: bool,
    q: String,
    states: Vec<Choice<'static>>,
    types: Vec<Choice<'static>>,
    is_filtered: bool,
    rows: Vec<DeliveryView>,
    pager: Pager,
    /// The confirmation question for resending all failed messages; `None` if there are none.
    all_again_ask: Option<String>,
    /// This view's URL.
    back: String,
}

struct DeliveryView {
    id: i64,
    message_type: String,
    type_words: &'static str,
    tone: Tone,
    state_words: &'static str,
    /// The approval, the event or the person.
    about: String,
    about_href: String,
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
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (state, kind) = (
        asked.value("state", &DeliveryState::ALL, DeliveryState::as_str)?,
        asked.choice("type", &type_choices())?,
    );
    let filter = filter(state, kind, asked.q(), auditor.contacts());
    let paging = asked.paging();
    let now = auditor.user.now;
    let (total, failed, rows) = ctx
        .db
        .read(async |conn| {
            let total = webhook_list::count(conn, &filter).await?;
            let failed = webhook_list::count_failed(conn).await?;
            let rows = webhook_list::list(conn, &filter, paging.per_page, paging.offset()).await?;
            Ok::<_, StoreError>((total, failed, rows))
        })
        .await?;
    let (is_on, contacts) = (ctx.config.webhook.is_some(), auditor.contacts());
    let filters = query(&[
        ("q", &filter.q),
        ("state", state.map_or("", DeliveryState::as_str)),
        ("type", kind.unwrap_or("")),
    ]);
    let pager = Pager::new(paging, total, &filters);
    if let Some(answer) = last_page(&request, &pager) {
        return Ok(answer);
    }
    let frame = auditor.frame(&ctx, &request).await?;
    let (lang, t) = (frame.lang, WebhookTexts::of(frame.lang));
    let page = WebhooksPage {
        t,
        is_on,
        states: choices(
            frame.t.all,
            &DeliveryState::ALL.map(|state| (state.as_str(), t.state_words(state))),
            state.map(DeliveryState::as_str),
        ),
        types: choices(
            frame.t.all,
            &type_choices().map(|name| (name, filter_words(t, name))),
            kind,
        ),
        is_filtered: !filters.is_empty(),
        rows: rows
            .into_iter()
            .map(|row| view(row, contacts, now, lang, is_on))
            .collect(),
        pager,
        all_again_ask: all_again_ask(t, failed).filter(|_| is_on),
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

fn filter_words(t: &WebhookTexts, name: &str) -> &'static str {
    if name == OTHER {
        t.other_types
    } else {
        t.type_words(name)
    }
}

fn filter(
    state: Option<DeliveryState>,
    kind: Option<&'static str>,
    q: &str,
    contacts: ContactView,
) -> DeliveryFilter {
    let (types, other_than) = match kind {
        None => (Vec::new(), Vec::new()),
        Some(OTHER) => (Vec::new(), KNOWN_TYPES.to_vec()),
        Some(known) => (vec![known], Vec::new()),
    };
    DeliveryFilter {
        state,
        types,
        other_than,
        q: q.to_owned(),
        contacts,
    }
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
    let (about, about_href) = about(t, &row, contacts);
    let is_waiting = row.state == DeliveryState::Waiting;
    let label = if is_waiting { t.send_now } else { t.send_again };
    DeliveryView {
        id: row.id,
        type_words: t.type_words(&row.message_type),
        message_type: row.message_type,
        tone: tone(row.state),
        state_words: t.state_words(row.state),
        about,
        about_href,
        created: TimeText::new(row.created_at, now, lang),
        attempts: row.attempts,
        next_attempt: (is_waiting && is_on).then(|| TimeText::new(row.next_attempt_at, now, lang)),
        delivered: row.delivered_at.map(|at| TimeText::new(at, now, lang)),
        result: t.result_words(row.last_status, row.last_error),
        again: (is_on && row.is_kept && !row.is_being_sent).then_some(label),
    }
}

/// Returns a name to show, and the page about it.
fn about(t: &WebhookTexts, row: &DeliveryRow, contacts: ContactView) -> (String, String) {
    let named = |fallback: String| {
        if row.subject.is_empty() {
            fallback
        } else {
            masked(&row.subject, contacts)
        }
    };
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
