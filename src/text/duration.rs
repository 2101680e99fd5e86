//! Durations as a page shows them.

use crate::text::lang::Lang;
use std::time::Duration;

/// Returns a number of seconds, rounded to a suitable unit: `0.4 s`, `12 s`, `3 min`, `5 h`, `2 days`.
pub fn humanize(seconds: f64, lang: Lang) -> String {
    const DAYS: (f64, f64, &str, &str) = (f64::INFINITY, 86_400.0, "天", "days");
    const UNITS: [(f64, f64, &str, &str); 3] = [
        (60.0, 1.0, "秒", "s"),
        (3_600.0, 60.0, "分钟", "min"),
        (172_800.0, 3_600.0, "小时", "h"),
    ];
    let seconds = seconds.max(0.0);
    // A value that would round up to the next unit is shown in that unit.
    let unit = UNITS
        .iter()
        .find(|(end, size, _, _)| (seconds / size).round() * size < *end);
    let (_, size, zh, en) = unit.unwrap_or(&DAYS);
    let number = if seconds < 9.95 {
        format!("{seconds:.1}")
    } else {
        format!("{:.0}", seconds / size)
    };
    match lang {
        Lang::Zh => format!("{number} {zh}"),
        Lang::En => format!("{number} {en}"),
    }
}

/// Returns a number of seconds in minutes and seconds: `12 s`, `3 min 20 s`.
pub fn to_the_second(seconds: i64, lang: Lang) -> String {
    let seconds = seconds.max(0);
    let (minutes, rest) = (seconds / 60, seconds % 60);
    match (lang, minutes) {
        (Lang::Zh, 0) => format!("{rest} 秒"),
        (Lang::Zh, _) => format!("{minutes} 分 {rest} 秒"),
        (Lang::En, 0) => format!("{rest} s"),
        (Lang::En, _) => format!("{minutes} min {rest} s"),
    }
}

/// Returns how many whole days a retention period has, for texts.
pub fn whole_days(span: Duration) -> u64 {
    span.as_secs() / 86_400
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_grow_coarser_with_their_length() {
        for (seconds, words) in [
            (-1.0, "0.0 s"),
            (0.42, "0.4 s"),
            (9.96, "10 s"),
            (59.4, "59 s"),
            (59.7, "1 min"),
            (600.0, "10 min"),
            (3_599.0, "1 h"),
            (90_000.0, "25 h"),
            (200_000.0, "2 days"),
        ] {
            assert_eq!(humanize(seconds, Lang::En), words, "{seconds}");
        }
        assert_eq!(humanize(12.0, Lang::Zh), "12 秒");
    }
}
