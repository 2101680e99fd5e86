//! Scheduled times in every zone and across every clock change.

use chrono_tz::Tz;
use proptest::prelude::*;

use super::*;

fn schedule(expression: &str, zone: &str) -> Schedule {
    Schedule::parse(expression, zone.parse().unwrap()).unwrap()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn refused(expression: &str) -> ScheduleError {
    Schedule::parse(expression, Tz::Asia__Shanghai).unwrap_err()
}

#[test]
fn the_default_is_at_seventeen_past_three_in_shanghai() {
    let schedule = schedule("17 3 * * *", "Asia/Shanghai");
    let before = at("2026-11-22T19:16:59Z");
    let moment = at("2026-11-22T19:17:00Z");
    assert_eq!(schedule.next(before), Some(moment));
    assert_eq!(schedule.latest(before), Some(at("2026-11-21T19:17:00Z")));
    assert_eq!(
        schedule.latest(moment),
        Some(moment),
        "the moment itself counts"
    );
    assert_eq!(schedule.next(moment), Some(at("2026-11-23T19:17:00Z")));
    assert_eq!(schedule.to_string(), "17 3 * * * (Asia/Shanghai)");
}

#[test]
fn a_moment_is_due_until_it_is_taken() {
    let schedule = schedule("17 3 * * *", "UTC");
    let moment = at("2026-11-22T03:17:00Z");
    let earlier = at("2026-11-21T03:17:00Z");
    assert_eq!(schedule.due(earlier, moment), Some(moment));
    assert_eq!(schedule.due(earlier, moment - TimeDelta::seconds(1)), None);
    assert_eq!(
        schedule.due(earlier, at("2026-11-22T23:59:00Z")),
        Some(moment)
    );
    assert_eq!(schedule.due(moment, at("2026-11-22T23:59:00Z")), None);
    assert_eq!(
        schedule.due(at("2027-01-01T00:00:00Z"), moment),
        None,
        "a clock that was set back"
    );
}

#[test]
fn of_many_moments_that_passed_only_the_last_is_made_up_for() {
    let schedule = schedule("*/30 * * * *", "Asia/Shanghai");
    let due = schedule.due(at("2026-01-01T00:00:00Z"), at("2026-11-22T04:44:00Z"));
    assert_eq!(due, Some(at("2026-11-22T04:30:00Z")));
}

#[test]
fn a_moment_in_the_hour_that_the_clocks_leave_out_comes_right_after_it_and_once() {
    // Berlin, 29 March 2026: 02:00 becomes 03:00, which is 01:00 UTC.
    let schedule = schedule("17 2 * * *", "Europe/Berlin");
    let day_before = at("2026-03-28T01:17:00Z");
    let moment = at("2026-03-29T01:00:00Z");
    assert_eq!(schedule.next(day_before), Some(moment));
    assert_eq!(schedule.due(day_before, at("2026-03-29T00:59:59Z")), None);
    assert_eq!(
        schedule.due(day_before, at("2026-03-29T01:20:00Z")),
        Some(moment)
    );
    assert_eq!(schedule.due(moment, at("2026-03-29T23:00:00Z")), None);
    assert_eq!(schedule.next(moment), Some(at("2026-03-30T00:17:00Z")));
}

#[test]
fn a_moment_in_the_hour_that_the_clocks_repeat_comes_once() {
    // New York, 1 November 2026: 02:00 becomes 01:00, which is 06:00 UTC.
    let schedule = schedule("30 1 * * *", "America/New_York");
    let moment = at("2026-11-01T05:30:00Z");
    assert_eq!(schedule.next(at("2026-10-31T06:00:00Z")), Some(moment));
    assert_eq!(schedule.latest(at("2026-11-01T06:45:00Z")), Some(moment));
    assert_eq!(schedule.next(moment), Some(at("2026-11-02T06:30:00Z")));
}

#[test]
fn days_weekdays_names_and_last_days_are_understood() {
    let next = |expression: &str| {
        let next = schedule(expression, "UTC").next(at("2026-11-22T12:00:00Z"));
        next.unwrap().to_rfc3339()
    };
    assert_eq!(next("5 4 * * sun"), "2026-11-29T04:05:00+00:00");
    assert_eq!(next("5 4 * * 7"), "2026-11-29T04:05:00+00:00");
    assert_eq!(next("5 4 L * *"), "2026-11-30T04:05:00+00:00");
    assert_eq!(next("5 4 1 JAN *"), "2027-01-01T04:05:00+00:00");
    assert_eq!(next("0,30 9-17/4 * * 1-5"), "2026-11-23T09:00:00+00:00");
    assert_eq!(next("0 0 29 2 *"), "2028-02-29T00:00:00+00:00");
}

#[test]
fn whatever_cron_takes_is_taken() {
    for good in [
        "* * * * *",
        "*/5 * * * *",
        "0,55 * * * *",
        "2-59/5 * * * *",
        "0 0 31,1 * *",
        "0,58 0,23 * * 1",
    ] {
        assert!(Schedule::parse(good, Tz::Asia__Shanghai).is_ok(), "{good}");
    }
}

#[test]
fn what_is_no_moment_is_refused() {
    for bad in ["0 0 30 2 *", "0 0 31 2,4,6,9,11 *"] {
        assert_eq!(refused(bad), ScheduleError::Never, "{bad}");
    }
    for bad in [
        "",
        "17 3 * *",
        "0 17 3 * * *",
        "@daily",
        "0 17 3 * * * 2027",
        "17 3 * * * #",
    ] {
        assert_eq!(refused(bad), ScheduleError::NotFiveFields, "{bad}");
    }
    for bad in [
        "60 3 * * *",
        "17 24 * * *",
        "17 3 0 * *",
        "17 3 * 13 *",
        "17 3 * * 8",
        "a b c d e",
        "17/ 3 * * *",
        "5-1 3 * * *",
        "TZ=UTC 3 * * *",
    ] {
        assert!(matches!(refused(bad), ScheduleError::Malformed(_)), "{bad}");
    }
}

proptest! {
    /// In every zone, `next` and `latest` agree: no time is missed, and none comes twice.
    #[test]
    fn what_comes_next_is_what_was_latest(
        start in 1_700_000_000_i64..1_900_000_000,
        expression in prop::sample::select(vec![
            "17 3 * * *", "30 2 * * *", "30 1 * * *", "0 0 * * *", "*/30 * * * *", "10 */2 * * *", "15 2 * * 0", "59 23 L * *",
        ]),
        zone in prop::sample::select(vec![
            "Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC", "Asia/Kathmandu",
        ]),
    ) {
        let schedule = schedule(expression, zone);
        let start = DateTime::from_timestamp(start, 0).unwrap();
        let next = schedule.next(start).unwrap();
        prop_assert!(next > start);
        prop_assert_eq!(schedule.latest(next), Some(next));
        let latest = schedule.latest(start).unwrap();
        prop_assert!(latest <= start);
        prop_assert_eq!(schedule.next(latest), Some(next));
        prop_assert_eq!(schedule.latest(next - TimeDelta::seconds(1)), Some(latest));
    }
}
