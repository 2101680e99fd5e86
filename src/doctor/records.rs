//! What the tables show about the service: events, syncs, alerts, administrators.

use crate::domain::alert::{AlertKind, Problem};
use crate::domain::ids::UnionId;
use crate::domain::sync::SyncState;
use std::time::Duration;

use crate::store::Conn;

use super::{Check, Input, forwarded};
use crate::domain::listed_admins::Entitlement;
use crate::service::admins::{self, Administrator};
use crate::store::StoreError;
use crate::store::alert::{self, Alert};
use crate::store::diagnosis::{self, Inbox, LastSync};
use crate::store::staff;
use crate::store::untrusted_forwarder;
use crate::text::admin_syncs::problem::sync_problem;
use crate::text::commands::admin::entitlement_problem;
use crate::text::commands::doctor::records as texts;
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
pub async fn read(conn: &mut Conn, input: &Input) -> (Vec<Check>, Option<bool>) {
    let administrators = match admins::administrators(conn, &input.parts.admins).await {
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
        Ok(peers) => forwarded::check(FORWARDED, input, &peers),
        Err(error) => unread(FORWARDED, &error),
    });
    (checks, diagnosis::has_scanned(conn).await.ok())
}

fn unread(name: &'static str, error: &StoreError) -> Check {
    match error {
        StoreError::Unavailable(_) => Check::skipped(name, texts::UNAVAILABLE),
        StoreError::UnknownValue(found) => Check::failure(name, found.to_string(), texts::FIX_ROW),
        _ => Check::failure(name, texts::UNREADABLE, texts::GRANT_TABLES),
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
    match inbox.last_age {
        None => Check::warning(LAST_EVENT, texts::NO_EVENT, texts::SUBSCRIBE),
        Some(seconds) if seconds > 7.0 * DAY && staff >= LARGE => Check::warning(
            LAST_EVENT,
            texts::last_event_in(age(seconds), staff),
            texts::SUBSCRIBE,
        ),
        Some(seconds) => Check::ok(LAST_EVENT, texts::last_event(age(seconds))),
    }
}

fn events(inbox: &Inbox) -> Check {
    /// Longer than any event waits while DingTalk answers.
    const LONG: f64 = 300.0;
    let oldest = inbox.waiting_age.filter(|seconds| *seconds > LONG).map(age);
    let detail = texts::inbox(inbox.waiting, inbox.failed, inbox.parked, oldest.as_deref());
    let actions: Vec<&str> = [
        (inbox.failed > 0, texts::FIX_FAILED_EVENTS),
        (inbox.parked > 0, texts::RELEASE_EVENTS),
        (oldest.is_some(), texts::CHECK_SERVE),
    ]
    .into_iter()
    .filter_map(|(applies, action)| applies.then_some(action))
    .collect();
    if actions.is_empty() {
        return Check::ok(EVENTS, detail);
    }
    Check::warning(EVENTS, detail, actions.join("; "))
}

fn last_sync(last: Option<&LastSync>) -> Check {
    let Some(last) = last else {
        return Check::warning(LAST_SYNC, texts::NO_SYNC, texts::FIRST_SYNC);
    };
    let ago = age(last.age);
    let problem = last.problem().map_or_else(
        || texts::NO_REASON.to_owned(),
        |problem| sync_problem(Lang::En, &problem),
    );
    let (detail, action) = match last.state {
        SyncState::Done if last.age > 2.0 * DAY => {
            (texts::sync_outdated(&ago), texts::SYNC_NIGHTLY)
        }
        SyncState::Done => return Check::ok(LAST_SYNC, texts::sync_done(&ago)),
        SyncState::Stopped => (
            texts::sync_stopped(&ago, last.withheld),
            texts::DECIDE_LEAVERS,
        ),
        SyncState::Partial => (texts::sync_partial(&ago, &problem), texts::SYNC_AGAIN),
        SyncState::Running | SyncState::Failed => {
            let done = last.done_age.map(age);
            let detail = texts::sync_failed(&ago, &problem, done.as_deref());
            (detail, texts::SYNC_AGAIN)
        }
    };
    Check::warning(LAST_SYNC, detail, action)
}

fn alerts(alerts: &[Alert]) -> Vec<Check> {
    if alerts.is_empty() {
        return vec![Check::ok(ALERTS, texts::NO_ALERTS)];
    }
    alerts.iter().map(alert_check).collect()
}

/// Returns the short form of the admin pages' banner.
fn alert_check(alert: &Alert) -> Check {
    let code: Option<i64> = alert.detail.parse().ok();
    if let (AlertKind::Misconfigured(api), Some(code)) = (&alert.kind, code) {
        return Check::warning(
            ALERTS,
            texts::misconfigured(api, code, alert.times),
            texts::dismiss_banner(remediation(Lang::En, &Remediation::of(api, code))),
        );
    }
    if alert.kind == Problem::LeaverLimit.into() {
        let detail = texts::leaver_limit(&alert.detail);
        return Check::warning(ALERTS, detail, texts::CHECK_SCOPE);
    }
    let detail = format!("{} ({})", alert.kind, alert.detail);
    Check::warning(ALERTS, detail, texts::READ_BANNER)
}

fn administrators(admins: &[Administrator], staff: i64) -> Check {
    let count = |wanted: fn(&Administrator) -> bool| admins.iter().filter(|a| wanted(a)).count();
    let has = |entitlement| admins.iter().any(|a| a.in_settings == Some(entitlement));
    let notes = notes(admins);
    let in_force = count(Administrator::is_admin);
    let detail = texts::administrators(in_force, &notes);
    if has(Entitlement::Contradicted) {
        return Check::failure(ADMINISTRATORS, detail, texts::FIX_UNIONID);
    }
    if in_force > 0 {
        if admins.iter().all(|admin| admin.is_in_force) {
            return Check::ok(ADMINISTRATORS, detail);
        }
        return Check::warning(ADMINISTRATORS, detail, texts::CONFIRM_ADMINISTRATORS);
    }
    let is_unbound = |admin: &Administrator| admin.in_settings == Some(Entitlement::NotBound);
    let may_be_bound =
        |admin: &Administrator| is_unbound(admin) && (admin.is_employed || staff == 0);
    if admins.iter().any(may_be_bound) || (has(Entitlement::NoRow) && staff == 0) {
        let detail = texts::administrators_unbound(admins.len(), &notes);
        return Check::warning(ADMINISTRATORS, detail, texts::START);
    }
    let left = count(|admin| admin.name.is_some() && !admin.is_employed);
    let absent = count(|admin| admin.name.is_none());
    let detail = if admins.is_empty() {
        texts::NO_ADMINISTRATORS.to_owned()
    } else {
        texts::administrators_gone(left, absent, &notes)
    };
    Check::failure(ADMINISTRATORS, detail, texts::GRANT)
}

/// Describes what each entry of `DINGGATE_ADMINS` is bound to, and why it has no effect.
fn notes(admins: &[Administrator]) -> String {
    let note = |admin: &Administrator| {
        let problem = entitlement_problem(admin.in_settings?);
        let bound = admin.bound_unionid.as_ref().map(UnionId::as_str);
        Some(texts::entry(admin.userid.as_str(), bound, problem))
    };
    admins.iter().filter_map(note).collect()
}

#[cfg(test)]
mod tests;
