//! Texts of the checks of `dinggate doctor` that read the tables.

pub const UNAVAILABLE: &str = "Postgres does not answer";
pub const FIX_ROW: &str = "run the version of dinggate that wrote the row, or correct the row";
pub const UNREADABLE: &str = "the tables cannot be read";
pub const GRANT_TABLES: &str = "grant the role of DATABASE_URL the rights on them";

pub const NO_EVENT: &str = "no event has ever arrived";
pub const SUBSCRIBE: &str = "open 开发配置 › 事件订阅 of the internal app in the developer console and see that the events are switched on and the address is saved, or run `dinggate callback show` where the callback was registered by API";
pub const FIX_FAILED_EVENTS: &str =
    "read why on /admin/events?state=failed, mend it, and retry there";
pub const RELEASE_EVENTS: &str = "release what is held with `dinggate callback failed --replay`";
pub const CHECK_SERVE: &str = "see that `dinggate serve` runs and that DingTalk answers (above)";

pub const NO_SYNC: &str = "no full sync has run yet";
pub const FIRST_SYNC: &str = "start `dinggate serve`, which reads the directory while the staff table is empty, or run `dinggate sync`";
pub const SYNC_NIGHTLY: &str =
    "run `dinggate sync` every night, so that what no event has reported is made good";
pub const DECIDE_LEAVERS: &str = "look at it on /admin/syncs; `dinggate sync --accept-leavers` reads again and marks them as left";
pub const SYNC_AGAIN: &str = "correct that, and run `dinggate sync`";
pub const NO_REASON: &str = "no reason was noted";

pub const NO_ALERTS: &str = "none within the last 24 hours";
pub const CHECK_SCOPE: &str =
    "check the app's contact scope (contact_scope), and run `dinggate sync` once it is right";
pub const READ_BANNER: &str = "read the banner on the administration pages";

pub const NO_ADMINISTRATORS: &str = "there are none";
pub const GRANT: &str = "run `dinggate admin grant <userid>` for somebody who works here, or name the userid in DINGGATE_ADMINS";
pub const START: &str = "start `dinggate serve`, which binds each userid of DINGGATE_ADMINS to its account once DingTalk answers, and run doctor again after the first sync";
pub const FIX_UNIONID: &str = "correct the unionid in DINGGATE_ADMINS, or leave it out there; where the account itself has changed, run `dinggate admin grant <userid> --rebind`";
pub const CONFIRM_ADMINISTRATORS: &str = "confirm each of them with `dinggate admin grant <userid>` (`--rebind` where the account has changed), or take the userid out of DINGGATE_ADMINS";

pub fn last_event(ago: &str) -> String {
    format!("the last event arrived {ago} ago")
}

pub fn last_event_in(ago: &str, staff: i64) -> String {
    format!("the last event arrived {ago} ago, in a company of {staff}")
}

pub fn inbox(waiting: i64, failed: i64, parked: i64, oldest: Option<&str>) -> String {
    let since = oldest.map_or_else(String::new, |age| format!(", one for {age}"));
    format!("{waiting} waiting, {failed} failed, {parked} held{since}")
}

pub fn sync_outdated(ago: &str) -> String {
    format!("the last full sync ran {ago} ago")
}

pub fn sync_done(ago: &str) -> String {
    format!("done {ago} ago")
}

pub fn sync_stopped(ago: &str, withheld: i32) -> String {
    format!(
        "the sync of {ago} ago has stopped and waits: {withheld} people would have been marked as left"
    )
}

pub fn sync_partial(ago: &str, problem: &str) -> String {
    format!("the sync of {ago} ago could not read everything, and marked nobody as left: {problem}")
}

pub fn sync_failed(ago: &str, problem: &str, last_done: Option<&str>) -> String {
    let done = last_done.map_or_else(
        || "none has ever been done".to_owned(),
        |age| format!("the last one done is {age} old"),
    );
    format!("the sync of {ago} ago has failed ({problem}); {done}")
}

pub fn misconfigured(api: &str, code: i64, times: i64) -> String {
    format!("within the last 24 hours DingTalk has refused {api} with {code}, {times} times")
}

pub fn dismiss_banner(remediation: &str) -> String {
    format!("{remediation} Once it is right, dismiss the banner on the administration pages.")
}

pub fn leaver_limit(people: &str) -> String {
    format!(
        "within 24 hours DingTalk has stopped knowing {people} of the staff, so nobody more is marked as left"
    )
}

pub fn administrators(in_force: usize, notes: &str) -> String {
    format!("{in_force} who work here{notes}")
}

pub fn administrators_unbound(named: usize, notes: &str) -> String {
    format!("{named} named, none in force yet{notes}")
}

pub fn administrators_gone(left: usize, absent: usize, notes: &str) -> String {
    format!("none who works here: {left} have left, {absent} are not in the staff table{notes}")
}

/// Returns what an entry of `DINGGATE_ADMINS` is bound to, and why it has no effect.
pub fn entry(userid: &str, bound_unionid: Option<&str>, problem: Option<&str>) -> String {
    let bound = bound_unionid.map(|unionid| format!("bound to unionid {unionid}"));
    let words: Vec<String> = bound
        .into_iter()
        .chain(problem.map(str::to_owned))
        .collect();
    format!("; {userid}: {}", words.join(", "))
}
