//! `docs/benchmarks.md`: a run replaces the sections that it measures, each with its commit, machine and date.

use std::fs;
use std::process::Command;
use std::sync::Mutex;

use chrono::Utc;
use sqlx::{Connection as _, PgConnection};

use crate::report;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/benchmarks.md");

/// The lines printed since the last section.
static LINES: Mutex<String> = Mutex::new(String::new());

/// The document, and where and when this run takes place.
pub struct Document {
    provenance: String,
}

impl Document {
    /// Describes this run: the commit, the date, the machine and the Postgres behind this URL.
    pub async fn open(server: &str) -> Self {
        let mut conn = PgConnection::connect(server).await.unwrap();
        let postgres: String = sqlx::query_scalar("SHOW server_version")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        let cores = std::thread::available_parallelism().unwrap();
        let provenance = format!(
            "Measured at commit {} on {} with {cores} cores ({}) and PostgreSQL {postgres} with its default durability.",
            commit(),
            Utc::now().format("%Y-%m-%d"),
            processor(),
        );
        Self { provenance }
    }

    /// Replaces a section.
    pub fn write(&self, title: &str, text: &str) {
        let text = format!("{}\n\n{}", text.trim_matches('\n'), self.provenance);
        let old = fs::read_to_string(FILE).unwrap_or_default();
        fs::write(FILE, report::with_section(&old, title, &text)).unwrap();
    }

    /// Replaces a section by this text and the lines printed since the last one.
    pub fn write_lines(&self, title: &str, text: &str) {
        let lines = std::mem::take(&mut *LINES.lock().unwrap());
        let lines = lines.trim_matches('\n');
        self.write(
            title,
            &format!("{}\n\n```text\n{lines}\n```", text.trim_matches('\n')),
        );
    }
}

/// Prints a line and keeps it for the section.
pub fn say(line: &str) {
    println!("{line}");
    let mut lines = LINES.lock().unwrap();
    lines.push_str(line);
    lines.push('\n');
}

fn commit() -> String {
    let describe = Command::new("git")
        .args(["describe", "--always", "--dirty", "--exclude=*"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output();
    let name = describe.map(|output| String::from_utf8_lossy(&output.stdout).trim().to_owned());
    name.ok()
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| "unknown".to_owned())
}

fn processor() -> String {
    let info = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    model
        .map_or("unknown", |name| name.trim_start_matches([' ', '\t', ':']))
        .to_owned()
}
