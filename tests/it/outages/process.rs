//! The program as a child process that can be killed.

use std::io::Read as _;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use crate::support::{Settings, eventually, reqwest_client};

/// A running `dinggate serve`; killed when dropped.
pub struct Process {
    pub url: String,
    child: Child,
    log: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Process {
    pub fn start(settings: &Settings) -> Self {
        let mut command = command(settings);
        command.arg("serve");
        Self::run(command, settings)
    }

    /// Starts it with a limit on open files that it cannot raise.
    pub fn start_with_open_files(settings: &Settings, limit: u32) -> Self {
        let program = command(settings).get_program().to_owned();
        let mut command = Command::new("/bin/sh");
        command.env_clear().envs(settings).arg("-c");
        command.arg(format!("ulimit -n {limit} && exec \"$0\" serve"));
        command.arg(program);
        Self::run(command, settings)
    }

    fn run(mut command: Command, settings: &Settings) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let (log, mut stderr) = (
            Arc::new(Mutex::new(Vec::new())),
            child.stderr.take().unwrap(),
        );
        let lines = Arc::clone(&log);
        let reader = std::thread::spawn(move || {
            let mut chunk = [0; 8192];
            while let Ok(read @ 1..) = stderr.read(&mut chunk) {
                lines.lock().unwrap().extend_from_slice(&chunk[..read]);
            }
        });
        Self {
            url: format!("http://{}", settings["DINGGATE_LISTEN"]),
            child,
            log,
            reader: Some(reader),
        }
    }

    pub async fn wait_until_ready(&self) {
        eventually(
            "the program is ready",
            Duration::from_secs(30),
            async || self.answers("/readyz", 200).await,
        )
        .await;
    }

    /// Whether an address answers with this status.
    pub async fn answers(&self, path: &str, status: u16) -> bool {
        let answer = reqwest_client()
            .get(format!("{}{path}", self.url))
            .send()
            .await;
        answer.is_ok_and(|answer| answer.status() == status)
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    pub fn is_running(&mut self) -> bool {
        self.child.try_wait().unwrap().is_none()
    }

    /// SIGKILL: nothing more is done, not even what is half done.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Sends SIGTERM.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    /// Stops it in the middle of whatever it does, until `resume`.
    pub fn pause(&self) {
        self.signal("STOP");
    }

    pub fn resume(&self) {
        self.signal("CONT");
    }

    fn signal(&self, name: &str) {
        let sent = Command::new("kill")
            .args(["-s", name, &self.child.id().to_string()])
            .status();
        assert!(sent.unwrap().success());
    }

    /// The exit code, once the program has ended by itself.
    pub async fn ended(&mut self, within: Duration) -> Option<i32> {
        let end = Instant::now() + within;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(
                Instant::now() < end,
                "not ended within {within:?}; its last words:\n{}",
                self.last_words()
            );
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// What the program has logged so far.
    pub fn log(&self) -> String {
        String::from_utf8_lossy(&self.log.lock().unwrap()).into_owned()
    }

    fn last_words(&self) -> String {
        let log = self.log();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(15)..].join("\n")
    }
}

/// The program, or another build of it.
fn command(settings: &Settings) -> Command {
    #[expect(clippy::disallowed_methods, reason = "no setting of the product's")]
    let other = std::env::var_os("DINGGATE_TEST_BINARY");
    let mut command = Command::new(other.unwrap_or(env!("CARGO_BIN_EXE_dinggate").into()));
    command.env_clear().envs(settings);
    command
}

/// Runs a command of the program that has to succeed.
pub async fn run_to_the_end(settings: &Settings, arguments: &[&str]) {
    let mut command = command(settings);
    command.args(arguments);
    let output = tokio::task::spawn_blocking(move || command.output()).await;
    let output = output.unwrap().unwrap();
    assert!(output.status.success(), "{output:?}");
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended before.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if let Some(reader) = self.reader.take() {
            let _ = reader.join();
        }
        if std::thread::panicking() {
            eprintln!("the last words of {}:\n{}", self.url, self.last_words());
        }
    }
}
