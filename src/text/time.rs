//! A time as a page shows it: relative, with the exact time as its title.

use chrono::{DateTime, NaiveDate, NaiveDateTime, SecondsFormat, TimeDelta, Utc};

use crate::text::lang::Lang;

/// A time for `<time datetime title>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TimeText {
    /// RFC 3339 in UTC, to the second.
    pub iso: String,
    /// In China time, to the second.
    pub exact: String,
    /// Relative to now, e.g. `5 分钟前`; the date after 30 days.
    pub relative: String,
}

/// China uses one time zone all year, eight hours ahead of UTC.
const CHINA_OFFSET_SECONDS: i64 = 8 * 3600;

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

impl TimeText {
    pub fn new(at: DateTime<Utc>, now: DateTime<Utc>, lang: Lang) -> Self {
        let zone = match lang {
            Lang::Zh => "（北京时间）",
            Lang::En => " (UTC+8)",
        };
        Self {
            iso: at.to_rfc3339_opts(SecondsFormat::Secs, true),
            exact: format!("{}{zone}", in_china(at, "%Y-%m-%d %H:%M:%S")),
            relative: relative(at, now, lang),
        }
    }
}

/// Returns the day in China at a time.
pub fn china_day(at: DateTime<Utc>) -> NaiveDate {
    china_time(at).date()
}

/// Returns the time that a clock in China shows.
pub fn china_time(at: DateTime<Utc>) -> NaiveDateTime {
    let offset = TimeDelta::seconds(CHINA_OFFSET_SECONDS);
    at.naive_utc()
        .checked_add_signed(offset)
        .unwrap_or(at.naive_utc())
}

/// Returns a time in China with its offset, to the second: RFC 3339.
pub fn china_rfc3339(at: DateTime<Utc>) -> String {
    format!("{}+08:00", in_china(at, "%Y-%m-%dT%H:%M:%S"))
}

fn in_china(at: DateTime<Utc>, format: &str) -> String {
    china_time(at).format(format).to_string()
}

fn relative(at: DateTime<Utc>, now: DateTime<Utc>, lang: Lang) -> String {
    let seconds = now.signed_duration_since(at).num_seconds();
    let (n, zh, en) = match seconds.abs() {
        0..MINUTE => return soon_or_just_now(seconds, lang).to_owned(),
        s @ MINUTE..HOUR => (s / MINUTE, "分钟", "minute"),
        s @ HOUR..DAY => (s / HOUR, "小时", "hour"),
        s if s < 30 * DAY => (s / DAY, "天", "day"),
        _ => return in_china(at, "%Y-%m-%d"),
    };
    let plural = if n == 1 { "" } else { "s" };
    match (lang, seconds > 0) {
        (Lang::Zh, true) => format!("{n} {zh}前"),
        (Lang::Zh, false) => format!("{n} {zh}后"),
        (Lang::En, true) => format!("{n} {en}{plural} ago"),
        (Lang::En, false) => format!("in {n} {en}{plural}"),
    }
}

fn soon_or_just_now(seconds: i64, lang: Lang) -> &'static str {
    match (lang, seconds >= 0) {
        (Lang::Zh, true) => "刚刚",
        (Lang::Zh, false) => "马上",
        (Lang::En, true) => "just now",
        (Lang::En, false) => "in a moment",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> DateTime<Utc> {
        text.parse().unwrap()
    }

    fn shown(moment: &str, lang: Lang) -> String {
        TimeText::new(at(moment), at("2026-11-22T04:00:00Z"), lang).relative
    }

    #[test]
    fn the_exact_time_is_chinas() {
        let text = TimeText::new(
            at("2026-11-21T20:05:09.7Z"),
            at("2026-11-22T04:00:00Z"),
            Lang::Zh,
        );
        assert_eq!(text.iso, "2026-11-21T20:05:09Z");
        assert_eq!(text.exact, "2026-11-22 04:05:09（北京时间）");
    }

    #[test]
    fn the_past_grows_coarser_with_its_age() {
        assert_eq!(shown("2026-11-22T04:00:00Z", Lang::Zh), "刚刚");
        assert_eq!(shown("2026-11-22T03:59:00Z", Lang::Zh), "1 分钟前");
        assert_eq!(shown("2026-11-22T03:59:00Z", Lang::En), "1 minute ago");
        assert_eq!(shown("2026-11-22T00:30:00Z", Lang::En), "3 hours ago");
        assert_eq!(shown("2026-11-20T00:30:00Z", Lang::Zh), "2 天前");
        assert_eq!(shown("2026-10-01T20:00:00Z", Lang::Zh), "2026-10-02");
    }

    #[test]
    fn the_future_is_told_from_the_past() {
        assert_eq!(shown("2026-11-22T04:00:30Z", Lang::En), "in a moment");
        assert_eq!(shown("2026-11-22T04:10:00Z", Lang::Zh), "10 分钟后");
        assert_eq!(shown("2026-11-29T04:00:00Z", Lang::En), "in 7 days");
    }

    #[test]
    fn the_ends_of_time_do_not_panic() {
        let text = TimeText::new(
            DateTime::<Utc>::MIN_UTC,
            at("2026-11-22T04:00:00Z"),
            Lang::Zh,
        );
        assert!(text.relative.starts_with('-'), "{}", text.relative);
        TimeText::new(
            DateTime::<Utc>::MAX_UTC,
            at("2026-11-22T04:00:00Z"),
            Lang::En,
        );
    }
}
