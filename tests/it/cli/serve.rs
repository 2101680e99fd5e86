//! `dinggate serve` as a process: signals and exit codes.

use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use sqlx::PgPool;

use super::{Ended, program, surroundings};
use crate::support::{Settings, without_schema};

/// Waits for a child that must end soon, and reads what it said.
fn wait(mut child: Child, within: Duration) -> Ended {
    let end = Instant::now() + within;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > end {
            child.kill().unwrap();
            panic!("not ended within {within:?}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

fn start(settings: &Settings, args: &[&str]) -> Child {
    program(settings, args)
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn signal(child: &Child, name: &str) {
    let sent = std::process::Command::new("kill")
        .args(["-s", name, &child.id().to_string()])
        .status();
    assert!(sent.unwrap().success());
}

/// Waits until an address of the service answers with this status.
async fn wait_for(settings: &Settings, path: &str, status: u16) {
    let url = format!("{}{path}", settings["DINGGATE_PUBLIC_URL"]);
    // An error means that this process has a provider already.
    let _installed = rustls::crypto::ring::default_provider().install_default();
    let http = reqwest::Client::builder().no_proxy().build().unwrap();
    crate::support::eventually(&url, Duration::from_secs(20), async || {
        http.get(&url)
            .send()
            .await
            .is_ok_and(|answer| answer.status() == status)
    })
    .await;
}

#[sqlx::test(migrations = false)]
async fn serve_applies_migrations_and_ends_with_0_on_either_signal(pool: PgPool) {
    without_schema(&pool).await;
    let (_sim, settings) = surroundings(&pool);
    for (args, name) in [(&[][..], "TERM"), (&["serve"][..], "INT")] {
        let child = start(&settings, args);
        wait_for(&settings, "/readyz", 200).await;
        signal(&child, name);
        let ended = wait(child, Duration::from_secs(15));
        assert_eq!(
            (ended.code, ended.out.as_str()),
            (Some(0), ""),
            "{args:?} {}",
            ended.err
        );
    }
}

#[sqlx::test(migrations = false)]
async fn serve_with_migrations_pending_and_off_ends_with_1_and_says_so(pool: PgPool) {
    without_schema(&pool).await;
    let (_sim, mut settings) = surroundings(&pool);
    settings.insert("DINGGATE_MIGRATE".to_owned(), "off".to_owned());
    let ended = wait(start(&settings, &["serve"]), Duration::from_secs(15));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains("migrations are pending") && ended.err.contains("dinggate migrate"),
        "{}",
        ended.err
    );
}

#[sqlx::test]
async fn serve_waits_for_postgres_and_still_ends_with_0(pool: PgPool) {
    let (_sim, mut settings) = surroundings(&pool);
    let nobody = crate::support::free_port();
    settings.insert(
        "DATABASE_URL".to_owned(),
        format!("postgres://gate:hunter2@127.0.0.1:{nobody}/gate"),
    );
    let child = start(&settings, &[]);
    wait_for(&settings, "/healthz", 200).await;
    wait_for(&settings, "/readyz", 503).await;
    signal(&child, "TERM");
    let ended = wait(child, Duration::from_secs(15));
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(!ended.err.contains("hunter2"), "{}", ended.err);
}

#[sqlx::test]
async fn serve_on_an_address_that_is_taken_ends_with_1_and_names_it(pool: PgPool) {
    let (_sim, settings) = surroundings(&pool);
    let _taken = std::net::TcpListener::bind(&settings["DINGGATE_LISTEN"]).unwrap();
    let ended = wait(start(&settings, &[]), Duration::from_secs(15));
    assert_eq!(ended.code, Some(1), "{ended:?}");
    assert!(
        ended.err.contains(&settings["DINGGATE_LISTEN"]) && ended.err.contains("DINGGATE_LISTEN"),
        "{}",
        ended.err
    );
}

#[sqlx::test]
async fn the_log_is_json_or_lines_for_people_and_always_on_stderr(pool: PgPool) {
    let (_sim, mut settings) = surroundings(&pool);
    settings.insert("DINGGATE_LOG".to_owned(), "info".to_owned());
    for (format, is_json) in [("json", true), ("pretty", false)] {
        settings.insert("DINGGATE_LOG_FORMAT".to_owned(), format.to_owned());
        let child = start(&settings, &[]);
        wait_for(&settings, "/readyz", 200).await;
        signal(&child, "TERM");
        let ended = wait(child, Duration::from_secs(15));
        assert_eq!((ended.code, ended.out.as_str()), (Some(0), ""));
        assert!(ended.err.lines().count() > 1);
        let parsed = |line| serde_json::from_str::<serde_json::Value>(line);
        for line in ended.err.lines() {
            assert_eq!(
                parsed(line).is_ok_and(|value| value["message"].is_string()),
                is_json,
                "{line}"
            );
        }
        assert!(
            !ended.err.contains(&settings["DINGTALK_APP_SECRET"]) && !ended.err.contains('\u{1b}'),
            "{}",
            ended.err
        );
    }
}
