//! What the tables say of how the service has fared: events, syncs, alerts, administrators.

use std::time::Duration;

use crate::store::Conn;

use super::{Check, Subject};
use crate::service::remedy;
use crate::store::StoreError;
use crate::store::alert::{self, Alert};
use crate::store::diagnosis::{self, Administrators, Inbox, LastSync};

const LAST_EVENT: &str = "last_event";
const EVENTS: &str = "events";
const LAST_SYNC: &str = "last_sync";
const ALERTS: &str = "alerts";
const ADMINISTRATORS: &str = "administrators";

const DAY: f64 = 86_400.0;
/// A company of this size has some event in every week.
const LARGE: i64 = 50;

/// The checks that were not made, and why.
pub fn none(why: &str) -> Vec<Check> {
    [LAST_EVENT, EVENTS, LAST_SYNC, ALERTS, ADMINISTRATORS]
        .into_iter()
        .map(|name| Check::skipped(name, why))
        .collect()
}

/// Reads the tables; and whether somebody has signed in by a scan.
pub async fn read(conn: &mut Conn, subject: &Subject) -> (Vec<Check>, Option<bool>) {
    let admins: Vec<String> = subject
        .parts
        .admins
        .iter()
        .map(ToString::to_string)
        .collect();
    let administrators = diagnosis::administrators(conn, &admins).await;
    let staff = administrators.as_ref().map_or(0, |counts| counts.staff);
    let mut checks = match diagnosis::inbox(conn).await {
        Ok(inbox) => vec![last_event(&inbox, staff), events(&inbox)],
        Err(error) => vec![unread(LAST_EVENT, &error), unread(EVENTS, &error)],
    };
    checks.push(match diagnosis::last_sync(conn).await {
        Ok(last) => last_sync(last.as_ref()),
        Err(error) => unread(LAST_SYNC, &error),
    });
    checks.extend(match alert::current(conn).await {
        Ok(alerts) => self::alerts(&alerts),
        Err(error) => vec![unread(ALERTS, &error)],
    });
    checks.push(match administrators {
        Ok(counts) => self::administrators(&counts),
        Err(error) => unread(ADMINISTRATORS, &error),
    });
    (checks, diagnosis::has_scanned(conn).await.ok())
}

fn unread(name: &'static str, error: &StoreError) -> Check {
    match error {
        StoreError::Unavailable(_) => Check::skipped(name, "Postgres does not answer"),
        StoreError::Statement(_) | StoreError::Aborted => Check::failure(
            name,
            "the tables cannot be read",
            "grant the role of DATABASE_URL the rights on them",
        ),
    }
}

/// An age in the two largest units, such as `3days 4h`.
fn age(seconds: f64) -> String {
    let seconds = Duration::try_from_secs_f64(seconds.max(0.0))
        .unwrap_or_default()
        .as_secs();
    let grain = match seconds {
        0..3600 => 1,
        3600..86_400 => 60,
        _ => 3600,
    };
    humantime::format_duration(Duration::from_secs(seconds / grain * grain)).to_string()
}

fn last_event(inbox: &Inbox, staff: i64) -> Check {
    const SUBSCRIBE: &str = "open 开发配置 › 事件订阅 of the internal app in the developer console and see that the events are switched on and the address is saved, or run `dinggate callback show` where the callback was registered by API";
    match inbox.last_age {
        None => Check::warning(LAST_EVENT, "no event has ever arrived", SUBSCRIBE),
        Some(seconds) if seconds > 7.0 * DAY && staff >= LARGE => Check::warning(
            LAST_EVENT,
            format!(
                "the last event arrived {} ago, in a company of {staff}",
                age(seconds)
            ),
            SUBSCRIBE,
        ),
        Some(seconds) => Check::ok(
            LAST_EVENT,
            format!("the last event arrived {} ago", age(seconds)),
        ),
    }
}

fn events(inbox: &Inbox) -> Check {
    /// Longer than any event waits while DingTalk answers.
    const LONG: f64 = 300.0;
    let waits_long = inbox.waiting_age.is_some_and(|seconds| seconds > LONG);
    let detail = format!(
        "{} waiting, {} failed, {} held",
        inbox.waiting, inbox.failed, inbox.held
    );
    let mut actions = Vec::new();
    if inbox.failed > 0 {
        actions.push("read why on /admin/events?state=failed, mend it, and retry there");
    }
    if inbox.held > 0 {
        actions.push("release what is held with `dinggate callback failed --replay`");
    }
    if waits_long {
        actions.push("see that `dinggate serve` runs and that DingTalk answers (above)");
    }
    if actions.is_empty() {
        return Check::ok(EVENTS, detail);
    }
    let waiting = inbox.waiting_age.filter(|_| waits_long);
    let since = waiting.map_or_else(String::new, |seconds| format!(", one for {}", age(seconds)));
    Check::warning(EVENTS, detail + &since, actions.join("; "))
}

fn last_sync(last: Option<&LastSync>) -> Check {
    let Some(last) = last else {
        return Check::warning(
            LAST_SYNC,
            "no full sync has run yet",
            "start `dinggate serve`, which reads the directory while the staff table is empty, or run `dinggate sync`",
        );
    };
    let ago = age(last.age);
    let problem = last.error.as_deref().unwrap_or("no reason was noted");
    match last.state.as_str() {
        "done" if last.age > 2.0 * DAY => Check::warning(
            LAST_SYNC,
            format!("the last full sync ran {ago} ago"),
            "run `dinggate sync` every night, so that what no event has told is made good",
        ),
        "done" => Check::ok(LAST_SYNC, format!("done {ago} ago")),
        "stopped" => Check::warning(
            LAST_SYNC,
            format!(
                "the sync of {ago} ago has stopped and waits: {} people would have been marked as left",
                last.held_back
            ),
            "look at it on /admin/syncs; `dinggate sync --accept-leavers` reads anew and lets them go",
        ),
        "partial" => Check::warning(
            LAST_SYNC,
            format!(
                "the sync of {ago} ago could not read everything, and marked nobody as left: {problem}"
            ),
            "mend that, and run `dinggate sync`",
        ),
        _ => {
            let done = last.done_age.map_or_else(
                || "none has ever been done".to_owned(),
                |seconds| format!("the last one done is {} old", age(seconds)),
            );
            Check::warning(
                LAST_SYNC,
                format!("the sync of {ago} ago has failed ({problem}); {done}"),
                "mend that, and run `dinggate sync`",
            )
        }
    }
}

fn alerts(alerts: &[Alert]) -> Vec<Check> {
    if alerts.is_empty() {
        return vec![Check::ok(ALERTS, "none within the last 24 hours")];
    }
    alerts.iter().map(alert_check).collect()
}

/// The banner of the administration pages, in short.
fn alert_check(alert: &Alert) -> Check {
    let code: Option<i64> = alert.detail.parse().ok();
    let refusal = alert.kind.strip_prefix("misconfigured:").zip(code);
    if let Some((api, code)) = refusal {
        return Check::warning(
            ALERTS,
            format!(
                "within the last 24 hours DingTalk has refused {api} with {code}, {} times",
                alert.times
            ),
            format!(
                "{} Once it is right, dismiss the banner on the administration pages.",
                remedy::of(api, code).en
            ),
        );
    }
    if alert.kind == "unknown_people_brake" {
        return Check::warning(
            ALERTS,
            format!(
                "within 24 hours DingTalk has stopped knowing {} of the staff, so nobody more is marked as left",
                alert.detail
            ),
            "check the app's contact scope (contact_scope), and run `dinggate sync` once it is right",
        );
    }
    Check::warning(
        ALERTS,
        format!("{} ({})", alert.kind, alert.detail),
        "read the banner on the administration pages",
    )
}

fn administrators(counts: &Administrators) -> Check {
    const GRANT: &str = "run `dinggate admin grant <userid>` for somebody who works here, or name the userid in DINGGATE_ADMINS";
    let Administrators {
        employed,
        left,
        unknown,
        staff,
    } = counts;
    if *employed > 0 {
        return Check::ok(ADMINISTRATORS, format!("{employed} who work here"));
    }
    if *unknown > 0 && *staff == 0 {
        return Check::warning(
            ADMINISTRATORS,
            format!(
                "{unknown} named; the staff table is empty, so whether they work here is not known yet"
            ),
            "start `dinggate serve`, and run doctor again after the first sync",
        );
    }
    let detail = match (*left, *unknown) {
        (0, 0) => "there are none".to_owned(),
        (left, unknown) => {
            format!("none who works here: {left} have left, {unknown} are not in the staff table")
        }
    };
    Check::failure(ADMINISTRATORS, detail, GRANT)
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;

    fn inbox() -> Inbox {
        Inbox {
            last_age: Some(60.0),
            waiting: 0,
            waiting_age: None,
            failed: 0,
            held: 0,
        }
    }

    #[test]
    fn ages_are_told_in_units_that_matter() {
        assert_eq!(age(59.7), "59s");
        assert_eq!(age(3_725.0), "1h 2m");
        assert_eq!(age(2.0 * DAY + 3_725.0), "2days 1h");
        assert_eq!(age(-1.0), "0s");
        assert_eq!(age(f64::NAN), "0s");
    }

    #[test]
    fn a_quiet_week_is_odd_in_a_large_company_only() {
        let quiet = Inbox {
            last_age: Some(7.1 * DAY),
            ..inbox()
        };
        assert_eq!(last_event(&quiet, 50).status, Status::Warning);
        assert_eq!(last_event(&quiet, 49).status, Status::Ok);
        let never = Inbox {
            last_age: None,
            ..inbox()
        };
        assert_eq!(last_event(&never, 0).status, Status::Warning);
    }

    #[test]
    fn an_inbox_is_right_while_nothing_is_stuck_in_it() {
        assert_eq!(events(&inbox()).status, Status::Ok);
        let briefly = Inbox {
            waiting: 5,
            waiting_age: Some(20.0),
            ..inbox()
        };
        assert_eq!(events(&briefly).status, Status::Ok);
        let stuck = Inbox {
            waiting_age: Some(4000.0),
            failed: 1,
            held: 2,
            ..briefly
        };
        let check = events(&stuck);
        assert_eq!(check.detail, "5 waiting, 1 failed, 2 held, one for 1h 6m");
        let action = check.action.unwrap();
        for word in ["/admin/events?state=failed", "--replay", "dinggate serve"] {
            assert!(action.contains(word), "{action}");
        }
    }

    #[test]
    fn administrators_must_work_here_as_soon_as_anybody_does() {
        let of = |employed, left, unknown, staff| {
            administrators(&Administrators {
                employed,
                left,
                unknown,
                staff,
            })
            .status
        };
        assert_eq!(of(1, 1, 0, 30), Status::Ok);
        assert_eq!(of(0, 0, 1, 0), Status::Warning);
        assert_eq!(of(0, 0, 1, 30), Status::Failure);
        assert_eq!(of(0, 1, 0, 30), Status::Failure);
        assert_eq!(of(0, 0, 0, 0), Status::Failure);
    }
}
