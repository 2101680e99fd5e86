//! Callbacks that arrive at the same time share commits.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use dinggate::store::Conn;
use dinggate::store::event::{InitialState, NewEvent, insert_all};
use dinggate::upstream::event::of_callback;
use dingtalk_sim::{SignedCallback, company};
use futures_util::future::join_all;
use serde_json::{Value, json};
use sqlx::{PgPool, Postgres, Transaction};

use super::{SOON, about, employ, tell};
use crate::support::{Answer, TestApp, eventually, number};

/// Each commit in progress holds this many back from starting another.
const COMMITS_AT_ONCE: usize = 2;

async fn app(pool: &PgPool) -> TestApp {
    TestApp::spawn_empty(pool, |_| {}).await
}

/// An event that is only recorded.
fn recorded(id: &str) -> Value {
    json!({"EventType": "org_admin_add", "eventId": id, "UserId": ["manager"], "TimeStamp": "1700000000000"})
}

fn leaving(id: &str, userid: &str) -> Value {
    json!({"EventType": "user_leave_org", "eventId": id, "UserId": [userid], "TimeStamp": "1700000000000"})
}

/// No event is stored until the transaction ends.
async fn hold_commits(pool: &PgPool) -> Transaction<'static, Postgres> {
    let mut hold = pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE event IN SHARE MODE")
        .execute(&mut *hold)
        .await
        .unwrap();
    hold
}

async fn push_all(app: &TestApp, callbacks: &[SignedCallback]) -> Vec<Answer> {
    join_all(callbacks.iter().map(|callback| app.push(callback))).await
}

/// Sends events at the same time, while as many commits of other events as there may be wait for a lock.
async fn push_together(app: &TestApp, kind: fn(&str) -> Value, events: &[Value]) -> Vec<Answer> {
    let callback = |event: &Value| app.sim.encrypt_event(event);
    let callbacks: Vec<_> = events.iter().map(callback).collect();
    let first: Vec<_> = (0..COMMITS_AT_ONCE)
        .map(|n| callback(&kind(&format!("before-{n}"))))
        .collect();
    let hold = hold_commits(&app.pool).await;
    let (_, answers) = tokio::join!(push_all(app, &first), async {
        let blocked = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE 'INSERT INTO event%'";
        eventually("the commits in progress wait", SOON, async || {
            app.number(blocked).await >= 2
        })
        .await;
        tokio::join!(push_all(app, &callbacks), async {
            tokio::time::sleep(Duration::from_millis(120)).await;
            hold.rollback().await.unwrap();
        })
        .0
    });
    answers
}

fn statuses(answers: &[Answer]) -> Vec<u16> {
    answers.iter().map(|answer| answer.status).collect()
}

#[sqlx::test]
async fn events_that_arrive_at_the_same_time_share_a_commit(pool: PgPool) {
    let app = app(&pool).await;
    let events: Vec<Value> = (0..40)
        .map(|n| recorded(&format!("together-{n}")))
        .collect();
    let answers = push_together(&app, recorded, &events).await;
    for answer in &answers {
        assert_eq!(answer.status, 200, "{}", answer.body);
        app.sim.check_reply(&answer.body).unwrap();
    }
    let stored = "FROM event WHERE dedupe_key LIKE 'id:together-%'";
    assert_eq!(app.number(&format!("SELECT count(*) {stored}")).await, 40);
    let commits = app
        .number(&format!("SELECT count(DISTINCT xmin::text) {stored}"))
        .await;
    assert!(commits <= 8, "40 events in {commits} commits");
}

#[sqlx::test]
async fn repeats_that_arrive_at_the_same_time_are_stored_once_and_all_acknowledged(pool: PgPool) {
    let app = app(&pool).await;
    let change = about("user_modify_org", &["somebody"]);
    let mut with_id = change.clone();
    with_id["eventId"] = json!("an-id-of-its-own");
    let mut events = vec![recorded("twice"); 5];
    events.extend([change.clone(), with_id, change]);
    let answers = push_together(&app, recorded, &events).await;
    assert_eq!(statuses(&answers), [200; 8]);
    let stored = |what: &str| format!("SELECT count(*) FROM event WHERE {what}");
    assert_eq!(app.number(&stored("dedupe_key = 'id:twice'")).await, 1);
    let changes = stored("event_type = 'user_modify_org'");
    assert_eq!(app.number(&changes).await, 1);
    // And again, as repeats of what is stored.
    let answers = push_together(&app, |id| recorded(&format!("again-{id}")), &events).await;
    assert_eq!(statuses(&answers), [200; 8]);
    assert_eq!(app.number(&changes).await, 1);
}

#[sqlx::test]
async fn an_event_at_fault_does_not_fail_the_others(pool: PgPool) {
    let app = app(&pool).await;
    app.execute("ALTER TABLE event ADD CONSTRAINT is_good CHECK (event_type <> 'bad')")
        .await;
    let mut events: Vec<Value> = (0..9).map(|n| recorded(&format!("good-{n}"))).collect();
    events.insert(4, json!({"EventType": "bad", "eventId": "bad"}));
    let answers = push_together(&app, recorded, &events).await;
    let mut expected = [200; 10];
    expected[4] = 503;
    assert_eq!(statuses(&answers), expected);
    let good = "SELECT count(*) FROM event WHERE dedupe_key LIKE 'id:good-%'";
    assert_eq!(app.number(good).await, 9);
}

#[sqlx::test]
async fn a_leave_event_that_waits_for_a_row_does_not_fail_the_others(pool: PgPool) {
    let app = app(&pool).await;
    let people = [company::EMPLOYEE, company::LEADING_ZERO, company::ADMIN];
    for userid in people {
        employ(&app, userid).await;
    }
    let mut other = app.pool.begin().await.unwrap();
    let lock = "SELECT FROM staff WHERE userid = (SELECT userid FROM staff WHERE status = 'employed' ORDER BY userid LIMIT 1) FOR UPDATE";
    sqlx::raw_sql(lock).execute(&mut *other).await.unwrap();
    let mut sorted = people;
    sorted.sort_unstable();
    let events = sorted.map(|userid| leaving(&format!("leave-{userid}"), userid));
    let answers = push_together(&app, |id| leaving(id, "nobody"), &events).await;
    assert_eq!(statuses(&answers), [503, 200, 200]);
    other.rollback().await.unwrap();
    for (userid, status) in sorted.into_iter().zip(["employed", "left", "left"]) {
        assert_eq!(app.status_of(userid).await.as_deref(), Some(status));
    }
    let stored = "SELECT count(*) FROM event WHERE dedupe_key LIKE 'id:leave-%'";
    assert_eq!(app.number(stored).await, 2, "what failed is not stored");
    tell(&app, &events[0]).await;
    assert_eq!(app.status_of(sorted[0]).await.as_deref(), Some("left"));
}

#[sqlx::test]
async fn leave_events_that_wait_for_rows_hold_up_no_later_one(pool: PgPool) {
    let app = app(&pool).await;
    let mut people = [company::EMPLOYEE, company::LEADING_ZERO, company::ADMIN];
    people.sort_unstable();
    for userid in people {
        employ(&app, userid).await;
    }
    let mut other = app.pool.begin().await.unwrap();
    let lock = "SELECT FROM staff WHERE userid IN (SELECT userid FROM staff WHERE status = 'employed' ORDER BY userid LIMIT 2) FOR UPDATE";
    sqlx::raw_sql(lock).execute(&mut *other).await.unwrap();
    let push = async |userid: &str, after: Duration| {
        tokio::time::sleep(after).await;
        let event = leaving(&format!("leave-{userid}"), userid);
        let answer = app.push(&app.sim.encrypt_event(&event)).await;
        (answer.status, Instant::now())
    };
    // Each of the first two comes alone, so that both commits in progress wait.
    let [first, second, third] = [0, 30, 60].map(Duration::from_millis);
    let (first, second, third) = tokio::join!(
        push(people[0], first),
        push(people[1], second),
        push(people[2], third)
    );
    assert_eq!((first.0, second.0, third.0), (503, 503, 200));
    assert!(
        third.1 < first.1.min(second.1),
        "it has not waited for them"
    );
    other.rollback().await.unwrap();
}

#[sqlx::test]
async fn leave_events_of_one_batch_end_sessions_in_the_transaction_that_stores_them(pool: PgPool) {
    let app = app(&pool).await;
    let people = [company::EMPLOYEE, company::LEADING_ZERO, company::ADMIN];
    let mut browsers = Vec::new();
    for userid in people {
        employ(&app, userid).await;
        browsers.push(app.signed_in(userid).await);
    }
    let has_ended = Arc::new(AtomicBool::new(false));
    let observer = tokio::spawn({
        let (pool, has_ended) = (app.pool.clone(), Arc::clone(&has_ended));
        async move {
            let torn = "SELECT count(*) FROM event JOIN web_session s ON s.userid = ANY (userids) WHERE event_type = 'user_leave_org'";
            while !has_ended.load(Ordering::Relaxed) {
                assert_eq!(number(&pool, torn).await, 0);
            }
        }
    });
    let events = people.map(|userid| leaving(&format!("leave-{userid}"), userid));
    let answers = push_together(&app, |id| leaving(id, "nobody"), &events).await;
    has_ended.store(true, Ordering::Relaxed);
    observer.await.unwrap();
    assert_eq!(statuses(&answers), [200; 3]);
    for browser in &mut browsers {
        assert!(!browser.is_in().await);
    }
    let together = "SELECT count(*) FROM event e JOIN staff s ON s.userid = ANY (e.userids)
         WHERE e.event_type = 'user_leave_org' AND s.status = 'left' AND s.xmin::text = e.xmin::text";
    assert_eq!(app.number(together).await, 3);
}

#[sqlx::test]
async fn repeats_of_parked_events_take_effect_before_they_are_acknowledged(pool: PgPool) {
    let app = app(&pool).await;
    let people = [company::EMPLOYEE, company::LEADING_ZERO];
    for userid in people {
        employ(&app, userid).await;
    }
    let events = people.map(|userid| leaving(&format!("parked-{userid}"), userid));
    let park = "INSERT INTO event (dedupe_key, source, event_type, event_time, userids, body, state)
         SELECT 'id:parked-' || userid, 'failed_list', 'user_leave_org', to_timestamp(1700000000), ARRAY[userid], '{}', 'failed'
         FROM staff WHERE status = 'employed'";
    app.execute(park).await;
    let answers = push_together(&app, |id| leaving(id, "nobody"), &events).await;
    assert_eq!(statuses(&answers), [200; 2]);
    for userid in people {
        assert_eq!(app.status_of(userid).await.as_deref(), Some("left"));
    }
    let applied =
        "SELECT count(*) FROM event WHERE dedupe_key LIKE 'id:parked-%' AND state = 'applied'";
    assert_eq!(app.number(applied).await, 2);
}

#[sqlx::test]
async fn all_that_wait_are_refused_within_a_second_while_nothing_can_be_stored(pool: PgPool) {
    let app = app(&pool).await;
    let callbacks: Vec<_> = (0..40)
        .map(|n| app.sim.encrypt_event(&recorded(&format!("refused-{n}"))))
        .collect();
    let hold = hold_commits(&app.pool).await;
    let answers = join_all(callbacks.iter().map(async |callback| {
        let begun = Instant::now();
        (app.push(callback).await.status, begun.elapsed())
    }))
    .await;
    for (status, took) in answers {
        assert_eq!(status, 503);
        assert!(took < Duration::from_secs(1), "{took:?}");
    }
    hold.rollback().await.unwrap();
    // Nothing of it hangs on: the next event is stored.
    tell(&app, &recorded("after")).await;
    let answers = push_all(&app, &callbacks).await;
    assert_eq!(statuses(&answers), [200; 40]);
    assert_eq!(app.number("SELECT count(*) FROM event").await, 41);
}

#[sqlx::test]
async fn the_webhook_messages_of_a_batch_are_in_order_of_arrival(pool: PgPool) {
    let subscribe = "UPDATE webhook_subscription SET event_types = '{org_admin_add}'";
    sqlx::raw_sql(subscribe).execute(&pool).await.unwrap();
    // By their keys they would come in another order.
    let events = ["c", "a", "b"].map(|id| NewEvent {
        event: of_callback(&recorded(id)),
        arrival: InitialState::Applied,
    });
    let mut conn = Conn::single(pool.acquire().await.unwrap().detach());
    let all: Vec<&NewEvent> = events.iter().collect();
    assert_eq!(insert_all(&mut conn, &all).await.unwrap().len(), 3);
    for (place, id) in ["c", "a", "b"].into_iter().enumerate() {
        let before = format!(
            "SELECT count(*) FROM webhook_delivery WHERE id < (SELECT d.id FROM webhook_delivery d
             JOIN event e ON e.id = d.event_id WHERE e.dedupe_key = 'id:{id}')"
        );
        assert_eq!(number(&pool, &before).await, i64::try_from(place).unwrap());
    }
}
