//! Servers that a part measures: Dinggate itself, or a yardstick.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use dingtalk_sim::SimHandle;

use crate::{process, program};

/// A program that is not ready by then never will be.
const START_LIMIT: Duration = Duration::from_mins(1);

/// A server that ends when dropped.
pub struct Server {
    process: Child,
    pub port: u16,
    /// How long it took until it was ready.
    pub started_in: Duration,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Server {
    /// Starts `dinggate serve` with these settings in addition, and waits until it is ready.
    pub async fn dinggate(sim: &SimHandle, database: &str, settings: &[(&str, String)]) -> Self {
        let port = program::free_port();
        let mut command = program::program(sim, database, port, "serve");
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Self::start(command, port, "/readyz").await
    }

    /// Starts a program and waits until this path answers 200.
    pub async fn start(mut command: Command, port: u16, path: &str) -> Self {
        let begun = Instant::now();
        let mut process = command.spawn().unwrap();
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = format!("http://127.0.0.1:{port}{path}");
        loop {
            let answer = client.get(&url).send().await;
            if answer.is_ok_and(|answer| answer.status() == 200) {
                break;
            }
            let ended = process.try_wait().unwrap();
            assert!(ended.is_none(), "the program has ended: {ended:?}");
            assert!(begun.elapsed() < START_LIMIT, "not ready at {url}");
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
        Self {
            process,
            port,
            started_in: begun.elapsed(),
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Returns its CPU time in seconds.
    pub fn cpu(&self) -> f64 {
        process::cpu_of(self.process.id())
    }

    /// Returns the memory that it holds now, in MB.
    pub fn memory(&self) -> f64 {
        process::memory_of(self.process.id())
    }
}
