//! The program, as an operator runs it, and what it took.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dingtalk_sim::SimHandle;
use serde_json::Value;

use crate::process;

/// How a command ended.
pub struct Ended {
    pub took: Duration,
    /// The most memory that was resident at any time, in kB.
    pub peak: u64,
    pub out: String,
    /// How long each phase of the sync took, by its log.
    pub phases: BTreeMap<String, Duration>,
}

/// The program with the settings for this cloud and this database.
pub fn program(sim: &SimHandle, database: &str, port: u16, command: &str) -> Command {
    let cloud = sim.config();
    let address = format!("http://127.0.0.1:{port}");
    let mut program = Command::new(env!("CARGO_BIN_EXE_dinggate"));
    program.arg(command).env_clear().stdin(Stdio::null());
    program.envs([
        ("DATABASE_URL", database),
        ("DINGGATE_PUBLIC_URL", address.as_str()),
        ("DINGGATE_LISTEN", address.trim_start_matches("http://")),
        (
            "DINGGATE_SECRET_KEY",
            "c2VjcmV0LXNlY3JldC1zZWNyZXQt".repeat(4).as_str(),
        ),
        ("DINGGATE_LOG", "dinggate=info"),
        ("DINGTALK_CORP_ID", cloud.corp_id.as_str()),
        ("DINGTALK_APP_KEY", cloud.app_key.as_str()),
        ("DINGTALK_APP_SECRET", cloud.app_secret.as_str()),
        ("DINGTALK_CALLBACK_TOKEN", cloud.callback_token.as_str()),
        ("DINGTALK_CALLBACK_AES_KEY", cloud.callback_aes_key.as_str()),
        ("DINGTALK_OAPI_URL", sim.url().as_str()),
    ]);
    program
}

pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port()
}

/// Runs a full sync to its end.
pub fn sync(sim: &SimHandle, database: &str) -> Ended {
    let mut command = program(sim, database, free_port(), "sync");
    let begun = Instant::now();
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stderr = child.stderr.take().unwrap();
    let log = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let peak = watch(&mut child);
    let took = begun.elapsed();
    let mut out = String::new();
    child
        .stdout
        .take()
        .unwrap()
        .read_to_string(&mut out)
        .unwrap();
    let log = log.join().unwrap();
    assert!(child.wait().unwrap().success(), "{log}");
    Ended {
        took,
        peak,
        out,
        phases: log.lines().filter_map(phase).collect(),
    }
}

fn phase(line: &str) -> Option<(String, Duration)> {
    let line: Value = serde_json::from_str(line).ok()?;
    let took = Duration::from_millis(line["took_ms"].as_u64()?);
    Some((line["phase"].as_str()?.to_owned(), took))
}

/// Waits for a program's end; returns the most memory that it has held, in kB.
fn watch(child: &mut Child) -> u64 {
    let mut peak = 0;
    while child.try_wait().unwrap().is_none() {
        peak = process::peak_memory_of(child.id()).unwrap_or(0).max(peak);
        std::thread::sleep(Duration::from_millis(20));
    }
    peak
}
