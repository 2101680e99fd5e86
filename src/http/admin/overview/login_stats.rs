//! Logins and refusals, by day and by reason.

use std::cmp::Reverse;
use std::fmt::Display;

use chrono::NaiveDate;

use crate::domain::audit::AuditAction;
use crate::domain::case::Refusal;
use crate::http::view::{Columns, chart, query};
use crate::store::overview::LoginCount;
use crate::text::admin_audit::AuditTexts;
use crate::text::admin_overview::OverviewTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;

/// The chart of logins and refusals, and the table beneath it.
pub(super) struct LoginStats {
    pub chart: Columns,
    pub description: String,
    pub let_in: i64,
    pub turned_away: i64,
    pub logins_href: String,
    pub refusals_href: String,
    pub rows: Vec<DayView>,
    pub is_empty: bool,
}

pub(super) struct DayView {
    pub day: String,
    pub let_in: i64,
    pub turned_away: i64,
    pub logins_href: String,
    pub refusals_href: String,
}

/// One reason, and how often it occurred.
pub(super) struct ReasonView {
    pub words: &'static str,
    pub count: i64,
    pub href: String,
    /// Length of its bar; that of the most frequent reason is 1000 long.
    pub length: i64,
}

pub(super) fn days(counts: &[LoginCount], days: &[NaiveDate], lang: Lang) -> LoginStats {
    let t = OverviewTexts::of(lang);
    let rows: Vec<DayView> = days.iter().map(|day| row(counts, *day)).collect();
    let columns = rows.iter().map(|row| {
        let words: [(&str, &dyn Display); 3] = [
            ("day", &row.day),
            ("in", &row.let_in),
            ("out", &row.turned_away),
        ];
        (
            interpolate(t.day_label, &words),
            vec![row.let_in, row.turned_away],
        )
    });
    let most = rows.iter().map(|row| row.let_in + row.turned_away).max();
    let let_in: i64 = rows.iter().map(|row| row.let_in).sum();
    let turned_away: i64 = rows.iter().map(|row| row.turned_away).sum();
    LoginStats {
        chart: Columns::new(&["fill-accent", "fill-warn"], columns.collect()),
        description: interpolate(t.logins_desc, &[("most", &most.unwrap_or(0))]),
        is_empty: let_in + turned_away == 0,
        let_in,
        turned_away,
        logins_href: trail(AuditAction::Login, None, days),
        refusals_href: trail(AuditAction::Refusal, None, days),
        rows,
    }
}

fn row(counts: &[LoginCount], day: NaiveDate) -> DayView {
    let sum = |is_refused| {
        let of_day = counts
            .iter()
            .filter(|count| count.day == day && count.status.is_some() == is_refused);
        of_day.map(|count| count.count).sum()
    };
    DayView {
        day: day.to_string(),
        let_in: sum(false),
        turned_away: sum(true),
        logins_href: trail(AuditAction::Login, None, &[day]),
        refusals_href: trail(AuditAction::Refusal, None, &[day]),
    }
}

/// Returns the reasons that occurred, the most frequent first.
pub(super) fn reasons(counts: &[LoginCount], days: &[NaiveDate], lang: Lang) -> Vec<ReasonView> {
    let t = AuditTexts::of(lang);
    let counted = Refusal::ALL.map(|refusal| {
        let of_it = counts.iter().filter(|count| count.status == Some(refusal));
        (refusal, of_it.map(|count| count.count).sum::<i64>())
    });
    let most = counted.iter().map(|(_, count)| *count).max().unwrap_or(0);
    let mut reasons: Vec<ReasonView> = counted
        .into_iter()
        .filter(|(_, count)| *count > 0)
        .map(|(refusal, count)| ReasonView {
            words: t.refusal_words(refusal),
            count,
            href: trail(AuditAction::Refusal, Some(refusal), days),
            length: chart::share(count, most).max(8),
        })
        .collect();
    reasons.sort_by_key(|reason| Reverse(reason.count));
    reasons
}

/// Returns the URL of the audit trail with the lines that a number counts.
fn trail(action: AuditAction, refusal: Option<Refusal>, days: &[NaiveDate]) -> String {
    let day = |day: Option<&NaiveDate>| day.map(ToString::to_string).unwrap_or_default();
    let filters = query(&[
        ("action", action.as_str()),
        ("status", refusal.map_or("", Refusal::as_str)),
        ("from", &day(days.first())),
        ("to", &day(days.last())),
    ]);
    format!("/admin/audit?{filters}")
}
