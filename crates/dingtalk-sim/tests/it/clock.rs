use chrono::DateTime;
use dingtalk_sim::{Fault, SimConfig, company};
use serde_json::json;

use crate::support::{Caller, now};

/// Seconds by which an answer's `Date` is ahead of this machine.
async fn ahead(caller: &Caller, path: &str) -> i64 {
    let url = format!("{}{path}", caller.sim.url());
    let answer = caller.http.get(url).send().await.unwrap();
    let dates: Vec<_> = answer.headers().get_all("Date").iter().collect();
    assert_eq!(dates.len(), 1);
    let date = DateTime::parse_from_rfc2822(dates[0].to_str().unwrap()).unwrap();
    date.timestamp() - now() / 1000
}

#[actix_web::test]
async fn every_answer_bears_the_time_even_a_refused_one() {
    let caller = Caller::new();
    caller.sim.fault("/auth/scopes", Fault::Html);
    for path in ["/gettoken", "/auth/scopes", "/nowhere", "/"] {
        assert!(ahead(&caller, path).await.abs() <= 1, "{path}");
    }
}

#[actix_web::test]
async fn a_clock_that_is_off_shows_in_dates_signatures_and_events() {
    let caller = Caller::with(SimConfig {
        clock_skew: -300,
        ..SimConfig::default()
    });
    assert!((ahead(&caller, "/gettoken").await + 300).abs() <= 1);
    let code = caller.sim.sns_code(company::STRANGER_UNIONID);
    assert_eq!(caller.redeem(&code).await["errcode"], 853_002);
    caller.sim.set_clock_skew(30);
    assert_eq!(caller.redeem(&code).await["errcode"], 0);
    let skew = json!({"seconds": 7200});
    caller.post("/sim/api/clock-skew", &skew).await;
    assert!((ahead(&caller, "/gettoken").await - 7200).abs() <= 1);
    caller.sim.dismiss(company::EMPLOYEE).unwrap();
    let told = &caller.sim.events()[0];
    let time: i64 = told.event["TimeStamp"].as_str().unwrap().parse().unwrap();
    assert!((time - now() - 7_200_000).abs() < 2000);
}
