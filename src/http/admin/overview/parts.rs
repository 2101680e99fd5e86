//! The current state: counts, the latest sync, waiting people, and the setup steps of a new installation.

use chrono::{DateTime, Utc};

use super::OverviewData;
use crate::context::Context;
use crate::domain::sync::SyncState;
use crate::http::view::Tone;
use crate::store::overview::Standing;
use crate::store::sync_list::RunRow;
use crate::store::unmatched::Case;
use crate::text::admin_overview::OverviewTexts;
use crate::text::admin_review::ReviewTexts;
use crate::text::admin_syncs::SyncTexts;
use crate::text::admin_syncs::problem::sync_problem;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

/// A count that links to the list of what it counts.
pub(super) struct Tile {
    pub label: &'static str,
    pub count: i64,
    pub href: &'static str,
    /// Whether it needs attention.
    pub is_open: bool,
    pub note: Option<String>,
}

impl Tile {
    fn new(label: &'static str, count: i64, href: &'static str) -> Self {
        Self {
            label,
            count,
            href,
            is_open: false,
            note: None,
        }
    }

    /// Returns a tile whose count should be zero.
    fn open(label: &'static str, count: i64, href: &'static str) -> Self {
        Self {
            is_open: count > 0,
            ..Self::new(label, count, href)
        }
    }
}

pub(super) struct SyncView {
    pub href: String,
    pub tone: Tone,
    pub state_words: &'static str,
    pub started: TimeText,
    pub numbers: Vec<(&'static str, i32)>,
    /// When the last complete run ended, if that is another one.
    pub last_done: Option<TimeText>,
    pub error: Option<String>,
}

pub(super) struct WaitingView {
    pub href: String,
    pub name: String,
    pub reason: &'static str,
    pub at: TimeText,
}

/// A setup step.
pub(super) struct Step {
    pub is_done: bool,
    pub title: &'static str,
    pub text: String,
}

pub(super) fn tiles(found: &OverviewData, t: &OverviewTexts, lang: Lang) -> Vec<Tile> {
    let mut tiles = vec![
        Tile::open(t.waiting, found.waiting_count, "/admin/unmatched"),
        Tile::new(t.employed, found.employed, "/admin/staff?status=employed"),
        Tile::new(t.departments, found.departments, "/admin/departments"),
    ];
    let Some(now) = &found.standing else {
        return tiles;
    };
    let oldest = now.waits_since.map(|at| {
        let time = TimeText::new(at, found.now, lang).relative;
        interpolate(t.waits_since, &[("time", &time)])
    });
    let (waiting, failed, parked) = (now.events_waiting, now.events_failed, now.events_parked);
    tiles.extend([
        Tile::new(t.sessions, now.sessions, "/admin/sessions"),
        Tile {
            note: oldest,
            ..Tile::new(t.events_waiting, waiting, "/admin/events?state=waiting")
        },
        Tile::open(t.events_failed, failed, "/admin/events?state=failed"),
        Tile::open(t.events_parked, parked, "/admin/events?state=parked"),
    ]);
    tiles
}

pub(super) fn sync(
    run: &RunRow,
    last_done: Option<&RunRow>,
    now: DateTime<Utc>,
    lang: Lang,
) -> SyncView {
    let t = SyncTexts::of(lang);
    let numbers = [
        (t.added, run.counts.added),
        (t.changed, run.counts.changed),
        (t.returned, run.counts.returned),
        (t.left, run.counts.left),
        (t.withheld, run.counts.withheld),
        (t.skipped, run.counts.skipped),
    ];
    let tone = match run.state {
        SyncState::Done => Tone::Ok,
        SyncState::Running if !run.is_lost => Tone::Neutral,
        SyncState::Partial | SyncState::Stopped => Tone::Warn,
        SyncState::Running | SyncState::Failed => Tone::Danger,
    };
    SyncView {
        href: format!("/admin/syncs/{}", run.id),
        tone,
        state_words: t.state_words(run.state, run.is_lost),
        started: TimeText::new(run.started_at, now, lang),
        numbers: numbers.into_iter().filter(|(_, n)| *n > 0).collect(),
        last_done: last_done
            .filter(|done| done.id != run.id)
            .and_then(|done| done.finished_at)
            .map(|at| TimeText::new(at, now, lang)),
        error: run.problem().map(|problem| sync_problem(lang, &problem)),
    }
}

pub(super) fn waiting(case: Case, now: DateTime<Utc>, lang: Lang) -> WaitingView {
    WaitingView {
        href: format!("/admin/unmatched/{}", case.id),
        reason: ReviewTexts::of(lang).reason_words(case.reason),
        at: TimeText::new(case.last_seen_at, now, lang),
        name: if case.nick.trim().is_empty() {
            case.unionid.into_string()
        } else {
            case.nick
        },
    }
}

/// Returns the setup steps of a new installation, or `None` once all of them are done.
pub(super) fn steps(ctx: &Context, standing: Standing, t: &OverviewTexts) -> Option<Vec<Step>> {
    if standing.has_synced && standing.has_events {
        return None;
    }
    let url = format!("{}/dingtalk/events", ctx.config.server.public_url.as_str());
    Some(vec![
        Step {
            is_done: standing.has_synced,
            title: t.step_sync,
            text: t.step_sync_text.to_owned(),
        },
        Step {
            is_done: standing.has_events,
            title: t.step_events,
            text: interpolate(t.step_events_text, &[("url", &url)]),
        },
    ])
}
