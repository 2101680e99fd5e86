//! The program itself, as an operator runs it: exit codes, what goes to stdout and to stderr.

mod admin;
mod serve;
mod sync;

use std::process::{Command, Stdio};

use dingtalk_sim::SimHandle;
use sqlx::{ConnectOptions as _, PgPool};

use crate::support::{Settings, TestApp, free_port, settings, without_schema};

/// How a command ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// The program with these settings and nothing else in its environment.
pub fn program(settings: &Settings, args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_dinggate"));
    command
        .args(args)
        .env_clear()
        .envs(settings)
        .stdin(Stdio::null());
    command
}

pub fn run(settings: &Settings, args: &[&str]) -> Ended {
    let output = program(settings, args).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ended {
        code: output.status.code(),
        out: text(output.stdout),
        err: text(output.stderr),
    }
}

/// A cloud, and settings for it with the database of a test.
pub fn surroundings(pool: &PgPool) -> (SimHandle, Settings) {
    let sim = TestApp::cloud();
    let database = pool.connect_options().to_url_lossy().to_string();
    let mut settings = settings(free_port(), &sim, &database);
    settings.insert("DINGGATE_LOG".to_owned(), "warn".to_owned());
    (sim, settings)
}

#[test]
fn help_and_version_want_no_settings_and_end_with_0() {
    for args in [
        &["--help"][..],
        &["help"],
        &["serve", "--help"],
        &["migrate", "--help"],
        &["sync", "--help"],
        &["admin", "--help"],
        &["admin", "grant", "--help"],
        &["admin", "revoke", "--help"],
        &["admin", "list", "--help"],
        &["callback", "--help"],
        &["callback", "register", "--help"],
        &["callback", "show", "--help"],
        &["callback", "update", "--help"],
        &["callback", "delete", "--help"],
        &["callback", "failed", "--help"],
    ] {
        let ended = run(&Settings::new(), args);
        assert_eq!(ended.code, Some(0), "{args:?} {ended:?}");
        assert!(
            ended.out.contains("Usage: dinggate") && ended.err.is_empty(),
            "{args:?} {ended:?}"
        );
    }
    let version = run(&Settings::new(), &["--version"]);
    assert_eq!(
        (version.code, version.out.trim()),
        (Some(0), concat!("dinggate ", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn bad_usage_ends_with_2_and_leaves_stdout_alone() {
    for args in [
        &["nonsense"][..],
        &["serve", "--fast"],
        &["migrate", "now"],
        &["sync", "--dry"],
        &["admin"],
        &["admin", "grant"],
        &["admin", "grant", ""],
        &["admin", "revoke", "a", "b"],
        &["callback"],
        &["callback", "show", "--force"],
        &["callback", "register", "--events", "User Add"],
        &["callback", "register", "--events", ""],
        &["callback", "update", "--events"],
    ] {
        let ended = run(&Settings::new(), args);
        assert_eq!(ended.code, Some(2), "{args:?} {ended:?}");
        assert!(
            ended.err.contains("--help") && ended.out.is_empty(),
            "{args:?} {ended:?}"
        );
    }
}

#[test]
fn every_fault_of_the_settings_is_a_line_on_stderr_for_every_command() {
    let given = [
        ("DATABASE_URL", "postgres://gate:hunter2@db:port/gate"),
        ("DINGGATE_LISTNE", "x"),
        ("DINGTALK_CORP_ID", "ding1"),
    ];
    let settings: Settings = given
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect();
    for args in [
        &[][..],
        &["serve"],
        &["migrate"],
        &["sync"],
        &["admin", "list"],
    ] {
        let ended = run(&settings, args);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{args:?}");
        assert!(!ended.err.contains("hunter2"), "{}", ended.err);
        for name in [
            "DATABASE_URL",
            "DINGGATE_LISTNE",
            "DINGGATE_PUBLIC_URL",
            "DINGGATE_SECRET_KEY",
            "DINGTALK_APP_KEY",
            "DINGTALK_APP_SECRET",
            "DINGTALK_CALLBACK_TOKEN",
            "DINGTALK_CALLBACK_AES_KEY",
        ] {
            let told = ended.err.lines().filter(|line| {
                line.starts_with(&format!("{name}: ")) && line.contains("for example")
            });
            assert_eq!(told.count(), 1, "{name} in {}", ended.err);
        }
        assert_eq!(ended.err.lines().count(), 8, "{}", ended.err);
    }
}

#[sqlx::test(migrations = false)]
async fn migrate_prints_what_it_applies_and_then_has_nothing_to_do(pool: PgPool) {
    without_schema(&pool).await;
    let (_sim, settings) = surroundings(&pool);
    let first = run(&settings, &["migrate"]);
    assert_eq!(first.code, Some(0), "{first:?}");
    assert_eq!(
        first
            .out
            .lines()
            .filter(|line| line.starts_with("applied 20"))
            .count(),
        first.out.lines().count()
    );
    let second = run(&settings, &["migrate"]);
    assert_eq!(
        (second.code, second.out.as_str()),
        (Some(0), "nothing to apply: the schema is up to date\n")
    );
}

#[sqlx::test(migrations = false)]
async fn commands_without_a_schema_say_what_to_do(pool: PgPool) {
    without_schema(&pool).await;
    let (_sim, settings) = surroundings(&pool);
    for args in [&["admin", "list"][..], &["sync"]] {
        let ended = run(&settings, args);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{args:?}");
        assert!(
            ended.err.contains("migrations are pending") && ended.err.contains("dinggate migrate"),
            "{}",
            ended.err
        );
    }
}

#[sqlx::test]
async fn commands_without_postgres_fail_and_keep_its_password_to_themselves(pool: PgPool) {
    let (_sim, mut settings) = surroundings(&pool);
    settings.insert(
        "DATABASE_URL".to_owned(),
        format!("postgres://gate:hunter2@127.0.0.1:{}/gate", free_port()),
    );
    for args in [&["migrate"][..], &["admin", "list"], &["sync"]] {
        let ended = run(&settings, args);
        assert_eq!((ended.code, ended.out.as_str()), (Some(1), ""), "{args:?}");
        assert!(
            ended.err.contains("Postgres does not answer") && !ended.err.contains("hunter2"),
            "{}",
            ended.err
        );
    }
}
