//! `dinggate doctor` as a process: what it finds right, and what it says of each fault.

mod address;
mod dingtalk;
mod hanging;
mod output;
mod permissions;
mod postgres;
mod records;
mod standin;
mod subscription;

use std::process::{Command, Stdio};

use dingtalk_sim::SimHandle;
use serde_json::Value;
use sqlx::{ConnectOptions as _, PgPool};

use crate::support::{Settings, TestApp, free_port, settings};

/// How a run ended.
struct Ended {
    code: Option<i32>,
    out: String,
    err: String,
}

/// One check of the document.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Found {
    status: String,
    detail: String,
    action: String,
}

impl Found {
    /// Fails unless the check came out so and its detail and action hold these words.
    #[track_caller]
    fn is(&self, status: &str, detail: &str, action: &str) {
        assert!(
            self.status == status && self.detail.contains(detail) && self.action.contains(action),
            "wanted {status}, {detail:?}, {action:?} and found {self:?}"
        );
    }
}

/// A report by the names of its checks; where a name stands several times, all of them in order.
struct Report {
    code: Option<i32>,
    checks: Vec<(String, Found)>,
}

impl Report {
    #[track_caller]
    fn check(&self, name: &str) -> &Found {
        let found: Vec<_> = self.all(name);
        assert_eq!(found.len(), 1, "{name} in {:?}", self.checks);
        found[0]
    }

    fn all(&self, name: &str) -> Vec<&Found> {
        let named = self.checks.iter().filter(|(found, _)| found == name);
        named.map(|(_, check)| check).collect()
    }

    /// The names of the checks that came out so.
    fn with_status(&self, status: &str) -> Vec<&str> {
        let same = self
            .checks
            .iter()
            .filter(|(_, check)| check.status == status);
        same.map(|(name, _)| name.as_str()).collect()
    }
}

/// Runs the doctor with these settings and nothing else in its environment. No secret of the settings may
/// stand in what it says, whatever it finds.
fn run(settings: &Settings, args: &[&str]) -> Ended {
    let output = Command::new(env!("CARGO_BIN_EXE_dinggate"))
        .arg("doctor")
        .args(args)
        .env_clear()
        .envs(settings)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    for (name, value) in settings {
        let is_secret = ["SECRET", "TOKEN", "AES_KEY"]
            .iter()
            .any(|part| name.contains(part));
        assert!(
            !is_secret || !(out.contains(value) || err.contains(value)),
            "{name} stands in {out}{err}"
        );
    }
    assert!(
        !out.contains("hunter2") && !err.contains("hunter2"),
        "{out}{err}"
    );
    Ended {
        code: output.status.code(),
        out,
        err,
    }
}

/// Runs the doctor and reads its document.
fn examine(settings: &Settings) -> Report {
    let ended = run(settings, &["--json"]);
    assert_eq!(ended.err, "", "{}", ended.out);
    let document: Value = serde_json::from_str(&ended.out).unwrap();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let checks = document["checks"].as_array().unwrap().iter().map(|check| {
        let found = Found {
            status: text(&check["status"]),
            detail: text(&check["detail"]),
            action: text(&check["action"]),
        };
        (text(&check["name"]), found)
    });
    let report = Report {
        code: ended.code,
        checks: checks.collect(),
    };
    let has_failed = !report.with_status("failure").is_empty();
    assert_eq!(document["ok"], !has_failed, "{}", ended.out);
    assert_eq!(report.code, Some(i32::from(has_failed)), "{}", ended.out);
    // Whoever reads a warning or a failure is told what to do.
    for (name, check) in &report.checks {
        let wants_action = matches!(check.status.as_str(), "warning" | "failure");
        assert_eq!(wants_action, !check.action.is_empty(), "{name}: {check:?}");
    }
    report
}

/// A cloud, and settings for it with the database of a test; no service runs.
fn surroundings(pool: &PgPool) -> (SimHandle, Settings) {
    let sim = TestApp::cloud();
    let database = pool.connect_options().to_url_lossy().to_string();
    let settings = settings(free_port(), &sim, &database);
    (sim, settings)
}

/// Settings with some of them changed.
fn with(settings: &Settings, changes: &[(&str, &str)]) -> Settings {
    let mut all = settings.clone();
    for (name, value) in changes {
        all.insert((*name).to_owned(), (*value).to_owned());
    }
    all
}
