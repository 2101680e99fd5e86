//! When DingTalk stops throttling, which only its error message reports.

use std::time::Duration;

use chrono::{FixedOffset, NaiveDateTime, TimeZone as _};
use serde_json::Value;

use crate::bounds::THROTTLE_WAIT;

/// China's time is eight hours ahead of UTC, all year.
const CHINA: i32 = 8 * 3_600;
const SHAPE: &str = "0000-00-00 00:00:00";

/// Returns how long a penalty still lasts at `now`, in Unix milliseconds: at most one minute. `None` if the
/// response names no end, or one that is past.
pub(super) fn retry_after(answer: &Value, now: i64) -> Option<Duration> {
    let texts = ["sub_msg", "errmsg"].iter();
    let end = texts
        .filter_map(|key| answer.get(*key)?.as_str())
        .find_map(end_time)?;
    let left = end.checked_sub(now).filter(|left| *left > 0)?;
    Some(THROTTLE_WAIT.of_millis(left))
}

/// Returns the first `yyyy-MM-dd HH:mm:ss` in a text, read as China time, in Unix milliseconds.
fn end_time(text: &str) -> Option<i64> {
    let starts = text.char_indices().map(|(start, _)| start);
    let mut times = starts.filter_map(|start| {
        // The parser would skip a leading space and then miss the last digit.
        let time = text.get(start..start + SHAPE.len())?;
        time.starts_with(|first: char| first.is_ascii_digit())
            .then_some(())?;
        NaiveDateTime::parse_from_str(time, "%Y-%m-%d %H:%M:%S").ok()
    });
    let china = FixedOffset::east_opt(CHINA)?;
    let end = china.from_local_datetime(&times.next()?).single()?;
    Some(end.timestamp_millis())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    /// 2026-11-22 12:00:00 in China.
    const NOON: i64 = 1_795_320_000_000;

    fn left_by(text: &str) -> Option<Duration> {
        retry_after(
            &json!({"errcode": 88, "sub_code": "90018", "sub_msg": text}),
            NOON,
        )
    }

    #[test]
    fn the_end_of_a_penalty_is_read_from_the_sentence() {
        let told =
            "应用调用该接口的当前并发请求数为21，超过最大限制20，处罚结束时间：2026-11-22 12:00:03";
        assert_eq!(left_by(told), Some(Duration::from_secs(3)));
        assert_eq!(
            retry_after(
                &json!({"errcode": 90018, "errmsg": "until 2026-11-22 12:00:01."}),
                NOON
            ),
            Some(Duration::from_secs(1))
        );
    }

    #[test]
    fn no_end_a_past_end_and_a_broken_one_are_nothing_and_a_late_one_is_a_minute() {
        for text in [
            "慢一点",
            "处罚结束时间：2026-11-22 12:00:00",
            "处罚结束时间：2026-11-22 11:59:59",
            "处罚结束时间：2026-13-22 12:00:03",
            "2026-11-22 12:00",
        ] {
            assert_eq!(left_by(text), None, "{text}");
        }
        assert_eq!(
            left_by("2027-01-01 00:00:00"),
            Some(THROTTLE_WAIT.ceiling())
        );
    }
}
