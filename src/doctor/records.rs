//! What the tables show about the service: events, syncs, alerts, administrators.

use crate::domain::alert::{AlertKind, Problem};
use crate::domain::sync::SyncState;
use std::time::Duration;

use crate::store::Conn;

use super::{Check, Input, forwarded};
use crate::service::admins::{self, Administrator, Entitlement};
use crate::store::StoreError;
use crate::store::alert::{self, Alert};
use crate::store::diagnosis::{self, Inbox, LastSync};
use crate::store::staff;
use crate::store::untrusted_forwarder;
use crate::text::lang::Lang;
use crate::text::remediation::remediation;
use crate::upstream::Remediation;

const LAST_EVENT: &str = "last_event";
const EVENTS: &str = "events";
const LAST_SYNC: &str = "last_sync";
const ALERTS: &str = "alerts";
const ADMINISTRATORS: &str = "administrators";
const FORWARDED: &str = "forwarded_headers";

const DAY: f64 = 86_400.0;
/// A company of this size has at least one event every week.
const LARGE: i64 = 50;

/// Returns these checks as skipped, with the reason.
pub fn none(why: &str) -> Vec<Check> {
    [
        LAST_EVENT,
        EVENTS,
        LAST_SYNC,
        ALERTS,
        ADMINISTRATORS,
        FORWARDED,
    ]
    .into_iter()
    .map(|name| Check::skipped(name, why))
    .collect()
}

/// Reads the tables; also returns whether somebody has signed in by a scan.
pub async fn read(conn: &mut Conn, subject: &Input) -> (Vec<Check>, Option<bool>) {
    let administrators = match admins::administrators(conn, &subject.parts.admins).await {
        Ok(admins) => staff::count_employed(conn)
            .await
            .map(|staff| (admins, staff)),
        Err(error) => Err(error),
    };
    let staff = administrators.as_ref().map_or(0, |(_, staff)| *staff);
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
        Ok((admins, staff)) => self::administrators(&admins, staff),
        Err(error) => unread(ADMINISTRATORS, &error),
    });
    checks.push(match untrusted_forwarder::recent(conn).await {
        Ok(peers) => forwarded::check(FORWARDED, subject, &peers),
        Err(error) => unread(FORWARDED, &error),
    });
    (checks, diagnosis::has_scanned(conn).await.ok())
}

fn unread(name: &'static str, error: &StoreError) -> Check {
    match error {
        StoreError::Unavailable(_) => Check::skipped(name, "Postgres does not answer"),
        StoreError::UnknownValue(found) => Check::failure(
            name,
            found.to_string(),
            "run the version of dinggate that wrote the row, or correct the row",
        ),
        _ => Check::failure(
            name,
            "the tables cannot be read",
            "grant the role of DATABASE_URL the rights on them",
        ),
    }
}

/// Formats an age in its two largest units, such as `3days 4h`.
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
    match last.state {
        SyncState::Done if last.age > 2.0 * DAY => Check::warning(
            LAST_SYNC,
            format!("the last full sync ran {ago} ago"),
            "run `dinggate sync` every night, so that what no event has told is made good",
        ),
        SyncState::Done => Check::ok(LAST_SYNC, format!("done {ago} ago")),
        SyncState::Stopped => Check::warning(
            LAST_SYNC,
            format!(
                "the sync of {ago} ago has stopped and waits: {} people would have been marked as left",
                last.withheld
            ),
            "look at it on /admin/syncs; `dinggate sync --accept-leavers` reads anew and lets them go",
        ),
        SyncState::Partial => Check::warning(
            LAST_SYNC,
            format!(
                "the sync of {ago} ago could not read everything, and marked nobody as left: {problem}"
            ),
            "mend that, and run `dinggate sync`",
        ),
        SyncState::Running | SyncState::Failed => {
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

/// Returns the short form of the admin pages' banner.
fn alert_check(alert: &Alert) -> Check {
    let code: Option<i64> = alert.detail.parse().ok();
    if let (AlertKind::Misconfigured(api), Some(code)) = (&alert.kind, code) {
        return Check::warning(
            ALERTS,
            format!(
                "within the last 24 hours DingTalk has refused {api} with {code}, {} times",
                alert.times
            ),
            format!(
                "{} Once it is right, dismiss the banner on the administration pages.",
                remediation(Lang::En, &Remediation::of(api, code))
            ),
        );
    }
    if alert.kind == Problem::LeaverLimit.into() {
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

fn administrators(admins: &[Administrator], staff: i64) -> Check {
    const GRANT: &str = "run `dinggate admin grant <userid>` for somebody who works here, or name the userid in DINGGATE_ADMINS";
    const START: &str = "start `dinggate serve`, which binds each userid of DINGGATE_ADMINS to its account once DingTalk answers, and run doctor again after the first sync";
    let count = |wanted: fn(&Administrator) -> bool| admins.iter().filter(|a| wanted(a)).count();
    let has = |entitlement| admins.iter().any(|a| a.in_settings == Some(entitlement));
    let notes = notes(admins);
    let in_force = count(Administrator::is_admin);
    if has(Entitlement::Contradicted) {
        return Check::failure(
            ADMINISTRATORS,
            format!("{in_force} who work here{notes}"),
            "correct the unionid in DINGGATE_ADMINS, or leave it out there; where the account itself has changed, run `dinggate admin grant <userid> --rebind`",
        );
    }
    if in_force > 0 {
        let detail = format!("{in_force} who work here{notes}");
        if admins.iter().all(|admin| admin.is_in_force) {
            return Check::ok(ADMINISTRATORS, detail);
        }
        return Check::warning(
            ADMINISTRATORS,
            detail,
            "confirm each of them with `dinggate admin grant <userid>` (`--rebind` where the account has changed), or take the userid out of DINGGATE_ADMINS",
        );
    }
    let is_unbound = |admin: &Administrator| admin.in_settings == Some(Entitlement::NotBound);
    let may_be_bound =
        |admin: &Administrator| is_unbound(admin) && (admin.is_employed || staff == 0);
    if admins.iter().any(may_be_bound) || (has(Entitlement::NoRow) && staff == 0) {
        let detail = format!("{} named, none in force yet{notes}", admins.len());
        return Check::warning(ADMINISTRATORS, detail, START);
    }
    let left = count(|admin| admin.name.is_some() && !admin.is_employed);
    let absent = count(|admin| admin.name.is_none());
    let detail = if admins.is_empty() {
        "there are none".to_owned()
    } else {
        format!("none who works here: {left} have left, {absent} are not in the staff table{notes}")
    };
    Check::failure(ADMINISTRATORS, detail, GRANT)
}

/// Describes what each entry of `DINGGATE_ADMINS` is bound to, and why it has no effect.
fn notes(admins: &[Administrator]) -> String {
    let note = |admin: &Administrator| {
        let entitlement = admin.in_settings?;
        let bound = admin.bound_unionid.as_ref();
        let bound = bound.map(|unionid| format!("bound to unionid {unionid}"));
        let problem = entitlement.problem().map(str::to_owned);
        let words: Vec<String> = bound.into_iter().chain(problem).collect();
        Some(format!("; {}: {}", admin.userid, words.join(", ")))
    };
    admins.iter().filter_map(note).collect()
}

#[cfg(test)]
mod tests {
    use super::super::Status;
    use super::*;
    use crate::domain::ids::UserId;
    use crate::domain::rights::Rights;

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

    fn admin(in_settings: Option<Entitlement>, is_admin: bool) -> Administrator {
        Administrator {
            userid: UserId::parse("0158").unwrap(),
            name: Some("张三".to_owned()),
            in_settings,
            is_employed: is_admin,
            is_granted: in_settings.is_none(),
            rights: Rights::ADMIN,
            is_in_force: is_admin,
            bound_unionid: None,
        }
    }

    #[test]
    fn administrators_must_work_here_as_soon_as_anybody_does() {
        let granted = |is_admin| admin(None, is_admin);
        let listed = |entitlement| admin(Some(entitlement), entitlement == Entitlement::InForce);
        let of = |admins: &[Administrator], staff| administrators(admins, staff).status;
        assert_eq!(of(&[granted(true)], 30), Status::Ok);
        assert_eq!(of(&[listed(Entitlement::InForce)], 30), Status::Ok);
        let one_ended = [granted(true), listed(Entitlement::Ended)];
        assert_eq!(of(&one_ended, 30), Status::Warning);
        assert_eq!(of(&[listed(Entitlement::NotBound)], 0), Status::Warning);
        assert_eq!(of(&[listed(Entitlement::NotBound)], 30), Status::Failure);
        let works_here = Administrator {
            is_employed: true,
            ..listed(Entitlement::NotBound)
        };
        assert_eq!(of(&[works_here], 30), Status::Warning);
        assert_eq!(of(&[listed(Entitlement::NoRow)], 0), Status::Warning);
        assert_eq!(of(&[listed(Entitlement::NoRow)], 30), Status::Failure);
        assert_eq!(of(&[listed(Entitlement::Unknown)], 30), Status::Failure);
        assert_eq!(of(&[granted(false)], 30), Status::Failure);
        let contradicted = [granted(true), listed(Entitlement::Contradicted)];
        assert_eq!(of(&contradicted, 30), Status::Failure);
        assert_eq!(of(&[], 0), Status::Failure);
    }
}
