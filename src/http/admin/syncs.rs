//! The full syncs that have run.

use actix_web::http::StatusCode;
use actix_web::{HttpRequest, HttpResponse, web};
use askama::Template;
use chrono::{DateTime, Utc};

use super::links::staff_path;
use super::list_query::{ListQuery, choices};
use super::who::Who;
use crate::context::Context;
use crate::http::error::AppError;
use crate::http::lang::Lang;
use crate::http::page::{Frame, html};
use crate::http::text::admin_syncs::{CAUSES, STATES, SyncTexts};
use crate::http::text::fill;
use crate::http::view::{Choice, Pager, TimeText, Tone, query};
use crate::http::visitor::Admin;
use crate::store::sync_list::{self, ChangeFilter, ChangeRow, Filter, RunRow};
use crate::store::{StoreError, staff};

pub fn configure(cfg: &mut web::ServiceConfig) {
    cfg.service(web::resource("/syncs").route(web::get().to(list)))
        .service(web::resource("/syncs/{id}").route(web::get().to(detail)));
}

#[derive(Template)]
#[template(path = "admin/syncs.html")]
struct SyncsPage {
    frame: Frame,
    t: &'static SyncTexts,
    q: String,
    states: Vec<Choice<'static>>,
    causes: Vec<Choice<'static>>,
    is_filtered: bool,
    rows: Vec<RunView>,
    pager: Pager,
}

#[derive(Template)]
#[template(path = "admin/sync_detail.html")]
struct SyncPage {
    frame: Frame,
    t: &'static SyncTexts,
    title: String,
    run: RunView,
    hint: Option<&'static str>,
    /// What to run then.
    command: Option<&'static str>,
    finished: Option<TimeText>,
    skips: Vec<SkipView>,
}

struct RunView {
    id: i64,
    started: TimeText,
    by: Who,
    cause_words: &'static str,
    tone: Tone,
    state_words: &'static str,
    duration: String,
    calls: i32,
    /// What was done to how many people, without what was done to nobody.
    numbers: Vec<(&'static str, i32)>,
    held_back: i32,
    held_back_words: String,
    error: Option<String>,
}

struct SkipView {
    label: String,
    /// None where the record did not even say whose it was.
    href: Option<String>,
    reason: String,
}

async fn list(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    asked: ListQuery,
) -> Result<HttpResponse, AppError> {
    let (state, cause) = (
        asked.choice("state", &STATES)?,
        asked.choice("cause", &CAUSES)?,
    );
    let filter = Filter {
        state,
        cause,
        q: asked.q().to_owned(),
    };
    let frame = admin.frame(&ctx, &request).await?;
    let paging = asked.paging();
    let (now, total, rows) = ctx
        .db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            let total = sync_list::count(&mut conn, &filter).await?;
            let rows =
                sync_list::list(&mut conn, &filter, paging.per_page, paging.offset()).await?;
            Ok::<_, StoreError>((staff::now(&mut conn).await?, total, rows))
        })
        .await?;
    let t = SyncTexts::of(frame.lang);
    let filters = query(&[
        ("q", &filter.q),
        ("state", state.unwrap_or("")),
        ("cause", cause.unwrap_or("")),
    ]);
    let page = SyncsPage {
        t,
        states: choices(
            frame.t.all,
            &STATES.map(|name| (name, t.state_words(name, false))),
            state,
        ),
        causes: choices(
            frame.t.all,
            &CAUSES.map(|name| (name, t.cause_words(name))),
            cause,
        ),
        is_filtered: !filters.is_empty(),
        rows: rows
            .into_iter()
            .map(|row| view(row, now, frame.lang))
            .collect(),
        pager: Pager::new(paging, total, &filters),
        q: filter.q,
        frame,
    };
    Ok(html(StatusCode::OK, &page))
}

async fn detail(
    admin: Admin,
    ctx: web::Data<Context>,
    request: HttpRequest,
    id: web::Path<String>,
) -> Result<HttpResponse, AppError> {
    let id: i64 = id.parse().map_err(|_| AppError::NotFound)?;
    let (now, found) = ctx
        .db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            let found = sync_list::find(&mut conn, id).await?;
            let skipped = ChangeFilter {
                kind: Some("skipped"),
                ..ChangeFilter::default()
            };
            let skips = sync_list::changes(&mut conn, id, &skipped, 1_000, 0).await?;
            let now = staff::now(&mut conn).await?;
            Ok::<_, StoreError>((now, found.map(|run| (run, skips))))
        })
        .await?;
    let (run, skips) = found.ok_or(AppError::NotFound)?;
    let frame = admin.frame(&ctx, &request).await?;
    let t = SyncTexts::of(frame.lang);
    let page = SyncPage {
        t,
        title: fill(t.detail_title, &[("id", &id)]),
        hint: t.state_hint(&run.state, run.is_lost),
        command: (run.state == "stopped").then_some("dinggate sync --accept-leavers"),
        finished: run.finished_at.map(|at| TimeText::new(at, now, frame.lang)),
        skips: skips
            .into_iter()
            .map(|skip| skip_view(skip, &frame))
            .collect(),
        run: view(run, now, frame.lang),
        frame,
    };
    Ok(html(StatusCode::OK, &page))
}

fn view(run: RunRow, now: DateTime<Utc>, lang: Lang) -> RunView {
    let t = SyncTexts::of(lang);
    let numbers = [
        (t.added, run.added),
        (t.changed, run.changed),
        (t.returned, run.returned),
        (t.left, run.left_count),
        (t.unchanged, run.unchanged),
        (t.skipped, run.skipped),
    ];
    RunView {
        id: run.id,
        started: TimeText::new(run.started_at, now, lang),
        by: Who::new(lang, &run.started_by, run.started_by_name),
        cause_words: t.cause_words(&run.cause),
        tone: tone(&run.state, run.is_lost),
        state_words: t.state_words(&run.state, run.is_lost),
        duration: duration(run.started_at, run.finished_at.unwrap_or(now), lang),
        calls: run.calls,
        numbers: numbers
            .into_iter()
            .filter(|(_, number)| *number > 0)
            .collect(),
        held_back: run.held_back,
        held_back_words: format!("{} {}", t.held_back, run.held_back),
        error: run.error,
    }
}

fn tone(state: &str, is_lost: bool) -> Tone {
    match state {
        "done" => Tone::Ok,
        "running" if !is_lost => Tone::Neutral,
        "partial" | "stopped" => Tone::Warn,
        _ => Tone::Danger,
    }
}

/// How long something took, to the second.
fn duration(from: DateTime<Utc>, to: DateTime<Utc>, lang: Lang) -> String {
    let seconds = (to - from).num_seconds().max(0);
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match (lang, minutes) {
        (Lang::Zh, 0) => format!("{rest} 秒"),
        (Lang::Zh, _) => format!("{minutes} 分 {rest} 秒"),
        (Lang::En, 0) => format!("{rest} s"),
        (Lang::En, _) => format!("{minutes} min {rest} s"),
    }
}

fn skip_view(skip: ChangeRow, frame: &Frame) -> SkipView {
    let reason = skip.reason.unwrap_or_default();
    SkipView {
        href: skip.userid.as_deref().map(staff_path),
        label: skip.userid.unwrap_or_else(|| frame.t.unknown.to_owned()),
        reason: match frame.lang {
            Lang::Zh => skip.reason_zh.unwrap_or(reason),
            Lang::En => reason,
        },
    }
}
