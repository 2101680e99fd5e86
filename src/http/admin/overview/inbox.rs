//! The events of recent days, and how long they took.

use chrono::NaiveDate;

use crate::http::view::Columns;
use crate::store::overview::EventDay;
use crate::text::admin_overview::OverviewTexts;
use crate::text::duration::humanize;
use crate::text::interpolate;
use crate::text::lang::Lang;

/// The chart of events, and the table beneath it.
pub(super) struct InboxView {
    pub chart: Columns,
    pub description: String,
    pub received: i64,
    /// The median of the latest day on which an event was applied.
    pub delay: Option<String>,
    pub rows: Vec<InboxDay>,
    pub is_empty: bool,
}

pub(super) struct InboxDay {
    pub day: String,
    pub received: i64,
    pub applied: i64,
    pub median: String,
    pub slow: String,
}

pub(super) fn view(found: &[EventDay], days: &[NaiveDate], lang: Lang) -> InboxView {
    let t = OverviewTexts::of(lang);
    let rows: Vec<InboxDay> = days.iter().map(|day| row(found, *day, lang)).collect();
    let columns = rows.iter().map(|row| {
        let label = interpolate(t.event_label, &[("day", &row.day), ("n", &row.received)]);
        (label, vec![row.received])
    });
    let most = rows.iter().map(|row| row.received).max().unwrap_or(0);
    let latest = found
        .iter()
        .filter(|day| day.median.is_some())
        .max_by_key(|day| day.day);
    let received = rows.iter().map(|row| row.received).sum();
    InboxView {
        chart: Columns::new(&["fill-accent"], columns.collect()),
        description: interpolate(t.events_desc, &[("most", &most)]),
        received,
        delay: latest
            .and_then(|day| day.median)
            .map(|seconds| humanize(seconds, lang)),
        is_empty: received == 0,
        rows,
    }
}

fn row(found: &[EventDay], day: NaiveDate, lang: Lang) -> InboxDay {
    let found = found.iter().find(|row| row.day == day);
    let words = |seconds: Option<f64>| seconds.map_or_else(String::new, |s| humanize(s, lang));
    InboxDay {
        day: day.to_string(),
        received: found.map_or(0, |row| row.received),
        applied: found.map_or(0, |row| row.applied),
        median: words(found.and_then(|row| row.median)),
        slow: words(found.and_then(|row| row.slow)),
    }
}
