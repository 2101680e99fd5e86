//! The dealings with DingTalk: one token, one budget, for all instances.

use std::time::{Duration, Instant};

use dinggate::store::{Conn, circuit};
use dingtalk_sim::{Fault, company};
use futures_util::future::join_all;
use serde_json::json;
use sqlx::PgPool;

use crate::support::{TestApp, reqwest_client};

const MATCH: &str = "/topapi/user/getbyunionid";
const REDEEM: &str = "/sns/getuserinfo_bycode";

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
    assert!(app.sim.max_in_flight() <= 16, "{}", app.sim.max_in_flight());
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

/// Makes the token worthless that the service has, and lets `gettoken` say this of the next one's lifetime.
async fn next_token_says(app: &TestApp, expires_in: &serde_json::Value) {
    app.sim.clear_faults();
    app.sim.revoke_token();
    let cloud = app.sim.config();
    let (key, secret) = (&cloud.app_key, &cloud.app_secret);
    let url = format!("{}/gettoken?appkey={key}&appsecret={secret}", app.sim.url());
    let answer = reqwest_client().get(url).send().await.unwrap();
    let mut answer: serde_json::Value = answer.json().await.unwrap();
    answer["expires_in"] = expires_in.clone();
    app.sim.fault("/gettoken", Fault::Json(answer));
}

#[sqlx::test]
async fn whatever_gettoken_says_of_a_lifetime_one_token_serves_many_logins(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    for expires_in in [
        json!(0),
        json!(-1),
        json!(4),
        json!(1_000_000_000_000_000_i64),
        json!(i64::MAX),
        json!(u64::MAX),
        json!(1e300),
        json!("soon"),
        json!(null),
    ] {
        next_token_says(&app, &expires_in).await;
        app.sim.reset_calls();
        for _ in 0..3 {
            let answer = app.browser().scan(&person, "/").await;
            assert_eq!(answer.status, 303, "{expires_in}: {}", answer.body);
        }
        assert_eq!(app.sim.calls("/gettoken"), 1, "{expires_in}");
        let kept = "SELECT count(*) FROM access_token WHERE sealed IS NOT NULL
            AND expires_at BETWEEN now() + interval '40 seconds' AND now() + interval '2 hours'
            AND renew_at BETWEEN now() AND expires_at";
        assert_eq!(app.number(kept).await, 1, "{expires_in}");
    }
}

#[sqlx::test]
async fn a_token_that_ends_sooner_than_it_is_kept_is_fetched_again(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    next_token_says(&app, &json!(0)).await;
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
    app.sim.clear_faults();
    app.sim.revoke_token();
    app.sim.reset_calls();
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
    assert_eq!(app.sim.calls("/gettoken"), 1);
}

#[sqlx::test]
async fn a_web_page_costs_a_moment_and_the_next_one_five_minutes(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    // An answer in between shows that the page before it was no ban.
    for _ in 0..2 {
        app.sim.fault_times(MATCH, Fault::Html, 1);
        let begun = Instant::now();
        assert_eq!(app.browser().scan(&person, "/").await.status, 303);
        let took = begun.elapsed();
        assert!(
            (Duration::from_millis(2500)..Duration::from_secs(7)).contains(&took),
            "{took:?}"
        );
    }
    app.sim.fault_times(MATCH, Fault::Html, 2);
    app.sim.reset_calls();
    for _ in 0..2 {
        let answer = app.browser().scan(&person, "/").await;
        assert_eq!(answer.status, 503, "{}", answer.body);
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((280..=300).contains(&wait), "{wait}");
    }
    assert_eq!(app.sim.calls(MATCH), 2, "nobody is called during a ban");
}

#[sqlx::test]
async fn only_a_page_of_a_call_begun_after_the_first_page_is_a_second_one(pool: PgPool) {
    let mut conn = Conn::single(pool.acquire().await.unwrap().detach());
    let short = Duration::from_secs(3);
    let mut page = async |call_age: u64| {
        let call_age = Duration::from_millis(call_age);
        let paused = circuit::pause_after_html(&mut conn, short, call_age);
        paused.await.unwrap()
    };
    let set = async |first: &'static str| {
        let at = format!(
            "UPDATE rate_limit SET next_at = now(), throttled_at = {first} WHERE api = '*'"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(at))
            .execute(&pool)
            .await
            .unwrap();
    };
    assert!(page(100).await <= short);
    assert!(page(5_000).await <= short, "both were in flight together");
    set("now() - interval '4 seconds'").await;
    assert!(page(5_000).await <= short, "a slow call");
    assert!(page(10).await > Duration::from_secs(290));
    set("now() + interval '1 hour'").await;
    assert!(page(10).await <= short, "Postgres's clock was set back");
    set("now() - interval '6 minutes'").await;
    assert!(page(10).await <= short, "long ago");
}

#[sqlx::test]
async fn an_instance_whose_clock_is_off_signs_by_dingtalks(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    for seconds in [600, -600, 880, 0] {
        app.sim.set_clock_skew(seconds);
        app.sim.reset_calls();
        let fresh = app.another_instance().await;
        for instance in [&app, &fresh] {
            for _ in 0..2 {
                let answer = instance.browser().scan(&person, "/").await;
                assert_eq!(answer.status, 303, "{seconds}: {}", answer.body);
            }
        }
        // The first of each instance may be refused; the refusal tells the time.
        let calls = app.sim.calls(REDEEM);
        assert!((4..=6).contains(&calls), "{seconds}: {calls}");
    }
    assert_eq!(app.number("SELECT count(*) FROM alert").await, 0);
}

#[sqlx::test]
async fn a_clock_that_is_absurdly_far_off_is_not_believed(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap().unionid;
    for seconds in [20 * 60, -20 * 60, 400 * 86_400] {
        app.sim.set_clock_skew(seconds);
        app.sim.reset_calls();
        let answer = app.browser().scan(&person, "/").await;
        assert_eq!(
            (answer.status, answer.header("retry-after")),
            (503, ""),
            "{seconds}"
        );
        assert_eq!(app.sim.calls(REDEEM), 1, "{seconds}: not repeated in vain");
    }
    app.sim.set_clock_skew(0);
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
}
