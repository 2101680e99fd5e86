//! Every row of the table of outcomes again, for those who come by DingTalk's newer login page.

mod faults;

use std::time::Duration;

use dingtalk_sim::{Fault, NewPerson, company};
use sqlx::PgPool;
use url::Url;

use crate::support::{Answer, Browser, Settings, TestApp};

const REDEEM: &str = "/v1.0/oauth2/userAccessToken";
const ME: &str = "/v1.0/contact/users/me";
const MATCH: &str = "/topapi/user/getbyunionid";

fn newer_page(settings: &mut Settings) {
    settings.insert("DINGTALK_LOGIN_FLOW".into(), "oauth2".into());
}

/// A service of the newer flow whose first sync has brought in the whole company.
async fn spawn(pool: &PgPool) -> TestApp {
    let app = TestApp::spawn_with(pool, newer_page).await;
    app.wait_for_first_sync().await;
    app
}

fn unionid(app: &TestApp, userid: &str) -> String {
    app.sim.person(userid).unwrap().unionid
}

/// Comes back with a code as DingTalk's page names it.
async fn come_back(browser: &mut Browser, state: &str, code: &str) -> Answer {
    let query = url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs([("authCode", code), ("state", state)])
        .finish();
    browser.get(&format!("/login/callback?{query}")).await
}

/// Agrees on DingTalk's page as the person of a unionid, all the way.
async fn agree(app: &TestApp, browser: &mut Browser, unionid: &str, rd: &str) -> Answer {
    let state = browser.begin(rd).await;
    let code = app.sim.oauth2_code(unionid);
    come_back(browser, &state, &code).await
}

fn assert_refused(answer: &Answer, status: u16, sentence: &str) {
    assert_eq!(answer.status, status, "{}", answer.body);
    assert!(
        answer.body.contains(sentence),
        "{sentence}: {}",
        answer.body
    );
}

async fn cases(app: &TestApp) -> i64 {
    app.number("SELECT count(*) FROM unmatched_login").await
}

/// Where `/login/qr` leads, with its query as it is written.
async fn leads_to(app: &TestApp) -> Url {
    let answer = app.browser().get("/login/qr?rd=/").await;
    assert_eq!(answer.status, 302);
    Url::parse(answer.location()).unwrap()
}

#[sqlx::test]
async fn the_way_to_dingtalks_page_says_all_that_it_wants(pool: PgPool) {
    let app = spawn(&pool).await;
    let target = leads_to(&app).await;
    let root = format!("{}/oauth2/auth?", app.sim.url());
    assert!(target.as_str().starts_with(&root), "{target}");
    let state = target.query_pairs().find(|(name, _)| name == "state");
    let cloud = app.sim.config();
    let expected = [
        ("redirect_uri", &*format!("{}/login/callback", app.url)),
        ("response_type", "code"),
        ("client_id", &cloud.login_app_id),
        ("scope", "openid corpid"),
        ("prompt", "consent"),
        ("state", &state.unwrap().1),
        ("corpId", &cloud.corp_id),
    ];
    let pairs: Vec<_> = target.query_pairs().into_owned().collect();
    let expected = expected.map(|(name, value)| (name.to_owned(), value.to_owned()));
    assert_eq!(pairs, expected);
    assert!(target.query().unwrap().contains("scope=openid%20corpid&"));
    let page = reqwest::get(target).await.unwrap();
    assert_eq!(page.status(), 200, "{}", page.text().await.unwrap());
}

#[sqlx::test]
async fn without_a_login_app_the_internal_one_is_named_and_redeems(pool: PgPool) {
    let app = TestApp::spawn_with(&pool, |s| {
        newer_page(s);
        s.remove("DINGTALK_LOGIN_APP_ID");
        s.remove("DINGTALK_LOGIN_APP_SECRET");
        s.insert("DINGTALK_LOGIN_EXCLUSIVE".into(), "on".into());
    })
    .await;
    app.wait_for_first_sync().await;
    let target = leads_to(&app).await;
    let cloud = app.sim.config().clone();
    let value = |name: &str| {
        let found = target.query_pairs().find(|(key, _)| key == name);
        found.map(|(_, value)| value.into_owned())
    };
    assert_eq!(value("client_id"), Some(cloud.app_key.clone()));
    assert_eq!(value("exclusiveLogin").as_deref(), Some("true"));
    assert_eq!(value("exclusiveCorpId"), Some(cloud.corp_id.clone()));
    assert_eq!(reqwest::get(target).await.unwrap().status(), 200);
    let mut browser = app.browser();
    let state = browser.begin("/").await;
    let person = unionid(&app, company::EMPLOYEE);
    let code = app
        .sim
        .oauth2_code_for(&cloud.app_key, &person, &cloud.corp_id);
    assert_eq!(come_back(&mut browser, &state, &code).await.status, 303);
}

#[sqlx::test]
async fn the_login_page_shows_the_newer_page_in_its_frame(pool: PgPool) {
    let app = spawn(&pool).await;
    let answer = app.browser().get("/login?rd=/").await;
    let src = answer
        .body
        .split_once("<iframe class=\"qr-frame\" src=\"")
        .unwrap()
        .1;
    let src = src
        .split_once('"')
        .unwrap()
        .0
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    let src = Url::parse(&src).unwrap();
    let value = |name: &str| {
        let found = src.query_pairs().find(|(key, _)| key == name);
        found
            .map(|(_, value)| value.into_owned())
            .unwrap_or_default()
    };
    assert_eq!(src.path(), "/oauth2/auth");
    assert_eq!(
        (&*value("iframe"), &*value("org_type")),
        ("true", "management")
    );
    assert_eq!(value("exclusiveLogin"), "");
    let policy = answer.header("content-security-policy");
    assert!(
        policy.contains(&format!("frame-src {};", app.sim.url())),
        "{policy}"
    );
    assert_eq!(reqwest::get(src).await.unwrap().status(), 200);
}

#[sqlx::test]
async fn an_employee_who_agrees_lands_where_they_wanted_to_go(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    let mut browser = app.browser();
    let answer = agree(&app, &mut browser, &person, "/?from=%E5%BC%A0").await;
    assert_eq!(
        (answer.status, answer.location()),
        (303, "/?from=%E5%BC%A0")
    );
    assert!(browser.is_in().await);
    // The other name of the code means the same.
    let state = browser.begin("/").await;
    let answer = browser
        .come_back(&state, &app.sim.oauth2_code(&person))
        .await;
    assert_eq!(answer.status, 303);
    assert_eq!(app.sim.calls("/sns/getuserinfo_bycode"), 0);
    let sessions = "SELECT count(*) FROM web_session WHERE method = 'oauth2'";
    assert_eq!(app.number(sessions).await, 1);
    let mut admin = app.browser();
    let boss = unionid(&app, company::ADMIN);
    assert_eq!(agree(&app, &mut admin, &boss, "/").await.status, 303);
    let page = admin.get("/admin/sessions?method=oauth2").await;
    assert!(page.body.contains("DingTalk’s page"), "{}", page.body);
    let trail = admin.get("/admin/audit").await;
    assert!(trail.body.contains("DingTalk’s page"), "{}", trail.body);
}

#[sqlx::test]
async fn codes_that_are_worth_nothing_here_are_invalid_and_use_the_state_up(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    let mut browser = app.browser();
    let used = app.sim.oauth2_code(&person);
    let state = browser.begin("/").await;
    assert_eq!(come_back(&mut browser, &state, &used).await.status, 303);
    let mut browser = app.browser();
    let cloud = app.sim.config();
    let codes = [
        used,
        app.sim.expired_oauth2_code(&person),
        "forged".into(),
        app.sim.sns_code(&person),
        app.sim.in_app_code(company::EMPLOYEE),
        app.sim
            .oauth2_code_for(&cloud.app_key, &person, &cloud.corp_id),
        "x".repeat(4000),
        String::new(),
    ];
    for code in codes {
        let state = browser.begin("/").await;
        let answer = come_back(&mut browser, &state, &code).await;
        assert_refused(&answer, 401, "The scan did not work");
        assert!(answer.body.contains("href=\"/login"), "a link to try again");
        let again = come_back(&mut browser, &state, &app.sim.oauth2_code(&person)).await;
        assert_refused(&again, 400, "no longer valid");
    }
    assert!(!browser.is_in().await);
    assert_eq!(cases(&app).await, 0);
    assert_eq!(app.number("SELECT count(*) FROM alert").await, 0);
}

#[sqlx::test]
async fn a_code_of_the_newer_page_is_worth_nothing_to_the_older_flow(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let code = app.sim.oauth2_code(&unionid(&app, company::EMPLOYEE));
    let mut browser = app.browser();
    let state = browser.begin("/").await;
    let answer = come_back(&mut browser, &state, &code).await;
    assert_refused(&answer, 401, "The scan did not work");
    assert_eq!(app.sim.calls(REDEEM), 0);
}

#[sqlx::test]
async fn whoever_declines_is_told_so_and_has_used_the_state_up(pool: PgPool) {
    let app = spawn(&pool).await;
    let code = app.sim.oauth2_code(&unionid(&app, company::EMPLOYEE));
    let mut browser = app.browser();
    for more in ["", "&authCode=", &format!("&authCode={code}")] {
        let state = browser.begin("/").await;
        let path = format!("/login/callback?error=access_denied&state={state}{more}");
        let answer = browser.get(&path).await;
        assert_refused(&answer, 401, "The sign-in was cancelled");
        assert_refused(&browser.get(&path).await, 400, "no longer valid");
    }
    let answer = browser.get("/login/callback?error=access_denied").await;
    assert_refused(&answer, 400, "no longer valid");
    assert_eq!(app.sim.calls(REDEEM), 0);
    assert!(!browser.is_in().await);
}

#[sqlx::test]
async fn who_has_left_or_never_was_an_employee_is_refused_and_listed(pool: PgPool) {
    let app = spawn(&pool).await;
    let leaver = unionid(&app, company::EMPLOYEE);
    app.sim.dismiss(company::EMPLOYEE).unwrap();
    app.wait_for_status(company::EMPLOYEE, Some("left"), Duration::from_secs(2))
        .await;
    let not_ours = "You are not a member of this company";
    for (person, sentence) in [
        (&*leaver, "Our records show you’ve left the company"),
        (company::STRANGER_UNIONID, not_ours),
        (company::EXTERNAL_UNIONID, not_ours),
    ] {
        let mut browser = app.browser();
        let answer = agree(&app, &mut browser, person, "/").await;
        assert_refused(&answer, 403, sentence);
        assert!(!browser.is_in().await);
    }
    let listed = "SELECT count(*) FROM unmatched_login WHERE reason IN ('left', 'not_employee')";
    assert_eq!(app.number(listed).await, 3);
    assert_eq!(app.number("SELECT count(*) FROM web_session").await, 0);
}

#[sqlx::test]
async fn whom_the_company_no_longer_knows_is_refused_as_having_left(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = unionid(&app, company::EMPLOYEE);
    app.sim.fault_times(MATCH, Fault::ErrCode(60121), 1);
    let answer = agree(&app, &mut app.browser(), &person, "/").await;
    assert_refused(&answer, 403, "Our records show you’ve left the company");
}

#[sqlx::test]
async fn newcomers_wait_for_review_and_a_rejection_stands(pool: PgPool) {
    let app = spawn(&pool).await;
    let newcomer = app.sim.hire_quietly(NewPerson::named("韩梅梅")).unwrap();
    let answer = agree(&app, &mut app.browser(), &newcomer.unionid, "/").await;
    assert_refused(&answer, 403, "waiting for review");
    assert!(answer.body.contains("韩梅梅"), "the nick: {}", answer.body);
    app.execute("UPDATE unmatched_login SET state = 'rejected', decided_at = now(), decided_by = 'manager4220'").await;
    let answer = agree(&app, &mut app.browser(), &newcomer.unionid, "/").await;
    assert_refused(&answer, 403, "declined");
}

#[sqlx::test]
async fn the_company_that_somebody_chose_proves_nothing_either_way(pool: PgPool) {
    let app = spawn(&pool).await;
    let cloud = app.sim.config().clone();
    let come_as = async |person: &str, corp_id: &str| {
        let mut browser = app.browser();
        let state = browser.begin("/").await;
        let code = app
            .sim
            .oauth2_code_for(&cloud.login_app_id, person, corp_id);
        come_back(&mut browser, &state, &code).await
    };
    let employee = unionid(&app, company::EMPLOYEE);
    assert_eq!(come_as(&employee, "dingsomeothercompany").await.status, 303);
    let stranger = come_as(company::STRANGER_UNIONID, &cloud.corp_id).await;
    assert_refused(&stranger, 403, "You are not a member of this company");
}

#[sqlx::test]
async fn two_logins_that_interleave_are_each_themselves(pool: PgPool) {
    let app = spawn(&pool).await;
    let [one, other] =
        [company::EMPLOYEE, company::LEADING_ZERO].map(|userid| app.sim.person(userid).unwrap());
    for slow in [REDEEM, ME, MATCH] {
        // The one who comes first is overtaken by the other at each of the steps.
        app.sim
            .fault_times(slow, Fault::Delay(Duration::from_millis(700)), 1);
        let (mut first, mut second) = (app.browser(), app.browser());
        let states = [first.begin("/").await, second.begin("/").await];
        let codes = [&one, &other].map(|person| app.sim.oauth2_code(&person.unionid));
        let (a, b) = tokio::join!(come_back(&mut first, &states[0], &codes[0]), async {
            tokio::time::sleep(Duration::from_millis(200)).await;
            come_back(&mut second, &states[1], &codes[1]).await
        });
        assert_eq!((a.status, b.status), (303, 303), "{slow}");
        for (browser, person) in [(&mut first, &one), (&mut second, &other)] {
            assert!(browser.get("/").await.body.contains(&person.name), "{slow}");
        }
    }
    // In one browser, one after the other.
    let mut browser = app.browser();
    for person in [&one, &other, &one] {
        agree(&app, &mut browser, &person.unionid, "/").await;
        assert!(browser.get("/").await.body.contains(&person.name));
    }
}

#[sqlx::test]
async fn the_persons_token_is_kept_nowhere(pool: PgPool) {
    let app = spawn(&pool).await;
    let person = app.sim.person(company::EMPLOYEE).unwrap();
    let granted = serde_json::json!({
        "accessToken": "planted-access-token", "refreshToken": "planted-refresh-token",
        "expireIn": 7200, "corpId": app.sim.config().corp_id,
    });
    let me = serde_json::json!({"nick": person.nick, "unionId": person.unionid});
    app.sim.fault_times(REDEEM, Fault::Json(granted), 1);
    app.sim.fault_times(ME, Fault::Json(me), 1);
    let mut browser = app.browser();
    assert_eq!(
        agree(&app, &mut browser, &person.unionid, "/").await.status,
        303
    );
    let tables_with = async |text: &str| {
        let statement = format!(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND query_to_xml(
                 format('SELECT t::text FROM %I t', tablename), true, false, '')::text LIKE '%{text}%'"
        );
        app.number(&statement).await
    };
    assert_eq!(tables_with("planted").await, 0);
    // The session, the audit trail and the pace of calls: all tables are looked at.
    assert!(tables_with("oauth2").await >= 3);
}
