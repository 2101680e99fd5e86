//! The dealings with DingTalk: one token, one budget, for all instances.

use std::time::Duration;

use dingtalk_sim::{Fault, company};
use futures_util::future::join_all;
use sqlx::PgPool;

use crate::support::TestApp;

const MATCH: &str = "/topapi/user/getbyunionid";

async fn log_in_as(app: &TestApp, count: usize) -> usize {
    let people: Vec<_> = app.sim.people().into_iter().take(35).collect();
    let logins = (0..count).map(|n| {
        let unionid = people[n % people.len()].unionid.clone();
        async move { app.browser().scan(&unionid, "/").await.status == 303 }
    });
    join_all(logins)
        .await
        .into_iter()
        .filter(|is_in| *is_in)
        .count()
}

#[sqlx::test]
async fn a_hundred_logins_on_two_instances_cost_one_token_and_keep_the_pace(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let second = app.another_instance().await;
    for person in app.sim.people() {
        let fields = format!(
            "('{}', '{}', '{}')",
            person.userid, person.unionid, person.name
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(format!(
            "INSERT INTO staff (userid, unionid, name) VALUES {fields}"
        )))
        .execute(&pool)
        .await
        .unwrap();
    }
    let mut done = 0;
    for _ in 0..4 {
        let (here, there) = tokio::join!(log_in_as(&app, 13), log_in_as(&second, 12));
        done += here + there;
    }
    assert_eq!(done, 100);
    assert_eq!(app.sim.calls("/gettoken"), 1);
    for path in [MATCH, "/sns/getuserinfo_bycode"] {
        assert!(
            app.sim.max_calls_in_any_second(path) <= 20,
            "{path}: {}",
            app.sim.max_calls_in_any_second(path)
        );
    }
    assert!(app.sim.max_in_flight() <= 3, "{}", app.sim.max_in_flight());
}

#[sqlx::test]
async fn a_rejected_token_is_dropped_fetched_once_and_tried_once_more(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
    app.sim.reset_calls();
    app.sim.revoke_token();
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
    assert_eq!((app.sim.calls("/gettoken"), app.sim.calls(MATCH)), (1, 2));
    app.sim.reset_calls();
    app.sim.fault(MATCH, Fault::sub_code("40014"));
    let answer = app.browser().scan(&person, "/").await;
    assert_eq!(
        (answer.status, answer.header("retry-after")),
        (503, ""),
        "{}",
        answer.body
    );
    assert_eq!(
        (app.sim.calls("/gettoken"), app.sim.calls(MATCH)),
        (1, 2),
        "no endless loop"
    );
}

#[sqlx::test]
async fn the_other_instance_uses_the_token_that_one_has_fetched(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let second = app.another_instance().await;
    let person = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    assert_eq!(second.browser().scan(&person, "/").await.status, 303);
    app.sim.revoke_token();
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
    assert_eq!(second.browser().scan(&person, "/").await.status, 303);
    assert_eq!(app.sim.calls("/gettoken"), 2);
}

#[sqlx::test]
async fn a_token_is_renewed_ahead_of_its_end_while_it_is_still_used(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    app.execute("UPDATE access_token SET renew_at = now() - interval '1 second'")
        .await;
    let second = app.another_instance().await;
    app.sim
        .fault("/gettoken", Fault::Delay(Duration::from_secs(2)));
    let begun = std::time::Instant::now();
    assert_eq!(second.browser().scan(&person, "/").await.status, 303);
    assert!(
        begun.elapsed() < Duration::from_millis(1500),
        "nobody waits for a renewal: {:?}",
        begun.elapsed()
    );
    crate::support::eventually("the token is renewed", Duration::from_secs(5), async || {
        app.sim.calls("/gettoken") == 2
    })
    .await;
}

#[sqlx::test]
async fn the_token_is_kept_sealed(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    assert_eq!(
        app.number("SELECT count(*) FROM access_token WHERE sealed IS NOT NULL")
            .await,
        1
    );
    let text = app
        .number("SELECT count(*) FROM access_token WHERE encode(sealed, 'escape') ~ '[0-9a-f]{32}'")
        .await;
    assert_eq!(text, 0, "no token in clear");
}

#[sqlx::test]
async fn throttling_is_waited_for_and_then_all_is_well(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    app.sim.fault_times(MATCH, Fault::sub_code("90018"), 1);
    let begun = std::time::Instant::now();
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
    assert!(
        begun.elapsed() >= Duration::from_secs(1),
        "DingTalk wants a second's rest: {:?}",
        begun.elapsed()
    );
}

#[sqlx::test]
async fn logins_come_before_a_running_sync(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |_| {}).await;
    app.wait_for_first_sync().await;
    let person = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    app.sim.fault(
        "/topapi/v2/user/list",
        Fault::Delay(Duration::from_millis(700)),
    );
    app.execute("DELETE FROM staff WHERE userid <> 'zhangsan01'")
        .await;
    let begun = std::time::Instant::now();
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
    assert!(
        begun.elapsed() < Duration::from_secs(2),
        "{:?}",
        begun.elapsed()
    );
}
