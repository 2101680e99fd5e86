use std::time::Duration;

use dingtalk_sim::SimConfig;
use serde_json::json;

use crate::support::{Caller, encode};

#[actix_web::test]
async fn a_repeated_call_gives_the_same_token() {
    let caller = Caller::new();
    let token = caller.token().await;
    assert_eq!(token.len(), 32);
    assert_eq!(caller.token().await, token);
    let config = caller.sim.config();
    let query = encode(&[
        ("appkey", &config.app_key),
        ("appsecret", &config.app_secret),
    ]);
    let answer = caller.get(&format!("/gettoken?{query}")).await;
    assert_eq!(
        answer,
        json!({"errcode": 0, "errmsg": "ok", "access_token": token, "expires_in": 7200})
    );
}

#[actix_web::test]
async fn missing_and_wrong_keys_are_refused() {
    let caller = Caller::new();
    let config = caller.sim.config();
    for (query, code) in [
        (String::new(), 40035),
        (encode(&[("appkey", &config.app_key)]), 40035),
        (encode(&[("appsecret", &config.app_secret)]), 40035),
        (
            encode(&[("appkey", &config.app_key), ("appsecret", "")]),
            40035,
        ),
        (
            encode(&[("appkey", &config.app_key), ("appsecret", "wrong")]),
            40096,
        ),
        (
            encode(&[("appkey", "dingwrong"), ("appsecret", &config.app_secret)]),
            40096,
        ),
        (
            encode(&[
                ("appkey", &config.app_key),
                ("appsecret", &config.app_secret.to_uppercase()),
            ]),
            40096,
        ),
        (
            encode(&[
                ("appkey", &config.login_app_id),
                ("appsecret", &config.login_app_secret),
            ]),
            40096,
        ),
    ] {
        let answer = caller.get(&format!("/gettoken?{query}")).await;
        assert_eq!(answer["errcode"], code, "{query}: {answer}");
        let words = if code == 40035 {
            "缺少参数 corpid or appkey"
        } else {
            "不合法的appKey或appSecret"
        };
        assert_eq!(answer["errmsg"], words);
    }
}

#[actix_web::test]
async fn keys_in_a_form_are_not_looked_at() {
    let caller = Caller::new();
    let config = caller.sim.config();
    let form = [
        ("appkey", config.app_key.as_str()),
        ("appsecret", config.app_secret.as_str()),
    ];
    let (status, _, body) = caller.submit("/gettoken", &form).await;
    assert_eq!(status, 200);
    assert!(body.contains("40035"), "{body}");
}

#[actix_web::test]
async fn topapi_wraps_what_is_wrong_with_a_token() {
    let caller = Caller::new();
    let ask = json!({"userid": "zhangsan01"});
    for (query, sub_code) in [
        ("", "40000"),
        ("?access_token=", "40000"),
        ("?access_token=x", "40014"),
    ] {
        let answer = caller
            .post(&format!("/topapi/v2/user/get{query}"), &ask)
            .await;
        assert_eq!(answer["errcode"], 88, "{answer}");
        assert_eq!(answer["sub_code"], sub_code, "a text, not a number");
        let message = answer["sub_msg"].as_str().unwrap();
        assert_eq!(
            answer["errmsg"],
            format!("ding talk error[subcode={sub_code},submsg={message}]")
        );
        assert!(answer["request_id"].is_string());
    }
}

#[actix_web::test]
async fn older_paths_give_the_plain_code() {
    let caller = Caller::new();
    assert_eq!(
        caller.get("/auth/scopes?access_token=x").await["errcode"],
        40014
    );
    assert_eq!(caller.get("/auth/scopes").await["errcode"], 41001);
}

#[actix_web::test]
async fn a_revoked_token_is_unknown_and_the_next_is_another() {
    let caller = Caller::new();
    let token = caller.token().await;
    let path = format!("/topapi/v2/user/get?access_token={token}");
    let ask = json!({"userid": "zhangsan01"});
    assert_eq!(caller.post(&path, &ask).await["errcode"], 0);
    caller.sim.revoke_token();
    assert_eq!(caller.post(&path, &ask).await["sub_code"], "40014");
    assert_ne!(caller.token().await, token);
}

#[actix_web::test]
async fn a_token_ends_with_its_life() {
    let token_life = Duration::from_millis(200);
    let caller = Caller::with(SimConfig {
        token_life,
        ..SimConfig::default()
    });
    let token = caller.token().await;
    actix_web::rt::time::sleep(Duration::from_millis(250)).await;
    let path = format!("/topapi/v2/user/get?access_token={token}");
    let answer = caller.post(&path, &json!({"userid": "zhangsan01"})).await;
    assert_eq!(answer["sub_code"], "42001");
    assert_ne!(caller.token().await, token);
}

#[actix_web::test]
async fn a_form_may_bear_the_token_and_the_parameters() {
    let caller = Caller::new();
    let token = caller.token().await;
    let form = [("access_token", token.as_str()), ("userid", "zhangsan01")];
    let (_, _, body) = caller.submit("/topapi/v2/user/get", &form).await;
    assert!(body.contains(r#""name":"张三""#), "{body}");
    let answer = caller
        .post(
            "/topapi/v2/user/get",
            &json!({"access_token": token, "userid": "zhangsan01"}),
        )
        .await;
    assert_eq!(answer["sub_code"], "40000", "not read from a JSON body");
}

#[actix_web::test]
async fn unknown_paths_are_refused_as_documented() {
    let caller = Caller::new();
    let answer = caller.post("/topapi/user/nothing", &json!({})).await;
    assert_eq!(answer["errcode"], 22);
    assert_eq!(
        answer["errmsg"],
        "Invalid method[dingtalk.oapi.user.nothing]"
    );
    let answer = caller.get("/user/nothing").await;
    assert_eq!(answer["errcode"], 404);
    assert_eq!(answer["errmsg"], "请求的URI地址不存在");
    let (status, _, body) = caller.page("/v1.0/contact/nothing").await;
    assert_eq!(status, 404);
    assert!(body.contains("InvalidAction.NotFound"), "{body}");
}

#[actix_web::test]
async fn the_wrong_method_is_refused() {
    let caller = Caller::new();
    let token = caller.token().await;
    let answer = caller
        .get(&format!("/topapi/v2/user/get?access_token={token}"))
        .await;
    assert_eq!(answer["errcode"], 43002);
    let answer = caller
        .post(&format!("/auth/scopes?access_token={token}"), &json!({}))
        .await;
    assert_eq!(answer["errcode"], 43001);
}
