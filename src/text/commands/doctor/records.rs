//! Texts of the checks of `dinggate doctor` that read the tables.

use crate::text::messages;

messages! {
    UNAVAILABLE = "Postgres does not answer";
    FIX_ROW = "run the version of dinggate that wrote the row, or correct the row";
    UNREADABLE = "the tables cannot be read";
    GRANT_TABLES = "grant the role of DATABASE_URL the rights on them";
    NO_EVENT = "no event has ever arrived";
    SUBSCRIBE =
        "open 开发配置 › 事件订阅 of the internal app in the developer console and see that the events are switched on and the address is saved, or run `dinggate callback show` where the callback was registered by API";
    FIX_FAILED_EVENTS = "read why on /admin/events?state=failed, mend it, and retry there";
    RELEASE_EVENTS = "release what is held with `dinggate callback failed --replay`";
    CHECK_SERVE = "see that `dinggate serve` runs and that DingTalk answers (above)";
    NO_SYNC = "no full sync has run yet";
    FIRST_SYNC =
        "start `dinggate serve`, which reads the directory while the staff table is empty, or run `dinggate sync`";
    SYNC_NIGHTLY = "run `dinggate sync` every night, so that what no event has reported is made good";
    DECIDE_LEAVERS =
        "look at it on /admin/syncs; `dinggate sync --accept-leavers` reads again and marks them as left";
    SYNC_AGAIN = "correct that, and run `dinggate sync`";
    NO_REASON = "no reason was noted";
    NO_ALERTS = "none within the last 24 hours";
    CHECK_SCOPE = "check the app's contact scope (contact_scope), and run `dinggate sync` once it is right";
    READ_BANNER = "read the banner on the administration pages";
    NO_ADMINISTRATORS = "there are none";
    GRANT = "run `dinggate admin grant <userid>` for somebody who works here, or name the userid in DINGGATE_ADMINS";
    START =
        "start `dinggate serve`, which binds each userid of DINGGATE_ADMINS to its account once DingTalk answers, and run doctor again after the first sync";
    FIX_UNIONID =
        "correct the unionid in DINGGATE_ADMINS, or leave it out there; where the account itself has changed, run `dinggate admin grant <userid> --rebind`";
    CONFIRM_ADMINISTRATORS =
        "confirm each of them with `dinggate admin grant <userid>` (`--rebind` where the account has changed), or take the userid out of DINGGATE_ADMINS";
    last_event(ago) = "the last event arrived {ago} ago";
    last_event_in(ago, staff) = "the last event arrived {ago} ago, in a company of {staff}";
    sync_outdated(ago) = "the last full sync ran {ago} ago";
    sync_done(ago) = "done {ago} ago";
    sync_stopped(ago, withheld) =
        "the sync of {ago} ago has stopped and waits: {withheld} people would have been marked as left";
    sync_partial(ago, problem) =
        "the sync of {ago} ago could not read everything, and marked nobody as left: {problem}";
    misconfigured(api, code, times) =
        "within the last 24 hours DingTalk has refused {api} with {code}, {times} times";
    dismiss_banner(remediation) = "{remediation} Once it is right, dismiss the banner on the administration pages.";
    leaver_limit(people) =
        "within 24 hours DingTalk has stopped knowing {people} of the staff, so nobody more is marked as left";
    administrators(in_force, notes) = "{in_force} who work here{notes}";
    administrators_unbound(named, notes) = "{named} named, none in force yet{notes}";
    administrators_gone(left, absent, notes) =
        "none who works here: {left} have left, {absent} are not in the staff table{notes}";
    NO_UNTRUSTED_PEER = "no untrusted peer in a private network has sent X-Forwarded-For in the last seven days";
    forwarded_by(header, peer, at) = "{header} from {peer} ({at})";
    untrusted_peer(peers) = "an untrusted peer sends forwarded headers, which are ignored: {peers}";
    TRUST_PEER =
        "if it is your proxy, put its own address into DINGGATE_TRUSTED_PROXIES: until then all its clients count as one and can lock each other out; if it is not, find out what it is";
}

pub fn inbox(waiting: i64, failed: i64, parked: i64, oldest: Option<&str>) -> String {
    let since = oldest.map_or_else(String::new, |age| format!(", one for {age}"));
    format!("{waiting} waiting, {failed} failed, {parked} held{since}")
}

pub fn sync_failed(ago: &str, problem: &str, last_done: Option<&str>) -> String {
    let done = last_done.map_or_else(
        || "none has ever been done".to_owned(),
        |age| format!("the last one done is {age} old"),
    );
    format!("the sync of {ago} ago has failed ({problem}); {done}")
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
