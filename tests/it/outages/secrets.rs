//! What the log keeps to itself, however much it is asked to tell.

mod drive;
mod newer;

use std::time::Duration;

use dingtalk_sim::{NewPerson, Outsider, Person, SimHandle, company};
use serde_json::json;
use sqlx::PgPool;

use super::{SOON, Scene};
use crate::support::{Browser, reqwest_client};

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
        assert!(
            value.len() >= 6,
            "{what} is too short to be looked for: {value}"
        );
        self.0.push((what, value.to_owned()));
    }

    /// All cookies: whole, and the part that is the key itself.
    fn add_cookies(&mut self, browser: &Browser) {
        for value in browser.cookies.values() {
            self.add("a cookie", value);
            self.add(
                "the key in a cookie",
                &value[value.len() - value.len().min(43)..],
            );
        }
    }

    /// Looks for each in the forms in which it may have been written.
    fn assert_kept(&self, log: &str) {
        let mut told: Vec<String> = Vec::new();
        for (what, value) in &self.0 {
            let forms = forms(value);
            let line = log
                .lines()
                .find(|line| forms.iter().any(|form| line.contains(form.as_str())));
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
    let url = format!(
        "{}/gettoken?appkey={}&appsecret={}",
        scene.sim.url(),
        config.app_key,
        config.app_secret
    );
    let answer: serde_json::Value = reqwest_client()
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    answer["access_token"].as_str().unwrap().to_owned()
}

fn company(sim: &SimHandle) -> Vec<Person> {
    let mobile = NewPerson {
        name: "陈保密".to_owned(),
        mobile: MOBILE.to_owned(),
        departments: vec![1],
        ..NewPerson::default()
    };
    sim.hire_quietly(mobile).unwrap();
    sim.add_outsider(Outsider {
        unionid: "unionid-of-an-outsider".to_owned(),
        nick: NICK.to_owned(),
        external_userid: None,
    });
    sim.people()
}

async fn keeps_its_secrets(pool: PgPool, level: &str, format: &str) {
    let mut scene = Scene::without_staff(&pool);
    let wire = scene.wired();
    let url = scene.settings["DATABASE_URL"]
        .replace("postgres@", &format!("postgres:{DATABASE_PASSWORD}@"));
    scene.settings.insert("DATABASE_URL".to_owned(), url);
    scene
        .settings
        .insert("DINGGATE_LOG".to_owned(), level.to_owned());
    scene
        .settings
        .insert("DINGGATE_LOG_FORMAT".to_owned(), format.to_owned());
    let mut people = company(&scene.sim);
    let mut secrets = Secrets::default();
    settings_that_are_secret(&scene, &mut secrets);
    for text in [BODY_TEXT, QUERY_TEXT, REASON, NICK] {
        secrets.add("a text", text);
    }
    for person in &people {
        for value in [&person.mobile, &person.email, &person.name]
            .into_iter()
            .filter(|value| value.len() >= 6)
        {
            secrets.add("what is personal", value);
        }
    }
    assert!(secrets.0.iter().any(|(_, value)| value == MOBILE));
    // Those who only sign in, with nothing happening to them.
    people.retain(|person| {
        ![company::ADMIN, company::LEADING_ZERO, company::BIG_ORDER]
            .contains(&person.userid.as_str())
    });
    // The first sync reads everybody.
    let mut process = scene.serve().await;
    scene
        .wait_for_number(
            "SELECT count(*) FROM sync_run WHERE state = 'done'",
            1,
            SOON,
        )
        .await;
    let mut admin = drive::logins(&scene, &process, &people, &mut secrets).await;
    drive::admin_pages(&mut admin, &mut secrets).await;
    secrets.add("the access token", &access_token(&scene).await);
    drive::events(&scene, &process, &mut secrets).await;
    drive::failures(&scene, &process, &wire, &people, &mut secrets).await;
    secrets.add("the new access token", &access_token(&scene).await);
    process.terminate();
    assert_eq!(process.ended(Duration::from_secs(12)).await, Some(0));
    let log = process.log();
    assert!(
        log.lines().count() > 50 && log.contains("signed in"),
        "{log}"
    );
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
