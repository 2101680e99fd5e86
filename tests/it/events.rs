//! DingTalk's events, from the push to the staff table.

mod batches;
mod cable;
mod coming_and_going;
mod faults;
mod instances;
mod leaving;
mod order;
mod pushes;
mod repeats;
mod stored;
mod unionids;

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};

use super::support::{TestApp, eventually};

/// Within this an event is applied when DingTalk answers: two seconds, and as many again for a machine
/// that runs the other tests at the same time.
const APPLIED: Duration = Duration::from_secs(4);
/// For what is not about speed.
pub(super) const SOON: Duration = Duration::from_secs(10);

const USER_GET: &str = "/topapi/v2/user/get";

/// An event about people, later by DingTalk's clock than all before it.
pub(super) fn about(event_type: &str, userids: &[&str]) -> Value {
    static CLOCK: AtomicI64 = AtomicI64::new(1_700_000_000_000);
    let time = CLOCK.fetch_add(1000, Ordering::Relaxed);
    json!({"CorpId": "ding0123456789abcdef0123456789abcdef", "EventType": event_type, "UserId": userids, "TimeStamp": time.to_string()})
}

/// Delivers an event as DingTalk does: again, and after a wait, where the answer says so. A machine that
/// runs many tests at once does not always store within the time that a push may take.
pub(super) async fn tell(app: &TestApp, event: &Value) {
    let mut answer = app.push(&app.sim.encrypt_event(event)).await;
    for _ in 0..5 {
        if answer.status != 503 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(300)).await;
        answer = app.push(&app.sim.encrypt_event(event)).await;
    }
    assert_eq!(answer.status, 200, "{}", answer.body);
    app.sim.check_reply(&answer.body).unwrap();
}

/// Has the table learn of somebody whom the cloud already has.
pub async fn employ(app: &TestApp, userid: &str) {
    tell(app, &about("user_add_org", &[userid])).await;
    app.wait_for_status(userid, Some("employed"), SOON).await;
}

/// Waits until no event waits any more.
async fn all_worked(app: &TestApp) {
    eventually("no event waits", SOON, async || {
        app.number("SELECT count(*) FROM event WHERE state = 'waiting'")
            .await
            == 0
    })
    .await;
}

/// Makes the look due that comes next, as if the time had passed.
async fn let_time_pass_until_the_next_look(app: &TestApp) {
    app.execute("UPDATE subject_recheck SET due_at = now() WHERE id = (SELECT id FROM subject_recheck ORDER BY due_at LIMIT 1)").await;
}

/// How many looks are scheduled, of all people.
async fn looks(app: &TestApp) -> i64 {
    app.number("SELECT count(*) FROM subject_recheck, unnest(times)")
        .await
}
