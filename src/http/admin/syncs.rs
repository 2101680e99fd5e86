//! The full syncs: the runs, what each has planned and done, and the decision about a run that waits for one.

mod act;
mod detail;
mod list;
mod plan;
mod values;

use actix_web::web;
use chrono::{DateTime, Utc};

use super::actor_view::ActorView;
use crate::http::view::Tone;
use crate::store::audit::ActorKind;
use crate::store::sync_list::RunRow;
use crate::text::admin_syncs::SyncTexts;
use crate::text::duration::to_the_second;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

pub fn configure(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/syncs").route(web::get().to(list::list));
    cfg.service(all.route(web::post().to(act::start)))
        .service(web::resource("/syncs/{id}").route(web::get().to(detail::detail)))
        .service(web::resource("/syncs/{id}/approve").route(web::post().to(act::approve)))
        .service(web::resource("/syncs/{id}/discard").route(web::post().to(act::discard)));
}

fn path_of(id: i64) -> String {
    format!("/admin/syncs/{id}")
}

/// A run as the list and its own page show it.
struct RunView {
    id: i64,
    started: TimeText,
    by: ActorView,
    cause_words: &'static str,
    tone: Tone,
    state_words: &'static str,
    duration: String,
    calls: i32,
    /// The number of people and departments per kind, without zeros; each with its kind of record in the plan, if
    /// there are such records.
    numbers: Vec<Number>,
    /// The decision about the withheld leavers.
    decision: Option<String>,
    error: Option<String>,
}

struct Number {
    words: &'static str,
    count: i32,
    kind: Option<&'static str>,
}

fn view(run: RunRow, now: DateTime<Utc>, lang: Lang) -> RunView {
    let t = SyncTexts::of(lang);
    RunView {
        id: run.id,
        started: TimeText::new(run.started_at, now, lang),
        tone: tone(&run),
        state_words: t.state_words(&run.state, run.is_lost),
        cause_words: t.cause_words(&run.cause),
        duration: to_the_second(
            (run.finished_at.unwrap_or(now) - run.started_at).num_seconds(),
            lang,
        ),
        calls: run.calls,
        numbers: numbers(&run, t),
        decision: decision(&run, now, lang),
        by: ActorView::new(
            lang,
            actor_kind(&run.cause),
            &run.started_by,
            run.started_by_name,
        ),
        // The state `stopped` is explained in the reader's language instead.
        error: run.error.filter(|_| run.state != "stopped"),
    }
}

/// Returns the kind of actor that starts a run of this cause.
fn actor_kind(cause: &str) -> ActorKind {
    match cause {
        "command" => ActorKind::Command,
        "admin" | "approval" => ActorKind::Person,
        _ => ActorKind::System,
    }
}

fn numbers(run: &RunRow, t: &'static SyncTexts) -> Vec<Number> {
    let all = [
        (run.added, "added"),
        (run.changed, "changed"),
        (run.returned, "returned"),
        (run.left_count, "left"),
        (run.held_back, "held_back"),
        (run.unchanged, "unchanged"),
        (run.skipped, "skipped"),
        (run.departments_added, "department_added"),
        (run.departments_changed, "department_changed"),
        (run.departments_removed, "department_removed"),
    ];
    let some = all.into_iter().filter(|(number, _)| *number > 0);
    some.map(|(number, kind)| Number {
        words: t.kind_words(kind),
        count: number,
        kind: (kind != "unchanged").then_some(kind),
    })
    .collect()
}

/// Returns the decision about the leavers of a stopped run, or until when it can be made; `None` for other runs.
fn decision(run: &RunRow, now: DateTime<Utc>, lang: Lang) -> Option<String> {
    if run.state != "stopped" {
        return None;
    }
    let t = SyncTexts::of(lang);
    let when = |at: DateTime<Utc>| TimeText::new(at, now, lang);
    let sentence = match (run.decision.as_deref(), run.waits_until) {
        (Some("approved"), _) => t.approved.to_owned(),
        (Some("discarded"), _) => t.discarded.to_owned(),
        (Some(_), _) => t.superseded.to_owned(),
        (None, Some(until)) if run.is_waiting => {
            interpolate(t.waits_until, &[("time", &when(until).relative)])
        }
        (None, _) => t.expired.to_owned(),
    };
    Some(sentence)
}

fn tone(run: &RunRow) -> Tone {
    match run.state.as_str() {
        "done" => Tone::Ok,
        "running" if !run.is_lost => Tone::Neutral,
        "stopped" if !run.is_waiting => Tone::Neutral,
        "partial" | "stopped" => Tone::Warn,
        _ => Tone::Danger,
    }
}
