//! The full syncs: the runs, what each has planned and done, and the decision about a run that waits for one.

mod act;
mod detail;
mod export;
mod list;
pub mod plan;
pub mod values;

use actix_web::web;
use chrono::{DateTime, Utc};

use super::actor_view::ActorView;
use crate::domain::audit::ActorKind;
use crate::domain::sync::{ChangeKind, SyncCause, SyncDecision, SyncState};
use crate::http::admin::exports::FORMATS;
use crate::http::view::Tone;
use crate::store::sync_list::RunRow;
use crate::text::admin_syncs::SyncTexts;
use crate::text::admin_syncs::problem::sync_problem;
use crate::text::duration::to_the_second;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

pub fn configure(cfg: &mut web::ServiceConfig) {
    let all = web::resource("/syncs").route(web::get().to(list::list));
    cfg.service(all.route(web::post().to(act::start)))
        .service(web::resource(format!("/syncs{FORMATS}")).route(web::get().to(list::export)))
        .service(
            web::resource(format!(r"/syncs/{{id:\d+}}{FORMATS}"))
                .route(web::get().to(export::export)),
        )
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
    // The state `stopped` is explained by its own sentence.
    let problem = run.problem().filter(|_| run.state != SyncState::Stopped);
    RunView {
        id: run.id,
        started: TimeText::new(run.started_at, now, lang),
        tone: tone(&run),
        state_words: t.state_words(run.state, run.is_lost),
        cause_words: t.cause_words(run.cause),
        duration: to_the_second(
            (run.finished_at.unwrap_or(now) - run.started_at).num_seconds(),
            lang,
        ),
        calls: run.calls,
        numbers: numbers(&run, t),
        decision: decision(&run, now, lang),
        by: ActorView::new(
            lang,
            actor_kind(run.cause),
            &run.started_by,
            run.started_by_name,
        ),
        error: problem.map(|problem| sync_problem(lang, &problem)),
    }
}

/// Returns the kind of actor that starts a run of this cause.
fn actor_kind(cause: SyncCause) -> ActorKind {
    match cause {
        SyncCause::Command => ActorKind::Command,
        SyncCause::Admin | SyncCause::Approval => ActorKind::Person,
        SyncCause::Schedule | SyncCause::LostEvents | SyncCause::Empty => ActorKind::System,
    }
}

fn numbers(run: &RunRow, t: &'static SyncTexts) -> Vec<Number> {
    let all = [
        (run.counts.added, Some(ChangeKind::Added)),
        (run.counts.changed, Some(ChangeKind::Changed)),
        (run.counts.returned, Some(ChangeKind::Returned)),
        (run.counts.left, Some(ChangeKind::Left)),
        (run.counts.withheld, Some(ChangeKind::Withheld)),
        (run.counts.unchanged, None),
        (run.counts.skipped, Some(ChangeKind::Skipped)),
        (
            run.counts.departments_added,
            Some(ChangeKind::DepartmentAdded),
        ),
        (
            run.counts.departments_changed,
            Some(ChangeKind::DepartmentChanged),
        ),
        (
            run.counts.departments_removed,
            Some(ChangeKind::DepartmentRemoved),
        ),
    ];
    let some = all.into_iter().filter(|(number, _)| *number > 0);
    some.map(|(number, kind)| Number {
        words: kind.map_or(t.unchanged, |kind| t.kind_words(kind)),
        count: number,
        kind: kind.map(ChangeKind::as_str),
    })
    .collect()
}

/// Returns the decision about the leavers of a stopped run, or until when it can be made; `None` for other runs.
fn decision(run: &RunRow, now: DateTime<Utc>, lang: Lang) -> Option<String> {
    if run.state != SyncState::Stopped {
        return None;
    }
    let t = SyncTexts::of(lang);
    let when = |at: DateTime<Utc>| TimeText::new(at, now, lang);
    let sentence = match (run.decision, run.waits_until) {
        (Some(SyncDecision::Approved), _) => t.approved.to_owned(),
        (Some(SyncDecision::Discarded), _) => t.discarded.to_owned(),
        (Some(SyncDecision::Superseded), _) => t.superseded.to_owned(),
        (None, Some(until)) if run.is_waiting => {
            interpolate(t.waits_until, &[("time", &when(until).relative)])
        }
        (None, _) => t.expired.to_owned(),
    };
    Some(sentence)
}

fn tone(run: &RunRow) -> Tone {
    match run.state {
        SyncState::Done => Tone::Ok,
        SyncState::Running if !run.is_lost => Tone::Neutral,
        SyncState::Stopped if !run.is_waiting => Tone::Neutral,
        SyncState::Partial | SyncState::Stopped => Tone::Warn,
        SyncState::Running | SyncState::Failed => Tone::Danger,
    }
}
