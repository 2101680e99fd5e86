//! Every row of the table of outcomes, for the QR code and inside DingTalk.

use std::time::Duration;

use dingtalk_sim::{Fault, NewPerson, company};
use serde_json::json;
use sqlx::PgPool;

use crate::support::{Answer, TestApp, eventually};

const REDEEM: &str = "/sns/getuserinfo_bycode";
const MATCH: &str = "/topapi/user/getbyunionid";
const IN_APP: &str = "/topapi/v2/user/getuserinfo";

fn unionid(app: &TestApp, userid: &str) -> String {
    app.sim.person(userid).unwrap().unionid
}

/// Expects a refusal by its page or its JSON.
fn assert_refused(answer: &Answer, status: u16, code: &str, sentence: &str) {
    assert_eq!(answer.status, status, "{code}: {}", answer.body);
    if answer
        .header("content-type")
        .starts_with("application/json")
    {
        assert_eq!(answer.json()["error"], code);
        assert!(!answer.json()["message"].as_str().unwrap().is_empty());
    } else {
        assert!(answer.body.contains(sentence), "{code}: {}", answer.body);
    }
}

async fn cases(app: &TestApp) -> i64 {
    app.number("SELECT count(*) FROM unmatched_login").await
}

#[sqlx::test]
async fn an_employee_who_scans_lands_where_they_wanted_to_go(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.browser();
    let answer = browser
        .scan(
            &unionid(&app, company::EMPLOYEE),
            "/admin/staff?q=%E5%BC%A0",
        )
        .await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/admin/staff?q=%E5%BC%A0")
    );
    assert!(browser.is_in().await);
    let page = browser.get("/").await;
    assert!(
        page.body
            .contains(&app.sim.person(company::EMPLOYEE).unwrap().name)
    );
    assert_eq!(
        app.number("SELECT count(*) FROM audit_entry WHERE action = 'login' AND status = 'in'")
            .await,
        1
    );
}

#[sqlx::test]
async fn an_employee_inside_dingtalk_is_in_at_once(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.browser();
    let code = app.sim.in_app_code(company::LEADING_ZERO);
    let answer = browser
        .post_json("/login/in-app", &json!({"code": code, "rd": "/?x=1"}))
        .await;
    assert_eq!(
        (answer.status, &answer.json()),
        (200, &json!({"redirect": "/?x=1"}))
    );
    assert!(browser.is_in().await);
    let again = browser
        .post_json(
            "/login/in-app",
            &json!({"code": code, "rd": "//evil.example"}),
        )
        .await;
    assert_refused(&again, 401, "invalid_code", "");
}

#[sqlx::test]
async fn a_state_is_good_once_for_one_browser_and_for_a_while(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    let sentence = "This sign-in is no longer valid";
    let (mut one, mut other) = (app.browser(), app.browser());

    let state = one.begin("/").await;
    other.begin("/").await;
    let code = app.sim.sns_code(&person);
    assert_refused(
        &other.come_back(&state, &code).await,
        400,
        "invalid_state",
        sentence,
    );
    assert_refused(
        &app.browser().come_back(&state, &code).await,
        400,
        "invalid_state",
        sentence,
    );
    let answer = one.come_back(&state, &code).await;
    assert_eq!(answer.status, 303, "still valid for the right browser");
    let code = app.sim.sns_code(&person);
    app.sim.reset_calls();

    for bad in ["", "unknown", "\u{0}", &"x".repeat(5000)] {
        assert_refused(
            &one.come_back(bad, &code).await,
            400,
            "invalid_state",
            sentence,
        );
    }
    assert_refused(
        &one.get(&format!("/login/callback?code={code}")).await,
        400,
        "invalid_state",
        sentence,
    );

    let again = "href=\"/login?rd=%2Fadmin%2Fstaff\"";
    let (old, other) = (
        one.begin("/admin/staff").await,
        one.begin("/admin/staff").await,
    );
    app.execute("UPDATE login_state SET expires_at = now() - interval '1 second'")
        .await;
    let answer = one.come_back(&old, &code).await;
    assert_refused(&answer, 400, "invalid_state", sentence);
    assert!(answer.body.contains(again), "{}", answer.body);
    let answer = app.browser().come_back(&other, &code).await;
    assert_refused(&answer, 400, "invalid_state", sentence);
    assert!(
        !answer.body.contains(again),
        "another browser learns nothing"
    );
    assert_eq!(
        app.sim.calls(REDEEM),
        0,
        "nobody was asked about a state that is no good"
    );

    let state = one.begin("/").await;
    assert_eq!(one.come_back(&state, &code).await.status, 303);
    assert_refused(
        &one.come_back(&state, &app.sim.sns_code(&person)).await,
        400,
        "invalid_state",
        sentence,
    );
}

#[sqlx::test]
async fn several_tabs_of_one_browser_may_log_in_side_by_side(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.browser();
    let person = unionid(&app, company::EMPLOYEE);
    let states = [browser.begin("/?a").await, browser.begin("/?b").await];
    for (state, back) in states.iter().zip(["/?a", "/?b"]) {
        let answer = browser.come_back(state, &app.sim.sns_code(&person)).await;
        assert_eq!((answer.status, answer.location()), (303, back));
    }
}

#[sqlx::test]
async fn a_code_that_dingtalk_refuses_is_an_invalid_code_and_uses_the_state_up(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    let mut browser = app.browser();
    let used = app.sim.sns_code(&person);
    let state = browser.begin("/").await;
    assert_eq!(browser.come_back(&state, &used).await.status, 303);
    let mut browser = app.browser();
    let codes = [
        used,
        app.sim.expired_sns_code(&person),
        "forged".into(),
        app.sim.in_app_code(company::EMPLOYEE),
        "x".repeat(4000),
    ];
    for code in codes {
        let state = browser.begin("/").await;
        let answer = browser.come_back(&state, &code).await;
        assert_refused(&answer, 401, "invalid_code", "The scan did not work");
        assert!(answer.body.contains("href=\"/login"), "a link to try again");
        assert_refused(
            &browser.come_back(&state, &code).await,
            400,
            "invalid_state",
            "no longer valid",
        );
    }
    for query in ["", "&code="] {
        let state = browser.begin("/").await;
        let answer = browser
            .get(&format!("/login/callback?state={state}{query}"))
            .await;
        assert_refused(&answer, 401, "invalid_code", "The scan did not work");
    }
    let state = browser.begin("/admin/staff?q=a").await;
    let denied = format!("/login/callback?state={state}&error=denied");
    let answer = browser.get(&denied).await;
    assert_refused(&answer, 401, "invalid_code", "The sign-in was cancelled");
    // Another try, and a login in the other language.
    for lang in ["", "&#38;lang=zh"] {
        let href = format!("href=\"/login?rd=%2Fadmin%2Fstaff%3Fq%3Da{lang}\"");
        assert!(answer.body.contains(&href), "{href}: {}", answer.body);
    }
    let answer = browser.post_json("/login/in-app", &json!({})).await;
    assert_refused(&answer, 401, "invalid_code", "");
    assert!(!browser.is_in().await);
    assert_eq!(cases(&app).await, 0);
}

#[sqlx::test]
async fn the_way_back_may_call_the_code_auth_code(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.browser();
    let state = browser.begin("/").await;
    let code = app.sim.sns_code(&unionid(&app, company::EMPLOYEE));
    assert_eq!(
        browser
            .get(&format!("/login/callback?authCode={code}&state={state}"))
            .await
            .status,
        303
    );
}

#[sqlx::test]
async fn whoever_has_left_is_refused_and_listed(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    let (code, in_app) = (
        app.sim.sns_code(&person),
        app.sim.in_app_code(company::EMPLOYEE),
    );
    app.sim.dismiss(company::EMPLOYEE).unwrap();
    app.wait_for_status(company::EMPLOYEE, Some("left"), Duration::from_secs(2))
        .await;
    let mut browser = app.browser();
    let state = browser.begin("/").await;
    let answer = browser.come_back(&state, &code).await;
    assert_refused(
        &answer,
        403,
        "left",
        "Our records show you’ve left the company",
    );
    let in_app = browser
        .post_json("/login/in-app", &json!({"code": in_app}))
        .await;
    assert_refused(&in_app, 403, "not_employee", "");
    assert!(!browser.is_in().await);
    assert_eq!(
        app.number(
            "SELECT count(*) FROM unmatched_login WHERE reason = 'left' AND state = 'waiting'"
        )
        .await,
        1
    );
    assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
}

#[sqlx::test]
async fn whom_dingtalk_no_longer_knows_is_refused_and_marked_only_when_the_record_is_gone_too(
    pool: PgPool,
) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    app.sim.fault_times(MATCH, Fault::ErrCode(60121), 1);
    let answer = app.browser().scan(&person, "/").await;
    assert_refused(
        &answer,
        403,
        "left",
        "Our records show you’ve left the company",
    );
    eventually(
        "the look has been made",
        Duration::from_secs(5),
        async || {
            app.number("SELECT count(*) FROM subject_recheck WHERE 'login' = ANY (reasons)")
                .await
                == 0
        },
    )
    .await;
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed"),
        "v2/user/get still lists the person"
    );

    app.sim.dismiss_quietly(company::EMPLOYEE).unwrap();
    let answer = app.browser().scan(&person, "/").await;
    assert_refused(
        &answer,
        403,
        "left",
        "Our records show you’ve left the company",
    );
    app.wait_for_status(company::EMPLOYEE, Some("left"), Duration::from_secs(5))
        .await;
}

#[sqlx::test]
async fn strangers_and_external_contacts_are_no_employees(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    for person in [company::STRANGER_UNIONID, company::EXTERNAL_UNIONID] {
        let answer = app.browser().scan(person, "/").await;
        assert_refused(
            &answer,
            403,
            "not_employee",
            "You are not a member of this company",
        );
    }
    let code = app.sim.in_app_code(company::EXTERNAL_USERID);
    let inside = app
        .browser()
        .post_json("/login/in-app", &json!({"code": code}))
        .await;
    assert_refused(&inside, 403, "not_employee", "");
    assert_eq!(
        app.number("SELECT count(*) FROM unmatched_login WHERE reason = 'not_employee'")
            .await,
        2
    );
    let attempts = "SELECT attempts::bigint FROM unmatched_login WHERE userid IS NOT NULL";
    assert_eq!(app.number(attempts).await, 2, "one case for both ways");
}

#[sqlx::test]
async fn a_newcomer_without_a_row_waits_for_review(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let newcomer = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    let answer = app.browser().scan(&newcomer.unionid, "/").await;
    assert_refused(&answer, 403, "pending_review", "waiting for review");
    assert!(
        answer.body.contains("韩梅梅"),
        "the nick, so that a wrong account is noticed"
    );
    let code = app.sim.in_app_code(&newcomer.userid);
    let answer = app
        .browser()
        .post_json("/login/in-app", &json!({"code": code}))
        .await;
    assert_refused(&answer, 403, "pending_review", "");
    assert_eq!(
        app.number("SELECT attempts::bigint FROM unmatched_login WHERE reason = 'pending_review'")
            .await,
        2
    );
}

#[sqlx::test]
async fn a_row_under_another_userid_waits_for_review(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    app.execute("UPDATE staff SET unionid = 'some-stale-unionid' WHERE userid = 'zhangsan01'")
        .await;
    let answer = app
        .browser()
        .scan(&unionid(&app, company::EMPLOYEE), "/")
        .await;
    assert_refused(&answer, 403, "pending_review", "waiting for review");
    app.execute("DELETE FROM staff WHERE userid = 'zhangsan01'")
        .await;
    app.sim
        .rehire_quietly(company::EMPLOYEE, Some("zhangsan99"))
        .ok();
    assert_eq!(
        app.number("SELECT count(*) FROM unmatched_login WHERE reason = 'pending_review'")
            .await,
        1
    );
}

#[sqlx::test]
async fn provisioning_admits_a_newcomer_and_nobody_else(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |s| {
        s.insert("DINGGATE_UNKNOWN_STAFF".into(), "provision".into());
    })
    .await;
    app.wait_for_first_sync().await;
    let newcomer = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    let answer = app.browser().scan(&newcomer.unionid, "/").await;
    assert_eq!(answer.status, 303, "{}", answer.body);
    assert_eq!(
        app.status_of(&newcomer.userid).await.as_deref(),
        Some("employed")
    );
    assert_refused(
        &app.browser().scan(company::STRANGER_UNIONID, "/").await,
        403,
        "not_employee",
        "not a member",
    );
    app.deliver(
        &json!({"EventType": "user_leave_org", "UserId": [newcomer.userid], "TimeStamp": "1"}),
    )
    .await;
    assert_refused(
        &app.browser().scan(&newcomer.unionid, "/").await,
        403,
        "left",
        "you’ve left the company",
    );
    app.deliver(
        &json!({"EventType": "user_leave_org", "UserId": ["nobody-we-know"], "TimeStamp": "2"}),
    )
    .await;
    assert_eq!(app.status_of("nobody-we-know").await, None);
}

#[sqlx::test]
async fn a_leaving_of_an_unknown_person_keeps_provisioning_from_admitting_them(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |s| {
        s.insert("DINGGATE_UNKNOWN_STAFF".into(), "provision".into());
    })
    .await;
    app.wait_for_first_sync().await;
    let newcomer = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    app.deliver(
        &json!({"EventType": "user_leave_org", "UserId": [newcomer.userid], "TimeStamp": "1"}),
    )
    .await;
    assert_refused(
        &app.browser().scan(&newcomer.unionid, "/").await,
        403,
        "left",
        "you’ve left the company",
    );
}

#[sqlx::test]
async fn an_administrator_of_the_settings_is_let_in_on_an_empty_table(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |_| {}).await;
    let mut browser = app.admin().await;
    assert_eq!(browser.get("/admin/unmatched").await.status, 200);
    let answer = app
        .browser()
        .scan(&unionid(&app, company::EMPLOYEE), "/")
        .await;
    assert_refused(&answer, 403, "pending_review", "waiting for review");
}

#[sqlx::test]
async fn two_people_who_log_in_back_to_back_are_each_themselves(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let mut browser = app.browser();
    for userid in [company::EMPLOYEE, company::LEADING_ZERO, company::EMPLOYEE] {
        let person = app.sim.person(userid).unwrap();
        assert_eq!(browser.scan(&person.unionid, "/").await.status, 303);
        assert!(browser.get("/").await.body.contains(&person.name));
    }
    assert_eq!(
        app.number("SELECT count(*) FROM web_session").await,
        1,
        "each login ended the session before it"
    );
}

#[sqlx::test]
async fn while_dingtalk_is_out_of_reach_nobody_is_listed_and_all_is_well_soon_after(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    let faults = [
        (REDEEM, Fault::Http(502)),
        (REDEEM, Fault::ErrCode(-1)),
        (REDEEM, Fault::CloseConnection),
        (REDEEM, Fault::TruncatedJson),
        (MATCH, Fault::sub_code("90002")),
        (MATCH, Fault::sub_code("90018")),
        (MATCH, Fault::Http(500)),
    ];
    for (path, fault) in faults {
        app.sim.fault(path, fault.clone());
        let answer = app.browser().scan(&person, "/").await;
        assert_refused(
            &answer,
            503,
            "dingtalk_unavailable",
            "DingTalk cannot be reached",
        );
        assert!(
            answer.header("retry-after").parse::<u64>().unwrap() >= 1,
            "{fault:?}"
        );
        app.sim.clear_faults();
    }
    assert_eq!(cases(&app).await, 0);
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed")
    );
    eventually("logins work again", Duration::from_secs(10), async || {
        app.browser().scan(&person, "/").await.status == 303
    })
    .await;
}

#[sqlx::test]
async fn a_cloud_that_hangs_costs_a_person_eight_seconds_at_most(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    app.sim.fault(MATCH, Fault::Hang);
    let begun = std::time::Instant::now();
    let answer = app.browser().scan(&person, "/").await;
    assert_refused(
        &answer,
        503,
        "dingtalk_unavailable",
        "DingTalk cannot be reached",
    );
    assert!(
        begun.elapsed() < Duration::from_millis(8800),
        "{:?}",
        begun.elapsed()
    );
    app.sim.clear_faults();
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
}

#[sqlx::test]
async fn a_code_is_never_redeemed_twice(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    app.sim.fault(REDEEM, Fault::LoseAnswer);
    let answer = app.browser().scan(&person, "/").await;
    assert_eq!(answer.status, 503, "{}", answer.body);
    assert_eq!(app.sim.calls(REDEEM), 1);
}

#[sqlx::test]
async fn a_ban_of_our_address_pauses_all_calls_and_says_for_how_long(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    app.sim.fault_times(MATCH, Fault::Banned1111, 1);
    for _ in 0..2 {
        let answer = app.browser().scan(&person, "/").await;
        assert_refused(
            &answer,
            503,
            "dingtalk_unavailable",
            "DingTalk cannot be reached",
        );
        let wait: u64 = answer.header("retry-after").parse().unwrap();
        assert!((280..=300).contains(&wait), "{wait}");
    }
    assert_eq!(app.sim.calls(MATCH), 1, "the second login called nobody");
    app.execute("UPDATE rate_limit SET next_at = now() WHERE api = '*'")
        .await;
    assert_eq!(app.browser().scan(&person, "/").await.status, 303);
}

#[sqlx::test]
async fn what_only_an_operator_can_mend_is_said_to_the_administrators(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    let mut admin = app.admin().await;
    for (path, fault) in [
        (REDEEM, Fault::ErrCode(853_003)),
        (REDEEM, Fault::ErrCode(853_004)),
        (MATCH, Fault::ErrCode(60020)),
        (MATCH, Fault::sub_code("60011")),
        (MATCH, Fault::ErrCode(50002)),
        (MATCH, Fault::ErrCode(90020)),
        (MATCH, Fault::ErrCode(40079)),
    ] {
        app.sim.fault(path, fault.clone());
        let answer = app.browser().scan(&person, "/").await;
        assert_refused(&answer, 503, "misconfigured", "not set up correctly");
        assert_eq!(answer.header("retry-after"), "", "{fault:?}");
        app.sim.clear_faults();
    }
    assert_eq!(cases(&app).await, 0);
    assert_eq!(
        app.status_of(company::EMPLOYEE).await.as_deref(),
        Some("employed")
    );
    let page = admin.get("/admin/unmatched").await;
    assert!(page.body.contains("40079"), "{}", page.body);
}

#[sqlx::test]
async fn wrong_credentials_are_our_fault_and_nobody_elses(pool: PgPool) {
    let app = TestApp::spawn_empty(&pool, |s| {
        s.insert("DINGTALK_APP_SECRET".into(), "wrong".into());
    })
    .await;
    let answer = app
        .browser()
        .scan(&unionid(&app, company::EMPLOYEE), "/")
        .await;
    assert_refused(&answer, 503, "misconfigured", "not set up correctly");
    assert_eq!(cases(&app).await, 0);
}

#[sqlx::test]
async fn a_rejection_is_stronger_than_employment(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let newcomer = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    app.browser().scan(&newcomer.unionid, "/").await;
    app.execute("UPDATE unmatched_login SET state = 'rejected', decided_at = now(), decided_by = 'manager4220'").await;
    eventually(
        "the lookup for the review",
        Duration::from_secs(3),
        async || app.number("SELECT count(*) FROM unmatched_lookup").await == 0,
    )
    .await;
    let calls = app.sim.calls(MATCH);
    assert_refused(
        &app.browser().scan(&newcomer.unionid, "/").await,
        403,
        "rejected",
        "declined",
    );
    assert_eq!(
        app.sim.calls(MATCH),
        calls,
        "what the table knows is not asked of DingTalk"
    );
    app.deliver(
        &json!({"EventType": "user_add_org", "UserId": [newcomer.userid], "TimeStamp": "1"}),
    )
    .await;
    app.wait_for_status(&newcomer.userid, Some("employed"), Duration::from_secs(3))
        .await;
    assert_refused(
        &app.browser().scan(&newcomer.unionid, "/").await,
        403,
        "rejected",
        "declined",
    );
    let code = app.sim.in_app_code(&newcomer.userid);
    let answer = app
        .browser()
        .post_json("/login/in-app", &json!({"code": code}))
        .await;
    assert_refused(&answer, 403, "rejected", "");
}

#[sqlx::test]
async fn a_leaving_that_commits_during_a_login_wins(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    app.sim
        .fault_times(MATCH, Fault::Delay(Duration::from_millis(900)), 1);
    let mut browser = app.browser();
    let state = browser.begin("/").await;
    let code = app.sim.sns_code(&person);
    let event =
        json!({"EventType": "user_leave_org", "UserId": [company::EMPLOYEE], "TimeStamp": "1"});
    let (answer, ()) = tokio::join!(browser.come_back(&state, &code), async {
        tokio::time::sleep(Duration::from_millis(400)).await;
        app.deliver(&event).await;
    });
    assert_refused(&answer, 403, "left", "you’ve left the company");
    assert!(!browser.is_in().await);
}

#[sqlx::test]
async fn answers_inside_dingtalk_are_guarded_against_other_sites(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    for (name, value) in [
        ("origin", "https://evil.example"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let mut browser = app.browser();
        browser.headers.push((name, value.to_owned()));
        let code = app.sim.in_app_code(company::EMPLOYEE);
        assert_eq!(
            browser
                .post_json("/login/in-app", &json!({"code": code}))
                .await
                .status,
            403,
            "{name}: {value}"
        );
    }
    let mut browser = app.browser();
    let code = app.sim.in_app_code(company::EMPLOYEE);
    let body = json!({"code": code}).to_string();
    let answer = browser
        .send(
            reqwest::Method::POST,
            "/login/in-app",
            Some(("text/plain", body)),
        )
        .await;
    assert_eq!(answer.status, 415);
    browser.headers.push(("origin", app.url.clone()));
    browser
        .headers
        .push(("sec-fetch-site", "same-origin".to_owned()));
    assert_eq!(
        browser
            .post_json("/login/in-app", &json!({"code": code}))
            .await
            .status,
        200
    );
    assert_eq!(app.sim.calls(IN_APP), 1);
    assert_eq!(
        app.sim.calls(MATCH),
        0,
        "no look is needed for somebody whom the table holds"
    );
}

#[sqlx::test]
async fn a_refusal_does_not_wait_for_a_sync_that_writes_the_person(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    app.sim.fault_times(MATCH, Fault::ErrCode(60121), 1);
    let mut sync = pool.begin().await.unwrap();
    let write = "UPDATE staff SET updated_at = now() WHERE userid = 'zhangsan01';
        SELECT schedule_recheck('person', ARRAY['zhangsan01'], 'leave', ARRAY[now() + interval '1 minute'], true)";
    sqlx::raw_sql(write).execute(&mut *sync).await.unwrap();
    let answer = app.browser().scan(&person, "/").await;
    assert_refused(
        &answer,
        403,
        "left",
        "Our records show you’ve left the company",
    );
    sync.rollback().await.unwrap();
}

#[sqlx::test]
async fn a_phone_outside_dingtalk_is_led_into_it_and_may_scan_as_well(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |_| {}).await;
    let mut phone = app.browser();
    phone.headers.retain(|(name, _)| *name != "user-agent");
    let user_agent = "Mozilla/5.0 (Linux; Android 14; K) Chrome/126.0.0.0 Mobile Safari/537.36";
    phone.headers.push(("user-agent", user_agent.to_owned()));
    let page = phone.get("/login?rd=%2Fportal%3Fa%3D1").await.body;
    let (link, frame) = (
        page.find("https://applink.dingtalk.com/page/link?url="),
        page.find("<iframe"),
    );
    assert!(link.is_some() && link < frame, "{page}");
    // The address inside DingTalk leads on to the page that was wanted.
    assert!(
        page.contains("%2Flogin%3Frd%3D%252Fportal%253Fa%253D1\""),
        "{page}"
    );
    for evil in ["%2F%2Fevil.example", "https%3A%2F%2Fevil.example"] {
        let page = phone.get(&format!("/login?rd={evil}")).await.body;
        let link = page.split("applink.dingtalk.com").nth(1).unwrap();
        let link = link.split('"').next().unwrap();
        assert!(link.ends_with("%2Flogin%3Frd%3D%252F"), "{link}");
    }
    // DingTalk's website learns neither what was searched for nor an endless address.
    let page = phone
        .get("/login?rd=%2Fadmin%2Fstaff%3Fq%3D13800000003")
        .await;
    let link = page.body.split("applink.dingtalk.com").nth(1).unwrap();
    let link = link.split('"').next().unwrap();
    assert!(link.ends_with("rd%3D%252Fadmin%252Fstaff"), "{link}");
    let long = format!("/login?rd=%2F{}", "a".repeat(600));
    assert!(phone.get(&long).await.body.contains("rd%3D%252F\""));
    let desktop = app.browser().get("/login").await.body;
    assert!(!desktop.contains("applink"), "{desktop}");
}
