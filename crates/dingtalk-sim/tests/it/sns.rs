use dingtalk_sim::{Outsider, PersonChange, company};
use serde_json::json;

use crate::support::{Caller, encode, now, sign};

#[actix_web::test]
async fn a_code_tells_who_has_scanned_once() {
    let caller = Caller::new();
    let person = caller.sim.person(company::EMPLOYEE).unwrap();
    let code = caller.sim.sns_code(&person.unionid);
    let answer = caller.redeem(&code).await;
    assert_eq!(answer["errcode"], 0, "{answer}");
    let info = &answer["user_info"];
    assert_eq!(info["nick"], "三三来迟");
    assert_eq!(info["unionid"], person.unionid);
    assert_eq!(info["main_org_auth_high_level"], true);
    let openid = info["openid"].as_str().unwrap();
    assert!(!openid.is_empty() && openid != person.unionid);
    assert!(info.get("userid").is_none() && info.get("mobile").is_none());
    assert_eq!(caller.redeem(&code).await["errcode"], 40078);
}

#[actix_web::test]
async fn everybody_with_an_account_can_scan() {
    let caller = Caller::new();
    let outsider = Outsider {
        unionid: "own".into(),
        nick: "<b>我".into(),
        external_userid: None,
    };
    caller.sim.add_outsider(outsider);
    for (unionid, nick) in [
        (company::LEFT_UNIONID, "钱多多"),
        (company::EXTERNAL_UNIONID, "合作伙伴 周敏"),
        (company::STRANGER_UNIONID, "路人甲"),
        ("own", "<b>我"),
        ("never-heard-of", "钉钉用户"),
    ] {
        let answer = caller.redeem(&caller.sim.sns_code(unionid)).await;
        assert_eq!(answer["user_info"]["nick"], nick, "{answer}");
        assert_eq!(answer["user_info"]["unionid"], unionid);
    }
}

#[actix_web::test]
async fn the_nick_is_the_persons_own() {
    let caller = Caller::new();
    let nick = PersonChange {
        nick: Some("新昵称".into()),
        ..PersonChange::default()
    };
    let unionid = caller.sim.change(company::EMPLOYEE, nick).unwrap().unionid;
    let answer = caller.redeem(&caller.sim.sns_code(&unionid)).await;
    assert_eq!(answer["user_info"]["nick"], "新昵称");
    assert_eq!(caller.sim.person(company::EMPLOYEE).unwrap().name, "张三");
}

#[actix_web::test]
async fn worthless_codes_are_refused() {
    let caller = Caller::new();
    let person = caller.sim.person(company::EMPLOYEE).unwrap();
    assert_eq!(caller.redeem("forged").await["errcode"], 40078);
    let in_app = caller.sim.in_app_code(&person.userid);
    assert_eq!(
        caller.redeem(&in_app).await["errcode"],
        40078,
        "of another kind"
    );
    let old = caller.sim.expired_sns_code(&person.unionid);
    assert_eq!(caller.redeem(&old).await["errcode"], 40102);
    let path = caller.sns_path(&now().to_string());
    assert_eq!(caller.post(&path, &json!({})).await["errcode"], 41026);
    assert_eq!(
        caller.post(&path, &json!({"tmp_auth_code": ""})).await["errcode"],
        41026
    );
}

#[actix_web::test]
async fn the_timestamp_must_be_milliseconds_and_within_a_minute() {
    let caller = Caller::new();
    let unionid = caller.sim.person(company::EMPLOYEE).unwrap().unionid;
    for (timestamp, code) in [
        (String::new(), 853_001),
        ("now".into(), 853_001),
        ((now() / 1000).to_string(), 853_001),
        (format!("-{}", now() / 10), 853_001),
        ((now() - 61_000).to_string(), 853_002),
        ((now() + 62_000).to_string(), 853_002),
        ((now() - 58_000).to_string(), 0),
        ((now() + 58_000).to_string(), 0),
    ] {
        let body = json!({"tmp_auth_code": caller.sim.sns_code(&unionid)});
        let answer = caller.post(&caller.sns_path(&timestamp), &body).await;
        assert_eq!(answer["errcode"], code, "{timestamp}: {answer}");
    }
}

#[actix_web::test]
async fn a_wrong_key_or_signature_is_refused_and_the_code_stays_good() {
    let caller = Caller::new();
    let unionid = caller.sim.person(company::EMPLOYEE).unwrap().unionid;
    let code = caller.sim.sns_code(&unionid);
    let config = caller.sim.config();
    let timestamp = now().to_string();
    let right = sign(&config.login_app_secret, &timestamp);
    let long = sign(
        &config.login_app_secret,
        &format!("{timestamp}\n{}", config.login_app_secret),
    );
    let twice = url::form_urlencoded::byte_serialize(right.as_bytes()).collect::<String>();
    for (key, signature, expected) in [
        ("dingoaunknown", &right, 853_003),
        (config.app_key.as_str(), &right, 853_003),
        (
            config.login_app_id.as_str(),
            &sign(&config.app_secret, &timestamp),
            853_004,
        ),
        (config.login_app_id.as_str(), &long, 853_004),
        (config.login_app_id.as_str(), &twice, 853_004),
        (config.login_app_id.as_str(), &String::new(), 853_004),
        (config.login_app_id.as_str(), &right, 0),
    ] {
        let query = encode(&[
            ("accessKey", key),
            ("timestamp", &timestamp),
            ("signature", signature),
        ]);
        let path = format!("/sns/getuserinfo_bycode?{query}");
        let answer = caller.post(&path, &json!({"tmp_auth_code": code})).await;
        assert_eq!(answer["errcode"], expected, "{answer}");
    }
}

#[actix_web::test]
async fn a_token_in_place_of_the_signature_is_a_bad_token() {
    let caller = Caller::new();
    let token = caller.token().await;
    let path = format!("/sns/getuserinfo_bycode?access_token={token}");
    let answer = caller.post(&path, &json!({"tmp_auth_code": "x"})).await;
    assert_eq!(
        (&answer["errcode"], &answer["sub_code"]),
        (&json!(88), &json!("40014"))
    );
    let answer = caller
        .post("/sns/getuserinfo_bycode", &json!({"tmp_auth_code": "x"}))
        .await;
    assert_eq!(answer["errcode"], 853_003);
}
