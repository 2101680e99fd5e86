//! A Postgres of the test's own, which can be stalled without harm to other tests.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::support::free_port;

/// A running server with durable commits; ended, and its data removed, when dropped.
pub struct OwnPostgres {
    port: u16,
    home: PathBuf,
    options: Vec<String>,
    postmaster: Child,
}

impl OwnPostgres {
    pub async fn start() -> Self {
        Self::start_with(&[]).await
    }

    /// A server with settings such as `fsync=off`.
    pub async fn start_with(options: &[&str]) -> Self {
        let home = std::env::temp_dir().join(format!("dinggate-test-pg.{}", uuid::Uuid::new_v4()));
        std::fs::create_dir(&home).unwrap();
        if is_root() {
            let owned = Command::new("chown").arg("postgres").arg(&home).status();
            assert!(owned.unwrap().success());
        }
        let data = home.join("data");
        let made = program("initdb")
            .args(["--username=dinggate", "--auth=trust", "--encoding=UTF8"])
            .args(["--locale=C.UTF-8", "--no-sync"])
            .arg(format!("--pgdata={}", data.display()))
            .output()
            .unwrap();
        assert!(made.status.success(), "{made:?}");
        let port = free_port();
        let options: Vec<String> = options.iter().map(ToString::to_string).collect();
        let server = Self {
            port,
            postmaster: launch(&data, port, &options),
            home,
            options,
        };
        server.wait().await;
        server
    }

    async fn wait(&self) {
        let end = Instant::now() + Duration::from_secs(20);
        while sqlx::PgPool::connect(&self.url()).await.is_err() {
            assert!(Instant::now() < end, "Postgres has not started");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }

    pub fn url(&self) -> String {
        format!("postgres://dinggate@127.0.0.1:{}/postgres", self.port)
    }

    /// The folder of the data, to which files can be added.
    pub fn data(&self) -> PathBuf {
        self.home.join("data")
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Kills every process of the server at once, as the machine's memory manager would.
    pub fn crash(&mut self) {
        let id = self.postmaster.id().to_string();
        // It starts no more children then, and hears of no death.
        send("STOP", [id.as_str()]);
        let children = children(&id);
        send("KILL", children.split_whitespace().chain([id.as_str()]));
        self.postmaster.wait().unwrap();
    }

    /// Starts it anew on the same data and port.
    pub async fn restart(&mut self) {
        self.postmaster = launch(&self.data(), self.port, &self.options);
        self.wait().await;
    }

    /// Stops every process of the server, for so long.
    pub async fn stall(&self, duration: Duration) {
        self.signal("STOP");
        tokio::time::sleep(duration).await;
        self.signal("CONT");
    }

    /// Sends a signal to the postmaster and then to its children, of which it starts no more once it is stopped.
    fn signal(&self, name: &str) {
        let id = self.postmaster.id().to_string();
        send(name, [id.as_str()]);
        send(name, children(&id).split_whitespace());
    }
}

fn launch(data: &Path, port: u16, options: &[String]) -> Child {
    program("postgres")
        .arg("-D")
        .arg(data)
        .args(["-p", &port.to_string()])
        .args(["-c", "listen_addresses=127.0.0.1"])
        .args(["-c", "unix_socket_directories="])
        .args(["-c", "timezone=UTC"])
        .args(options.iter().flat_map(|option| ["-c", option]))
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

fn children(id: &str) -> String {
    let listed = Command::new("pgrep").args(["-P", id]).output().unwrap();
    String::from_utf8(listed.stdout).unwrap()
}

impl Drop for OwnPostgres {
    fn drop(&mut self) {
        self.signal("CONT");
        // An immediate shutdown: the data is thrown away.
        send("QUIT", [self.postmaster.id().to_string().as_str()]);
        let _ = self.postmaster.wait();
        let _ = std::fs::remove_dir_all(&self.home);
    }
}

/// A process may have ended in the meantime.
fn send<'a>(signal: &str, ids: impl IntoIterator<Item = &'a str>) {
    let ids: Vec<&str> = ids.into_iter().collect();
    if !ids.is_empty() {
        let _ = Command::new("kill")
            .args(["-s", signal])
            .args(ids)
            .stderr(Stdio::null())
            .status();
    }
}

pub fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output().unwrap();
    id.stdout.trim_ascii() == b"0"
}

/// One of Postgres's programs, which refuse to run as root.
pub fn program(name: &str) -> Command {
    let program = find(name);
    let mut command = if is_root() {
        let mut command = Command::new("setpriv");
        command
            .args([
                "--reuid=postgres",
                "--regid=postgres",
                "--init-groups",
                "--pdeathsig=QUIT",
                "--",
            ])
            .arg(program);
        command
    } else {
        Command::new(program)
    };
    command.current_dir("/").env("LC_ALL", "C.UTF-8");
    command
}

/// The program of the release that the other tests use; else the newest of Debian's packages, which are not on the
/// PATH; else whatever is on the PATH.
fn find(name: &str) -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "what starts the tests says where Postgres is"
    )]
    let folder = std::env::var_os("TEST_POSTGRES_BIN");
    if let Some(folder) = folder {
        return Path::new(&folder).join(name);
    }
    let versions = std::fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten();
    let number = |path: &Path| path.file_name()?.to_str()?.parse::<u32>().ok();
    versions
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.join("bin").join(name).exists())
        .max_by_key(|path| number(path))
        .map_or_else(|| name.into(), |path| path.join("bin").join(name))
}
