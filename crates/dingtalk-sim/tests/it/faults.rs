use std::time::{Duration, Instant};

use dingtalk_sim::{Fault, company};
use serde_json::{Value, json};

use crate::support::Caller;

const GET: &str = "/topapi/v2/user/get";

async fn text(caller: &Caller, path: &str) -> (u16, String) {
    let (status, _, body) = caller.page(path).await;
    (status, body)
}

#[actix_web::test]
async fn codes_come_as_armed_and_as_often() {
    let caller = Caller::new();
    caller.sim.fault_times(GET, Fault::ErrCode(-1), 1);
    assert_eq!(
        caller
            .refused("v2/user/get", json!({"userid": "zhangsan01"}))
            .await,
        -1
    );
    assert_eq!(
        caller
            .result("v2/user/get", json!({"userid": "zhangsan01"}))
            .await["name"],
        "张三"
    );
    caller.sim.fault(GET, Fault::sub_code("60011"));
    for _ in 0..2 {
        let answer = caller
            .topapi("v2/user/get", json!({"userid": "zhangsan01"}))
            .await;
        assert_eq!(
            (&answer["errcode"], &answer["sub_code"]),
            (&json!(88), &json!("60011"))
        );
    }
    caller.sim.clear_faults();
    assert_eq!(
        caller
            .result("v2/user/get", json!({"userid": "zhangsan01"}))
            .await["name"],
        "张三"
    );
}

#[actix_web::test]
async fn answers_that_are_no_json_come_as_armed() {
    let caller = Caller::new();
    caller.sim.fault("/auth/scopes", Fault::Html);
    let (status, body) = text(&caller, "/auth/scopes").await;
    assert_eq!(status, 200);
    assert!(body.starts_with("<!DOCTYPE html>"), "{body}");
    caller.sim.fault("/auth/scopes", Fault::Http(502));
    assert_eq!(text(&caller, "/auth/scopes").await.0, 502);
    caller.sim.fault("/auth/scopes", Fault::TruncatedJson);
    let (status, body) = text(&caller, "/auth/scopes").await;
    assert_eq!(status, 200);
    assert!(serde_json::from_str::<Value>(&body).unwrap_err().is_eof());
}

#[actix_web::test]
async fn a_ban_says_so_in_json_without_an_errcode() {
    let caller = Caller::new();
    caller.sim.fault("*", Fault::Banned1111);
    let answer = caller.get("/gettoken").await;
    assert_eq!(
        (&answer["status"], &answer["punish"]),
        (&json!(1111), &json!("deny"))
    );
    assert!(answer.get("errcode").is_none());
}

#[actix_web::test]
async fn empty_answers_keep_their_shape() {
    let caller = Caller::new();
    caller
        .sim
        .fault("/topapi/v2/department/listsub", Fault::EmptyList);
    caller.sim.fault("/topapi/v2/user/list", Fault::EmptyList);
    caller.sim.fault(GET, Fault::EmptyResult);
    assert_eq!(
        caller.result("v2/department/listsub", json!({})).await,
        json!([])
    );
    assert_eq!(
        caller.result("v2/user/list", json!({})).await,
        json!({"has_more": false, "list": []})
    );
    let answer = caller.topapi("v2/user/get", json!({})).await;
    assert_eq!(
        (&answer["errcode"], answer.get("result")),
        (&json!(0), None)
    );
    caller.sim.fault(GET, Fault::Json(json!({"own": 1})));
    assert_eq!(
        caller.topapi("v2/user/get", json!({})).await,
        json!({"own": 1})
    );
}

#[actix_web::test]
async fn a_list_is_left_out_only_where_it_is_empty() {
    let caller = Caller::new();
    let empty = caller.sim.create_department("空部门", 1).unwrap().dept_id;
    caller
        .sim
        .fault("/topapi/v2/user/list", Fault::OmitEmptyList);
    let page = |dept_id: i64| json!({"dept_id": dept_id, "cursor": 0, "size": 100});
    assert_eq!(
        caller.result("v2/user/list", page(empty)).await,
        json!({"has_more": false})
    );
    let root = caller.result("v2/user/list", page(1)).await;
    assert!(!root["list"].as_array().unwrap().is_empty());
}

#[actix_web::test]
async fn a_closed_connection_and_silence_are_errors_of_the_exchange() {
    let caller = Caller::new();
    let url = format!("{}/auth/scopes", caller.sim.url());
    caller.sim.fault("/auth/scopes", Fault::CloseConnection);
    let broken = async {
        let answer = caller.http.get(&url).send().await?;
        answer.bytes().await
    };
    let error = broken.await.unwrap_err();
    assert!(!error.is_timeout(), "{error:?}");
    caller.sim.fault("/auth/scopes", Fault::Hang);
    let waiting = caller
        .http
        .get(&url)
        .timeout(Duration::from_millis(200))
        .send()
        .await;
    assert!(waiting.unwrap_err().is_timeout());
}

#[actix_web::test]
async fn a_delayed_answer_is_the_proper_one() {
    let caller = Caller::new();
    caller
        .sim
        .fault_times("/gettoken", Fault::Delay(Duration::from_millis(150)), 1);
    let start = Instant::now();
    caller.token().await;
    assert!(start.elapsed() >= Duration::from_millis(150));
}

#[actix_web::test]
async fn a_call_whose_answer_is_lost_has_used_the_code() {
    let caller = Caller::new();
    let code = caller.sim.sns_code(company::STRANGER_UNIONID);
    caller
        .sim
        .fault_times("/sns/getuserinfo_bycode", Fault::LoseAnswer, 1);
    let path = caller.sns_path(&crate::support::now().to_string());
    let url = format!("{}{path}", caller.sim.url());
    let call = caller.http.post(url).json(&json!({"tmp_auth_code": code}));
    assert!(
        call.timeout(Duration::from_millis(200))
            .send()
            .await
            .unwrap_err()
            .is_timeout()
    );
    assert_eq!(caller.redeem(&code).await["errcode"], 40078);
}

#[actix_web::test]
async fn a_stopped_stand_in_refuses_connections_and_its_port_is_free() {
    let caller = Caller::new();
    let (url, port) = (caller.sim.url(), caller.sim.port());
    caller.sim.stop();
    assert!(caller.http.get(&url).send().await.unwrap_err().is_connect());
    let again = dingtalk_sim::Sim::start(dingtalk_sim::SimConfig {
        listen: ([127, 0, 0, 1], port).into(),
        ..dingtalk_sim::SimConfig::default()
    })
    .unwrap();
    assert_eq!(again.url(), url);
    assert_eq!(caller.http.get(&url).send().await.unwrap().status(), 200);
    drop(again);
    let end = Instant::now() + Duration::from_secs(5);
    while caller.http.get(&url).send().await.is_ok() {
        assert!(
            Instant::now() < end,
            "dropping the last handle stops it too"
        );
        actix_web::rt::time::sleep(Duration::from_millis(20)).await;
    }
}
