//! What the log keeps to itself, however much it is asked to tell.

use std::time::Duration;

use dingtalk_sim::{Fault, NewPerson, Outsider, Overrides, Person, SimHandle, company};
use serde_json::json;
use sqlx::PgPool;

use super::wire::Weather;
use super::{Process, SOON, Scene, event, now_millis, push, reqwest_client};
use crate::support::{Browser, eventually};

const DATABASE_PASSWORD: &str = "pw-of-the-database-8841";
const NICK: &str = "某昵称7731";
const BODY_TEXT: &str = "text-of-an-event-5519";
const QUERY_TEXT: &str = "asked-in-a-query-6620";
const REASON: &str = "reason-given-3304";
const MOBILE: &str = "13900007788";

/// Values that must not be found, with what they are.
#[derive(Default)]
struct Secrets(Vec<(&'static str, String)>);

impl Secrets {
    fn add(&mut self, what: &'static str, value: &str) {
        assert!(value.len() >= 6, "{what} is too short to be looked for: {value}");
        self.0.push((what, value.to_owned()));
    }

    /// All cookies: whole, and the part that is the key itself.
    fn add_cookies(&mut self, browser: &Browser) {
        for value in browser.cookies.values() {
            self.add("a cookie", value);
            self.add("the key in a cookie", &value[value.len() - value.len().min(43)..]);
        }
    }

    /// Looks for each in the forms in which it may have been written.
    fn assert_kept(&self, log: &str) {
        let mut told: Vec<String> = Vec::new();
        for (what, value) in &self.0 {
            let forms = forms(value);
            let line = log.lines().find(|line| forms.iter().any(|form| line.contains(form.as_str())));
            told.extend(line.map(|line| format!("{what} ({value}) stands in the log: {line}")));
        }
        assert!(told.is_empty(), "{}", told.join("\n"));
    }
}

/// As it is, in a query, in JSON, as text in a Debug form, and as the bytes of one.
fn forms(value: &str) -> [String; 6] {
    let bytes: Vec<String> = value.bytes().map(|byte| byte.to_string()).collect();
    [
        value.to_owned(),
        url::form_urlencoded::byte_serialize(value.as_bytes()).collect(),
        json!(value).to_string().trim_matches('"').to_owned(),
        value.escape_debug().to_string(),
        value.as_bytes().escape_ascii().to_string(),
        bytes.join(", "),
    ]
}

fn settings_that_are_secret(scene: &Scene, secrets: &mut Secrets) {
    for name in [
        "DINGGATE_SECRET_KEY",
        "DINGTALK_APP_SECRET",
        "DINGTALK_LOGIN_APP_SECRET",
        "DINGTALK_CALLBACK_TOKEN",
        "DINGTALK_CALLBACK_AES_KEY",
    ] {
        secrets.add(name, &scene.settings[name]);
    }
    secrets.add("the database's password", DATABASE_PASSWORD);
}

async fn access_token(scene: &Scene) -> String {
    let config = scene.sim.config();
    let url = format!("{}/gettoken?appkey={}&appsecret={}", scene.sim.url(), config.app_key, config.app_secret);
    let answer: serde_json::Value = reqwest_client().get(url).send().await.unwrap().json().await.unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

/// A scan, with all that is secret about it.
async fn scan(scene: &Scene, process: &Process, unionid: &str, status: u16, secrets: &mut Secrets) -> Browser {
    let mut browser = scene.browser(process);
    let state = browser.begin(&format!("/admin/staff?q={QUERY_TEXT}")).await;
    let code = scene.sim.sns_code(unionid);
    secrets.add("a code", &code);
    secrets.add("a state", &state);
    let answer = browser.come_back(&state, &code).await;
    assert_eq!(answer.status, status, "{}", answer.body);
    secrets.add_cookies(&browser);
    browser
}

async fn drive_logins(scene: &Scene, process: &Process, people: &[Person], secrets: &mut Secrets) -> Browser {
    let admin = scan(scene, process, &scene.sim.person(company::ADMIN).unwrap().unionid, 303, secrets).await;
    let mut browser = scan(scene, process, &people[0].unionid, 303, secrets).await;
    secrets.add("a token against forged requests", &browser.csrf_token().await);
    assert_eq!(browser.post("/logout", &[]).await.status, 303);
    scan(scene, process, "unionid-of-an-outsider", 403, secrets).await;
    let code = scene.sim.in_app_code(&people[0].userid);
    secrets.add("a code inside DingTalk", &code);
    for status in [200, 401] {
        let answer = browser.post_json("/login/in-app", &json!({"code": code, "rd": format!("/?q={QUERY_TEXT}")})).await;
        assert_eq!(answer.status, status, "{}", answer.body);
    }
    let forged = "forged-code-or-state-2207";
    secrets.add("what a stranger sent", forged);
    assert_eq!(browser.come_back(forged, forged).await.status, 400);
    let state = browser.begin("/").await;
    assert_eq!(browser.come_back(&state, forged).await.status, 401);
    admin
}

async fn drive_admin_pages(admin: &mut Browser, secrets: &mut Secrets) {
    secrets.add("an administrator's token", &admin.csrf_token().await);
    for path in ["staff", "unmatched", "audit", "events", "sessions", "staff.csv", "unmatched.csv", "audit.csv"] {
        let answer = admin.get(&format!("/admin/{path}?q={QUERY_TEXT}&reason=all")).await;
        assert_eq!(answer.status, 200, "{path}");
    }
    let leave = format!("/admin/staff/{}/leave", company::LEADING_ZERO);
    assert!(admin.post(&leave, &[("reason", REASON)]).await.status < 400);
    assert_eq!(admin.post_bare(&leave, &[("reason", REASON), ("csrf_token", "wrong-token-9917")]).await.status, 403);
    secrets.add("a wrong token", "wrong-token-9917");
}

async fn drive_events(scene: &Scene, process: &Process, secrets: &mut Secrets) {
    let mut joining = event("joining", "user_add_org", company::TWO_DEPARTMENTS);
    joining["Remark"] = json!(BODY_TEXT);
    scene.deliver(process, &joining).await;
    scene.deliver(process, &json!({"EventType": BODY_TEXT, "odd": {"deep": [BODY_TEXT]}})).await;
    scene.deliver(process, &json!({"EventType": "user_add_org", "UserId": [{"x": BODY_TEXT}], "TimeStamp": BODY_TEXT})).await;
    scene.deliver(process, &json!({"EventType": "user_leave_org", "UserId": [company::BIG_ORDER], "Remark": BODY_TEXT})).await;
    let good = scene.sim.encrypt_event(&joining);
    for (what, value) in [("a signature", &good.signature), ("a nonce", &good.nonce), ("a message", &good.encrypt)] {
        secrets.add(what, value);
    }
    assert_eq!(push(&process.url, &good).await.unwrap().status, 200);
    let crafted = |message: &[u8], overrides: &Overrides| scene.sim.encrypt_with(message, overrides).unwrap();
    let stale = Overrides { timestamp: Some((now_millis() - 7_200_000).to_string()), ..Overrides::default() };
    let stranger = Overrides { owner_key: Some("ding-of-somebody-else-0042".to_owned()), ..Overrides::default() };
    secrets.add("another owner's key", "ding-of-somebody-else-0042");
    let body = json!({"EventType": "x", "text": BODY_TEXT}).to_string();
    for callback in [crafted(body.as_bytes(), &stale), crafted(body.as_bytes(), &stranger), crafted(BODY_TEXT.as_bytes(), &Overrides::default())] {
        assert_eq!(push(&process.url, &callback).await.unwrap().status, 403);
        secrets.add("a refused message", &callback.encrypt);
    }
    let url = format!("{}/dingtalk/events?{}", process.url, good.query);
    let answer = reqwest_client().post(url).body(format!("{{\"{BODY_TEXT}\"")).send().await.unwrap();
    assert_eq!(answer.status(), 400);
    scene.wait_for_number("SELECT count(*) FROM event WHERE state = 'waiting'", 0, SOON).await;
}

/// DingTalk and Postgres fail, each in several ways.
async fn drive_failures(scene: &Scene, process: &Process, wire: &super::Wire, people: &[Person], secrets: &mut Secrets) {
    for (fault, status) in [
        (Fault::ErrCode(40096), 503),
        (Fault::sub_code("60011"), 503),
        (Fault::Html, 503),
        (Fault::Http(500), 503),
        (Fault::TruncatedJson, 503),
        (Fault::LoseAnswer, 503),
        (Fault::CloseConnection, 503),
    ] {
        scene.sim.fault("*", fault);
        scene.execute("UPDATE call_pace SET next_at = now()").await;
        scan(scene, process, &people[0].unionid, status, secrets).await;
        scene.sim.clear_faults();
    }
    scene.execute("UPDATE call_pace SET next_at = now()").await;
    scene.sim.revoke_token();
    scan(scene, process, &people[1].unionid, 303, secrets).await;
    let mut browser = scan(scene, process, &people[0].unionid, 303, secrets).await;
    let callback = scene.sim.encrypt_event(&json!({"EventType": "lost", "text": BODY_TEXT}));
    for weather in [Weather::Refused, Weather::Swallowed, Weather::Cut] {
        wire.set(weather);
        assert_eq!(push(&process.url, &callback).await.unwrap().status, 503);
        assert_eq!(browser.get(&format!("/?q={QUERY_TEXT}")).await.status, 503);
        wire.set(Weather::Fair);
        eventually("it is ready again", SOON, async || process.answers("/readyz", 200).await).await;
    }
    // A statement that fails by a fault of ours.
    scene.execute("ALTER TABLE event ADD CONSTRAINT broken CHECK (event_type <> 'unlucky')").await;
    let unlucky = scene.sim.encrypt_event(&json!({"EventType": "unlucky", "text": BODY_TEXT}));
    assert_eq!(push(&process.url, &unlucky).await.unwrap().status, 503);
    scene.execute("ALTER TABLE audit_entry ADD CONSTRAINT broken CHECK (actor = '') NOT VALID").await;
    scan(scene, process, &people[0].unionid, 500, secrets).await;
}

fn company(sim: &SimHandle) -> Vec<Person> {
    let mobile = NewPerson { name: "陈保密".to_owned(), mobile: MOBILE.to_owned(), departments: vec![1], ..NewPerson::default() };
    sim.hire_quietly(mobile).unwrap();
    sim.add_outsider(Outsider { unionid: "unionid-of-an-outsider".to_owned(), nick: NICK.to_owned(), external_userid: None });
    sim.people()
}

async fn keeps_its_secrets(pool: PgPool, level: &str, format: &str) {
    let mut scene = Scene::without_staff(&pool);
    let wire = scene.wired();
    let url = scene.settings["DATABASE_URL"].replace("postgres@", &format!("postgres:{DATABASE_PASSWORD}@"));
    scene.settings.insert("DATABASE_URL".to_owned(), url);
    scene.settings.insert("DINGGATE_LOG".to_owned(), level.to_owned());
    scene.settings.insert("DINGGATE_LOG_FORMAT".to_owned(), format.to_owned());
    let mut people = company(&scene.sim);
    let mut secrets = Secrets::default();
    settings_that_are_secret(&scene, &mut secrets);
    for text in [BODY_TEXT, QUERY_TEXT, REASON, NICK] {
        secrets.add("a text", text);
    }
    for person in &people {
        for value in [&person.mobile, &person.email, &person.name].into_iter().filter(|value| value.len() >= 6) {
            secrets.add("what is personal", value);
        }
    }
    assert!(secrets.0.iter().any(|(_, value)| value == MOBILE));
    // Those who only sign in, with nothing happening to them.
    people.retain(|person| ![company::ADMIN, company::LEADING_ZERO, company::BIG_ORDER].contains(&person.userid.as_str()));
    // The first sync reads everybody.
    let process = scene.serve().await;
    scene.wait_for_number("SELECT count(*) FROM sync_run WHERE state = 'done'", 1, SOON).await;
    let mut admin = drive_logins(&scene, &process, &people, &mut secrets).await;
    drive_admin_pages(&mut admin, &mut secrets).await;
    secrets.add("the access token", &access_token(&scene).await);
    drive_events(&scene, &process, &mut secrets).await;
    drive_failures(&scene, &process, &wire, &people, &mut secrets).await;
    secrets.add("the new access token", &access_token(&scene).await);
    process.terminate();
    tokio::time::sleep(Duration::from_secs(1)).await;
    let log = process.log();
    assert!(log.lines().count() > 50 && log.contains("signed in"), "{log}");
    if let Ok(folder) = std::env::var("KEEP_LOGS") { std::fs::write(format!("{folder}/{level}-{format}.log"), &log).unwrap(); }
    secrets.assert_kept(&log);
}

#[sqlx::test]
async fn the_log_keeps_secrets_at_debug(pool: PgPool) {
    keeps_its_secrets(pool, "debug", "json").await;
}

#[sqlx::test]
async fn the_log_keeps_secrets_at_trace(pool: PgPool) {
    keeps_its_secrets(pool, "trace", "pretty").await;
}

#[sqlx::test]
async fn the_log_keeps_secrets_though_it_is_asked_for_what_libraries_do(pool: PgPool) {
    keeps_its_secrets(pool, "info,hyper=trace,sqlx=trace,actix_web=trace,actix_http=trace,actix_session=trace,reqwest=trace", "json").await;
}
