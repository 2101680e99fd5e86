//! Times in China's time zone.

use chrono::{DateTime, FixedOffset};

/// The documented format of times in texts.
pub(crate) const FULL: &str = "%Y-%m-%d %H:%M:%S";

/// Formats Unix milliseconds as given; empty for a time outside the calendar's range.
pub(crate) fn clock(ms: i64, form: &str) -> String {
    let zone = FixedOffset::east_opt(8 * 3600);
    match (DateTime::from_timestamp_millis(ms), zone) {
        (Some(time), Some(zone)) => time.with_timezone(&zone).format(form).to_string(),
        _ => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_eight_hours_ahead_of_greenwich() {
        assert_eq!(clock(1_700_000_000_000, FULL), "2023-11-15 06:13:20");
        assert_eq!(clock(i64::MAX, FULL), "");
    }
}
