use std::{
    io::{BufRead as _, BufReader, Read as _},
    process::{Child, Command, Stdio},
    time::Duration,
};

use serde_json::{Value, json};

use crate::support::{Receiver, client};

/// The program, ended with the test.
struct Program {
    child: Child,
    url: String,
}

impl Program {
    fn start(arguments: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dingtalk-sim"))
            .args(["--listen", "127.0.0.1:0"])
            .args(arguments)
            .envs(variables.iter().copied())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap())
            .read_line(&mut line)
            .unwrap();
        let url = line
            .trim()
            .strip_prefix("dingtalk-sim listens on ")
            .unwrap()
            .to_owned();
        Self { child, url }
    }

    /// The exit code after this signal.
    fn end_by(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", signal, &id])
                .status()
                .unwrap()
                .success()
        );
        self.child.wait().unwrap().code()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

async fn status(url: &str) -> Value {
    client()
        .get(format!("{url}/sim/api/status"))
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap()
}

#[actix_web::test]
async fn it_serves_until_a_signal_and_exits_clean() {
    for signal in ["INT", "TERM"] {
        let program = Program::start(&[], &[]);
        assert_eq!(
            status(&program.url).await["company"],
            dingtalk_sim::company::NAME
        );
        assert_eq!(program.end_by(signal), Some(0), "{signal}");
    }
}

#[actix_web::test]
async fn arguments_and_variables_set_it_up() {
    let program = Program::start(
        &[
            "--corp-id",
            "dingcorp",
            "--login-app-id",
            "dingoaown",
            "--callback-domain",
            "sso.example.com",
        ],
        &[("SIM_APP_KEY", "dingown"), ("SIM_CORP_ID", "dingignored")],
    );
    let status = status(&program.url).await;
    for (key, value) in [
        ("corp_id", "dingcorp"),
        ("app_key", "dingown"),
        ("login_app_id", "dingoaown"),
        ("callback_domain", "sso.example.com"),
    ] {
        assert_eq!(status[key], json!(value));
    }
    assert_eq!(status["callback_url"], Value::Null);
}

#[actix_web::test]
async fn a_large_company_and_other_limits_are_set_by_arguments() {
    let program = Program::start(
        &[
            "--people",
            "250",
            "--departments",
            "12",
            "--clock-skew",
            "-90",
        ],
        &[("SIM_CALLS_PER_SECOND", "3"), ("SIM_FAILED_SHAPE", "flat")],
    );
    let told = status(&program.url).await;
    assert_eq!(
        (&told["employed"], &told["departments"]),
        (&json!(250), &json!(13))
    );
    assert_eq!(told["failed_shape"], "flat");
    let http = client();
    let ask = || http.get(format!("{}/auth/scopes", program.url)).send();
    let first = ask().await.unwrap();
    let date = first.headers()["Date"].to_str().unwrap();
    let date = chrono::DateTime::parse_from_rfc2822(date)
        .unwrap()
        .timestamp();
    assert!((date - crate::support::now() / 1000 + 90).abs() <= 1);
    for _ in 0..2 {
        assert_eq!(
            ask().await.unwrap().json::<Value>().await.unwrap()["errcode"],
            41001
        );
    }
    let fourth: Value = ask().await.unwrap().json().await.unwrap();
    assert_eq!(fourth["sub_code"], "90018");
}

#[actix_web::test]
async fn it_sends_check_url_with_the_keys_it_was_given() {
    let config = dingtalk_sim::SimConfig {
        corp_id: "dingown".into(),
        callback_token: "owntoken".into(),
        callback_aes_key: "0aB1cD2eF3gH4iJ5kL6mN7oP8qR9sT0uV1wX2yZ3aB4".into(),
        owner_key: dingtalk_sim::OwnerKey::CorpId,
        ..dingtalk_sim::SimConfig::default()
    };
    let receiver = Receiver::start(&config, &[]);
    let program = Program::start(
        &[
            "--callback-url",
            &receiver.url,
            "--owner-key",
            "corpid",
            "--fields",
            "camel",
        ],
        &[
            ("SIM_CORP_ID", &config.corp_id),
            ("SIM_CALLBACK_TOKEN", &config.callback_token),
            ("SIM_CALLBACK_AES_KEY", &config.callback_aes_key),
        ],
    );
    let end = std::time::Instant::now() + Duration::from_secs(5);
    while status(&program.url).await["url_check"] != "ok" {
        assert!(std::time::Instant::now() < end);
        actix_web::rt::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(receiver.types(), ["check_url"]);
}

#[test]
fn what_it_cannot_use_ends_it_with_a_reason() {
    for (arguments, code, word) in [
        (["--callback-aes-key", "short"], 1, "43"),
        (["--owner-key", "other"], 2, "owner-key"),
        (["--listen", "nowhere"], 2, "listen"),
        (["--departments", "5"], 2, "--people"),
    ] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_dingtalk-sim"))
            .args(arguments)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut text = String::new();
        child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut text)
            .unwrap();
        assert_eq!(child.wait().unwrap().code(), Some(code), "{text}");
        assert!(text.contains(word), "{text}");
    }
}
