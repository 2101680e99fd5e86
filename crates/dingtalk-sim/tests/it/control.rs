use dingtalk_sim::{Fault, company};
use serde_json::{Value, json};

use crate::support::{Caller, Receiver};

/// A control that must be refused; the reason.
async fn refused(caller: &Caller, path: &str, body: Value) -> String {
    let url = format!("{}{path}", caller.sim.url());
    let answer = caller.http.post(url).json(&body).send().await.unwrap();
    assert_eq!(answer.status(), 400, "{path}");
    answer.json::<Value>().await.unwrap()["error"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[actix_web::test]
async fn people_are_hired_changed_dismissed_and_hired_again() {
    let caller = Caller::new();
    let receiver = Receiver::start(caller.sim.config(), &[]);
    caller
        .post("/sim/api/callback-url", &json!({"url": receiver.url}))
        .await;
    let new = json!({"name": "李雷", "userid": "lilei01", "departments": [410_020_006]});
    let person = caller.post("/sim/api/people", &new).await;
    assert_eq!(person["memberships"][0]["dept_id"], 410_020_006);
    let title = json!({"title": "会计", "drop_event": true});
    assert_eq!(
        caller.post("/sim/api/people/lilei01/change", &title).await["title"],
        "会计"
    );
    caller
        .post("/sim/api/people/lilei01/dismiss", &json!({}))
        .await;
    let again = json!({"new_userid": "lilei02", "drop_event": true});
    let again = caller.post("/sim/api/people/lilei01/rehire", &again).await;
    assert_eq!(again["unionid"], person["unionid"]);
    assert!(caller.sim.settled(std::time::Duration::from_secs(5)).await);
    let mut types = receiver.types();
    types.sort();
    assert_eq!(types, ["user_add_org", "user_leave_org", "user_modify_org"]);
    let people = caller.get("/sim/api/people").await;
    assert_eq!(
        people["employed"].as_array().unwrap().len(),
        caller.sim.people().len()
    );
    assert_eq!(people["outsiders"].as_array().unwrap().len(), 2);
}

#[actix_web::test]
async fn departments_are_made_changed_and_removed() {
    let caller = Caller::new();
    let made = caller
        .post(
            "/sim/api/departments",
            &json!({"name": "税务组", "parent_id": 1}),
        )
        .await;
    let path = format!("/sim/api/departments/{}", made["dept_id"]);
    let both = json!({"name": "税务部", "parent_id": 410_020_006});
    let changed = caller.post(&format!("{path}/change"), &both).await;
    assert_eq!(
        (&changed["name"], &changed["parent_id"]),
        (&json!("税务部"), &json!(410_020_006))
    );
    let half = json!({"name": "新名字", "parent_id": 99});
    refused(&caller, &format!("{path}/change"), half).await;
    let departments = caller.get("/sim/api/departments").await;
    assert!(
        departments.as_array().unwrap().contains(&changed),
        "all or nothing"
    );
    caller.post(&format!("{path}/remove"), &json!({})).await;
    refused(&caller, &format!("{path}/remove"), json!({})).await;
}

#[actix_web::test]
async fn what_cannot_be_done_is_refused_with_a_reason() {
    let caller = Caller::new();
    for (path, body, word) in [
        ("/sim/api/people", json!({"name": ""}), "name"),
        ("/sim/api/people", json!({"nmae": "李雷"}), "nmae"),
        ("/sim/api/people/nobody/dismiss", json!({}), "nobody"),
        (
            "/sim/api/people/zhangsan01/dismiss",
            json!({"quiet": true}),
            "quiet",
        ),
        ("/sim/api/people/zhangsan01/rehire", json!({}), "not left"),
        ("/sim/api/departments/1/change", json!({}), "neither"),
        (
            "/sim/api/faults",
            json!({"path": "/x", "fault": {"kind": "nothing"}}),
            "nothing",
        ),
        ("/sim/api/check-url", json!({}), "callback address"),
    ] {
        let error = refused(&caller, path, body).await;
        assert!(error.contains(word), "{path}: {error}");
    }
    assert_eq!(caller.page("/sim/api/nothing").await.0, 404);
}

#[actix_web::test]
async fn codes_are_issued() {
    let caller = Caller::new();
    let unionid = caller.sim.person(company::EMPLOYEE).unwrap().unionid;
    let code = caller
        .post("/sim/api/sns-code", &json!({"unionid": unionid}))
        .await;
    assert_eq!(
        caller.redeem(code["code"].as_str().unwrap()).await["errcode"],
        0
    );
    let old = json!({"unionid": unionid, "expired": true});
    let code = caller.post("/sim/api/sns-code", &old).await;
    assert_eq!(
        caller.redeem(code["code"].as_str().unwrap()).await["errcode"],
        40102
    );
    let code = caller
        .post(
            "/sim/api/in-app-code",
            &json!({"userid": company::EMPLOYEE}),
        )
        .await;
    let who = caller
        .result("v2/user/getuserinfo", json!({"code": code["code"]}))
        .await;
    assert_eq!(who["unionid"], unionid);
}

#[actix_web::test]
async fn faults_are_armed_listed_and_cleared() {
    let caller = Caller::new();
    let arm =
        json!({"path": "/auth/scopes", "fault": {"kind": "err_code", "value": 90002}, "times": 2});
    caller.post("/sim/api/faults", &arm).await;
    assert_eq!(caller.get("/auth/scopes").await["errcode"], 90002);
    let armed = caller.get("/sim/api/faults").await;
    assert_eq!(
        armed["/auth/scopes"],
        json!({"fault": {"kind": "err_code", "value": 90002}, "times": 1})
    );
    caller.post("/sim/api/faults/clear", &json!({})).await;
    assert_eq!(caller.get("/auth/scopes").await["errcode"], 41001);
    caller.sim.fault("*", Fault::Html);
    assert!(
        caller.get("/sim/api/faults").await["*"].is_object(),
        "faults do not strike controls"
    );
}

#[actix_web::test]
async fn calls_are_counted_by_path() {
    let caller = Caller::new();
    caller.token().await;
    caller.token().await;
    let calls = caller.get("/sim/api/calls").await;
    assert_eq!(
        calls,
        json!({"paths": {"/gettoken": {"calls": 2, "max_in_any_second": 2}}, "max_in_flight": 1})
    );
    caller.post("/sim/api/calls/reset", &json!({})).await;
    assert_eq!(caller.get("/sim/api/calls").await["paths"], json!({}));
}

#[actix_web::test]
async fn the_cloud_can_be_set_from_outside() {
    let caller = Caller::new();
    let token = caller.token().await;
    caller.post("/sim/api/revoke-token", &json!({})).await;
    assert_ne!(caller.token().await, token);
    caller
        .post(
            "/sim/api/stale",
            &json!({"userid": company::EMPLOYEE, "on": true}),
        )
        .await;
    caller
        .post("/sim/api/people/zhangsan01/dismiss", &json!({}))
        .await;
    let get = json!({"userid": company::EMPLOYEE});
    assert_eq!(
        caller.result("v2/user/get", get.clone()).await["name"],
        "张三"
    );
    caller
        .post(
            "/sim/api/stale",
            &json!({"userid": company::EMPLOYEE, "on": false}),
        )
        .await;
    assert_eq!(caller.refused("v2/user/get", get).await, 60121);
    caller
        .post("/sim/api/scope", &json!({"departments": [410_020_006]}))
        .await;
    assert_eq!(
        caller
            .refused("v2/department/get", json!({"dept_id": 1}))
            .await,
        50004
    );
    let outsider = json!({"unionid": "o1", "nick": "外人", "external_userid": "ext1"});
    caller.post("/sim/api/outsiders", &outsider).await;
    let found = caller
        .result("user/getbyunionid", json!({"unionid": "o1"}))
        .await;
    assert_eq!(found, json!({"contact_type": 1, "userid": "ext1"}));
}

#[actix_web::test]
async fn events_are_sent_crafted_and_listed() {
    let caller = Caller::new();
    let receiver = Receiver::start(caller.sim.config(), &[]);
    caller
        .post("/sim/api/callback-url", &json!({"url": receiver.url}))
        .await;
    caller.post("/sim/api/check-url", &json!({})).await;
    assert_eq!(caller.get("/sim/api/status").await["url_check"], "ok");
    let event = json!({"EventType": "user_active_org", "UserId": ["a"]});
    let sent = caller.post("/sim/api/events", &event).await;
    assert!(caller.sim.settled(std::time::Duration::from_secs(5)).await);
    let push = caller.post("/sim/api/encrypt-event", &event).await;
    let url = format!("{}?{}", receiver.url, push["query"].as_str().unwrap());
    let body = push["body"].as_str().unwrap().to_owned();
    assert_eq!(
        caller
            .http
            .post(url)
            .body(body)
            .send()
            .await
            .unwrap()
            .status(),
        200
    );
    assert_eq!(
        receiver.types(),
        ["check_url", "user_active_org", "user_active_org"]
    );
    let log = caller.get("/sim/api/events").await;
    assert_eq!(
        (&log[0]["id"], &log[0]["state"]),
        (&sent["id"], &json!("delivered"))
    );
    assert_eq!(caller.get("/sim/api/failed").await, json!([]));
}

#[actix_web::test]
async fn the_status_tells_no_secret() {
    let caller = Caller::new();
    let status = caller.get("/sim/api/status").await.to_string();
    let config = caller.sim.config();
    assert!(status.contains(&config.app_key));
    for secret in [
        &config.app_secret,
        &config.login_app_secret,
        &config.callback_token,
        &config.callback_aes_key,
    ] {
        assert!(!status.contains(secret.as_str()));
    }
}
