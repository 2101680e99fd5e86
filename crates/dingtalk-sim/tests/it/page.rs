use dingtalk_sim::{EventState, company};
use serde_json::json;
use url::Url;

use crate::support::{Caller, encode};

/// Submits a form and reads the page it leads to.
async fn act(caller: &Caller, act: &str, form: &[(&str, &str)]) -> String {
    let (status, location, _) = caller.submit(&format!("/sim/ui/{act}"), form).await;
    assert_eq!(status, 303);
    let (status, _, page) = caller.page(&location).await;
    assert_eq!(status, 200, "{location}");
    page
}

#[actix_web::test]
async fn every_page_is_there_without_inline_script() {
    let caller = Caller::new();
    for path in [
        "/",
        "/sim/people/zhangsan01",
        "/sim/departments",
        "/sim/events",
        "/sim/faults",
    ] {
        let (status, _, page) = caller.page(path).await;
        assert_eq!(status, 200, "{path}");
        assert!(
            page.contains("钉钉模拟器") && page.contains(company::NAME),
            "{path}"
        );
        assert!(
            !page.contains("<script>") && !page.contains(" onclick") && !page.contains("style=")
        );
    }
    for file in ["sim.css", "filter.js", "scanned.js"] {
        assert_eq!(caller.page(&format!("/sim/assets/{file}")).await.0, 200);
    }
    assert_eq!(caller.page("/sim/assets/nothing").await.0, 404);
    assert_eq!(caller.page("/sim/people/nobody").await.0, 303);
}

#[actix_web::test]
async fn pages_are_in_one_language_at_a_time() {
    let caller = Caller::new();
    let (_, _, chinese) = caller.page("/").await;
    assert!(chinese.contains("lang=\"zh-CN\"") && chinese.contains("办理入职"));
    assert!(!chinese.contains("Hire somebody"));
    let english = caller.page_in_english("/").await;
    assert!(english.contains("lang=\"en\"") && english.contains("Hire somebody"));
    assert!(!english.contains("办理入职"));
    let (status, location, _) = caller.page("/sim/lang/en?back=%2Fsim%2Fevents").await;
    assert_eq!((status, location.as_str()), (303, "/sim/events"));
    for elsewhere in [
        "%2F%2Fevil.example",
        "https%3A%2F%2Fevil.example",
        "%2F%5Cevil.example",
        "%2F%09%2Fevil.example",
    ] {
        let (_, location, _) = caller.page(&format!("/sim/lang/en?back={elsewhere}")).await;
        assert_eq!(location, "/");
    }
}

#[actix_web::test]
async fn things_to_try_tick_themselves_off() {
    let caller = Caller::new();
    let done = async || caller.page("/").await.2.matches("class=\"done\"").count();
    assert_eq!(done().await, 0);
    let sign_in = async |unionid: &str| {
        let code = caller.sim.sns_code(unionid);
        caller.redeem(&code).await;
    };
    let employee = caller.sim.person(company::EMPLOYEE).unwrap();
    sign_in(&employee.unionid).await;
    assert_eq!(done().await, 1, "an employee signs in");
    act(&caller, "dismiss", &[("userid", company::NO_MOBILE)]).await;
    assert_eq!(done().await, 1, "nobody sees the end of a session");
    act(&caller, "dismiss", &[("userid", company::EMPLOYEE)]).await;
    assert_eq!(done().await, 2, "somebody is dismissed");
    sign_in(company::LEFT_UNIONID).await;
    assert_eq!(done().await, 3, "somebody who has left scans");
    let page = act(
        &caller,
        "hire",
        &[("name", "李雷"), ("userid", "lilei01"), ("drop_event", "1")],
    )
    .await;
    assert!(page.contains("没有通知 Dinggate"), "{page}");
    sign_in(&caller.sim.person("lilei01").unwrap().unionid).await;
    assert_eq!(done().await, 4, "a newcomer scans");
    let lost = [
        ("userid", company::ADMIN),
        ("title", "顾问"),
        ("drop_event", "1"),
    ];
    act(&caller, "change", &lost).await;
    assert_eq!(done().await, 4, "no sync yet");
    caller
        .topapi("v2/department/listsub", json!({"dept_id": 1}))
        .await;
    assert_eq!(done().await, 5, "a full sync makes up for the lost event");
}

#[actix_web::test]
async fn the_page_of_the_scan_leads_with_one_person_for_each_story() {
    let caller = Caller::new();
    let config = caller.sim.config();
    let redirect = format!("http://{}/login/callback", config.callback_domain);
    let query = encode(&[
        ("appid", &config.login_app_id),
        ("response_type", "code"),
        ("scope", "snsapi_login"),
        ("state", "s"),
        ("redirect_uri", &redirect),
    ]);
    let qr_page = format!("/connect/qrconnect?{query}");
    let roles = async || {
        let (_, _, page) = caller.page(&qr_page).await;
        let first = page
            .split("<label class=\"find\">")
            .next()
            .unwrap()
            .to_owned();
        ["张三", "钱多多", "李雷", "林晓燕"].map(|name| first.contains(&format!("<b>{name}</b>")))
    };
    assert_eq!(roles().await, [true, true, false, true]);
    act(&caller, "hire", &[("name", "李雷")]).await;
    assert_eq!(roles().await, [true; 4]);
}

#[actix_web::test]
async fn somebody_is_hired_by_the_form() {
    let caller = Caller::new();
    let form = [
        ("name", "<李雷>"),
        ("title", "会计"),
        ("userid", "lilei01"),
        ("department", "410020006"),
        ("department", "1"),
    ];
    let page = act(&caller, "hire", &form).await;
    assert!(
        page.contains("已入职") && !page.contains("<李雷>"),
        "escaped"
    );
    let person = caller.sim.person("lilei01").unwrap();
    assert_eq!(
        (person.title.as_str(), person.department_ids()),
        ("会计", vec![410_020_006, 1])
    );
    assert!(
        act(&caller, "hire", &[("name", "")])
            .await
            .contains("role=\"alert\"")
    );
}

#[actix_web::test]
async fn somebody_is_changed_dismissed_and_hired_again_by_the_forms() {
    let caller = Caller::new();
    let form = [
        ("userid", company::EMPLOYEE),
        ("name", "张山"),
        ("title", ""),
        ("department", "410020005"),
    ];
    let page = act(&caller, "change", &form).await;
    assert!(page.contains("资料已修改"));
    let person = caller.sim.person(company::EMPLOYEE).unwrap();
    assert_eq!((person.name.as_str(), person.title.as_str()), ("张山", ""));
    assert_eq!(person.department_ids(), [410_020_005]);
    assert!(
        !person.mobile.is_empty(),
        "a field that the form does not have stays"
    );
    act(
        &caller,
        "dismiss",
        &[("userid", company::EMPLOYEE), ("drop_event", "1")],
    )
    .await;
    assert!(caller.sim.person(company::EMPLOYEE).is_none());
    act(
        &caller,
        "rehire",
        &[("userid", company::EMPLOYEE), ("new_userid", "zhangsan02")],
    )
    .await;
    assert_eq!(
        caller.sim.person("zhangsan02").unwrap().unionid,
        person.unionid
    );
}

#[actix_web::test]
async fn a_dropped_event_is_shown_as_not_sent() {
    let caller = Caller::new();
    caller
        .sim
        .set_callback_url(Some("http://127.0.0.1:9/events"));
    act(
        &caller,
        "dismiss",
        &[("userid", company::EMPLOYEE), ("drop_event", "1")],
    )
    .await;
    assert_eq!(caller.sim.events_in(EventState::Dropped), 1);
    let (_, _, page) = caller.page("/sim/events").await;
    assert!(page.contains("user_leave_org") && page.contains("未发送"));
}

#[actix_web::test]
async fn departments_are_made_changed_and_removed_by_the_forms() {
    let caller = Caller::new();
    act(
        &caller,
        "department-create",
        &[("name", "税务组"), ("parent_id", "1")],
    )
    .await;
    let team = caller
        .sim
        .directory()
        .department_named("税务组")
        .unwrap()
        .dept_id
        .to_string();
    let form = [
        ("dept_id", team.as_str()),
        ("name", "税务部"),
        ("parent_id", "410020006"),
    ];
    act(&caller, "department-change", &form).await;
    let changed = caller
        .sim
        .directory()
        .department_named("税务部")
        .unwrap()
        .clone();
    assert_eq!(changed.parent_id, 410_020_006);
    let page = act(&caller, "department-remove", &[("dept_id", "410020001")]).await;
    assert!(page.contains("role=\"alert\""), "it has departments below");
    act(&caller, "department-remove", &[("dept_id", &team)]).await;
    assert!(caller.sim.directory().department_named("税务部").is_none());
}

#[actix_web::test]
async fn the_root_is_renamed_without_being_moved() {
    let caller = Caller::new();
    let page = act(
        &caller,
        "department-change",
        &[("dept_id", "1"), ("name", "云杉集团")],
    )
    .await;
    assert!(page.contains("云杉集团") && !page.contains("role=\"alert\""));
}

#[actix_web::test]
async fn an_in_app_code_is_shown() {
    let caller = Caller::new();
    let (_, location, _) = caller
        .submit("/sim/ui/in-app-code", &[("userid", company::EMPLOYEE)])
        .await;
    let url = Url::parse(&caller.sim.url())
        .unwrap()
        .join(&location)
        .unwrap();
    let told = url
        .query_pairs()
        .find(|(key, _)| key == "done")
        .unwrap()
        .1
        .into_owned();
    let code = told.rsplit('：').next().unwrap();
    let who = caller
        .result("v2/user/getuserinfo", serde_json::json!({"code": code}))
        .await;
    assert_eq!(who["userid"], company::EMPLOYEE);
}

#[actix_web::test]
async fn faults_tokens_and_frozen_answers_are_set_by_the_forms() {
    let caller = Caller::new();
    for (kind, value, good) in [
        ("err_code", "90002", true),
        ("sub_code", "90018", true),
        ("html", "", true),
        ("delay", "50", true),
        ("json", "{\"a\":1}", true),
        ("err_code", "", false),
        ("delay", "soon", false),
    ] {
        let form = [
            ("path", "/auth/scopes"),
            ("kind", kind),
            ("value", value),
            ("times", ""),
        ];
        let page = act(&caller, "fault", &form).await;
        assert_eq!(page.contains("故障已设置"), good, "{kind} {value}");
    }
    assert_eq!(
        caller.get("/auth/scopes").await,
        serde_json::json!({"a": 1})
    );
    assert!(
        act(&caller, "faults-clear", &[])
            .await
            .contains("已全部清除")
    );
    let token = caller.token().await;
    act(&caller, "token-revoke", &[]).await;
    assert_ne!(caller.token().await, token);
    act(
        &caller,
        "stale",
        &[("userid", company::EMPLOYEE), ("on", "1")],
    )
    .await;
    caller.sim.dismiss(company::EMPLOYEE).unwrap();
    let get = serde_json::json!({"userid": company::EMPLOYEE});
    assert_eq!(
        caller.result("v2/user/get", get.clone()).await["name"],
        "张三"
    );
    act(&caller, "stale", &[("userid", company::EMPLOYEE)]).await;
    assert_eq!(caller.refused("v2/user/get", get).await, 60121);
    assert!(
        act(&caller, "nothing", &[])
            .await
            .contains("role=\"alert\"")
    );
    assert!(
        act(&caller, "check-url", &[])
            .await
            .contains("role=\"alert\"")
    );
}
