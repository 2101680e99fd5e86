//! chromedriver: one process for all tests that run at the same time, ended after the last of them.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

const MISSING: &str = "is not installed, and the browser tests need it: `make test` installs it, \
                       or on Debian `apt-get install chromium chromium-driver`";

static RUNNING: Mutex<Weak<Driver>> = Mutex::new(Weak::new());

/// A running chromedriver; it ends with its browsers when the last one that holds it lets go.
pub struct Driver {
    process: Child,
    port: u16,
}

impl Driver {
    /// The chromedriver that is running, or a new one.
    pub fn get() -> Arc<Self> {
        let mut running = RUNNING.lock().unwrap_or_else(PoisonError::into_inner);
        running.upgrade().unwrap_or_else(|| {
            let driver = Arc::new(Self::start());
            *running = Arc::downgrade(&driver);
            driver
        })
    }

    fn start() -> Self {
        let spawned = Command::new("chromedriver")
            .arg("--port=0")
            .stdout(Stdio::piped())
            .spawn();
        let mut process =
            spawned.unwrap_or_else(|error| panic!("chromedriver {MISSING} ({error})"));
        let mut lines = BufReader::new(process.stdout.take().unwrap()).lines();
        let port = lines.find_map(|line| port_in(&line.ok()?));
        // What it says later is read as well, or a full pipe would stop it.
        std::thread::spawn(move || lines.for_each(drop));
        Self {
            process,
            port: port.expect("chromedriver says on which port it listens"),
        }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    fn ask_to_end(&self) -> std::io::Result<()> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port))?;
        stream.write_all(b"GET /shutdown HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n")
    }
}

impl Drop for Driver {
    /// Asked to end, it ends its browsers as well; killed, it would leave them behind.
    fn drop(&mut self) {
        let is_asked = self.ask_to_end().is_ok();
        let end = Instant::now() + Duration::from_secs(10);
        while is_asked && Instant::now() < end && matches!(self.process.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        // Both fail only where it has ended already.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn port_in(line: &str) -> Option<u16> {
    line.split_once("started successfully on port ")?
        .1
        .trim_end_matches('.')
        .parse()
        .ok()
}

/// Where Chromium is.
pub fn chromium() -> &'static str {
    let places = [
        "/usr/bin/chromium",
        "/usr/lib/chromium/chromium",
        "/usr/local/bin/chromium",
    ];
    let found = places
        .into_iter()
        .find(|place| std::path::Path::new(place).exists());
    found.unwrap_or_else(|| panic!("Chromium {MISSING}"))
}
