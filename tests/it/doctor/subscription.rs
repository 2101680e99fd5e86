//! The callback registered by API, and the owner key.

use dingtalk_sim::Fault;
use serde_json::{Value, json};
use sqlx::PgPool;

use super::{examine, surroundings, with};
use crate::support::Settings;

const ALL: [&str; 7] = [
    "user_add_org",
    "user_modify_org",
    "user_leave_org",
    "user_active_org",
    "org_dept_create",
    "org_dept_modify",
    "org_dept_remove",
];

/// What DingTalk says is registered, but for what `change` makes of it.
fn registered(settings: &Settings, change: impl FnOnce(&mut Value)) -> Fault {
    let mut answer = json!({
        "errcode": 0,
        "call_back_tag": ALL,
        "token": settings["DINGTALK_CALLBACK_TOKEN"],
        "aes_key": settings["DINGTALK_CALLBACK_AES_KEY"],
        "url": format!("{}/dingtalk/events", settings["DINGGATE_PUBLIC_URL"]),
    });
    change(&mut answer);
    Fault::Json(answer)
}

const SHOW: &str = "/call_back/get_call_back";

#[sqlx::test]
async fn what_is_registered_by_api_is_compared_with_ours(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    examine(&settings)
        .check("registered_callback")
        .is("ok", "none is registered by API", "");
    sim.fault(SHOW, registered(&settings, |_| {}));
    let report = examine(&settings);
    report
        .check("registered_callback")
        .is("ok", "with our token and key", "");
    report.check("registered_events").is("ok", "", "");
    report
        .check("callback_owner_key")
        .is("ok", "both accepted", "");
    sim.fault(
        SHOW,
        registered(&settings, |answer| {
            answer["url"] = json!("https://old.example.com/cb?key=hunter2");
        }),
    );
    let report = examine(&settings);
    report.check("registered_callback").is(
        "warning",
        "https://old.example.com/cb, which is not ours",
        "dinggate callback update",
    );
    assert!(report.all("registered_events").is_empty());
    for (field, name) in [
        ("token", "DINGTALK_CALLBACK_TOKEN"),
        ("aes_key", "DINGTALK_CALLBACK_AES_KEY"),
    ] {
        sim.fault(
            SHOW,
            registered(&settings, |answer| answer[field] = json!("hunter2")),
        );
        examine(&settings).check("registered_callback").is(
            "failure",
            name,
            "dinggate callback update",
        );
    }
    sim.fault(
        SHOW,
        registered(&settings, |answer| {
            answer["call_back_tag"] = json!([
                "user_add_org",
                "org_dept_create",
                "org_dept_modify",
                "org_dept_remove",
                "check_in"
            ]);
        }),
    );
    let report = examine(&settings);
    report.check("registered_events").is(
        "warning",
        "not registered: user_active_org, user_modify_org, user_leave_org; people who leave stay signed in",
        "dinggate callback update",
    );
    assert_eq!(report.code, Some(0));
}

#[sqlx::test]
async fn an_owner_key_that_events_will_not_bear_is_told(pool: PgPool) {
    let (sim, settings) = surroundings(&pool);
    let owned_by = |key: &str| with(&settings, &[("DINGTALK_CALLBACK_OWNER_KEY", key)]);
    let app_key = owned_by(&settings["DINGTALK_APP_KEY"]);
    let corp_id = owned_by(&settings["DINGTALK_CORP_ID"]);
    examine(&app_key)
        .check("callback_owner_key")
        .is("ok", "AppKey", "");
    examine(&corp_id).check("callback_owner_key").is(
        "warning",
        "made in the console bear the AppKey",
        "DINGTALK_CALLBACK_OWNER_KEY",
    );
    examine(&owned_by("dingsomethingelse"))
        .check("callback_owner_key")
        .is("failure", "every event is refused", "AppKey");
    sim.fault(SHOW, registered(&settings, |_| {}));
    examine(&corp_id)
        .check("callback_owner_key")
        .is("ok", "CorpId", "");
    examine(&app_key).check("callback_owner_key").is(
        "failure",
        "bear the CorpId",
        "take DINGTALK_CALLBACK_OWNER_KEY out",
    );
}

#[sqlx::test]
async fn a_token_that_dingtalk_never_generates_is_a_warning(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    examine(&settings)
        .check("callback_settings")
        .is("ok", "right form", "");
    examine(&with(
        &settings,
        &[("DINGTALK_CALLBACK_TOKEN", "with-a-dash")],
    ))
    .check("callback_settings")
    .is("warning", "DINGTALK_CALLBACK_TOKEN", "签名 token");
}
