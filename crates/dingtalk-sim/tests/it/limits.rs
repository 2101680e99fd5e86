use std::time::{Duration, Instant};

use dingtalk_sim::{Fault, SimConfig};
use futures_util::future::join_all;
use serde_json::json;

use crate::support::Caller;

#[actix_web::test]
async fn the_21st_call_within_a_second_is_refused() {
    let caller = Caller::with(SimConfig::default());
    let token = caller.token().await;
    let path = format!("/topapi/v2/user/get?access_token={token}");
    let ask = json!({"userid": "zhangsan01"});
    let start = Instant::now();
    let answers = join_all((0..25).map(|_| caller.post(&path, &ask))).await;
    assert!(start.elapsed() < Duration::from_secs(1), "too slow to tell");
    let (good, bad): (Vec<_>, Vec<_>) = answers.iter().partition(|a| a["errcode"] == 0);
    assert_eq!((good.len(), bad.len()), (20, 5));
    for answer in bad {
        assert_eq!(answer["errcode"], 88);
        assert_eq!(answer["sub_code"], "90018");
        let text = answer["sub_msg"].as_str().unwrap();
        assert!(
            text.contains("当前并发请求数为21，超过最大限制20"),
            "{text}"
        );
        let end = text.rsplit("处罚结束时间：").next().unwrap();
        let end = chrono::NaiveDateTime::parse_from_str(end, "%Y-%m-%d %H:%M:%S").unwrap();
        let end = end.and_utc().timestamp_millis() - 8 * 3_600_000;
        let wait = end - crate::support::now();
        assert!((0..=2000).contains(&wait), "{text}: in {wait} ms");
    }
    let other = caller
        .post(
            &format!("/topapi/user/count?access_token={token}"),
            &json!({"only_active": true}),
        )
        .await;
    assert_eq!(other["errcode"], 0, "each interface has its own limit");
    actix_web::rt::time::sleep(Duration::from_millis(1050)).await;
    assert_eq!(caller.post(&path, &ask).await["errcode"], 0);
    assert_eq!(caller.sim.calls("/topapi/v2/user/get"), 26);
    assert_eq!(
        caller.sim.max_calls_in_any_second("/topapi/v2/user/get"),
        25
    );
    caller.sim.reset_calls();
    assert_eq!(caller.sim.calls("/topapi/v2/user/get"), 0);
}

#[actix_web::test]
async fn an_app_that_asks_for_tokens_all_the_time_is_throttled() {
    let caller = Caller::with(SimConfig::default());
    let answers = join_all((0..21).map(|_| caller.get("/gettoken?appkey=a&appsecret=b"))).await;
    assert_eq!(
        answers.iter().filter(|a| a["sub_code"] == "90018").count(),
        1
    );
}

#[actix_web::test]
async fn calls_at_once_are_counted() {
    let caller = Caller::with(SimConfig::default());
    let delay = Duration::from_millis(100);
    caller.sim.fault("/auth/scopes", Fault::Delay(delay));
    join_all((0..4).map(|_| caller.get("/auth/scopes"))).await;
    assert_eq!(caller.sim.max_in_flight(), 4);
    caller.sim.clear_faults();
    caller.sim.reset_calls();
    caller.get("/auth/scopes").await;
    assert_eq!(caller.sim.max_in_flight(), 1);
}
