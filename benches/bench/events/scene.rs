//! The two servers, their database and a DingTalk that does not answer.

use std::net::TcpListener;
use std::process::{Child, Stdio};
use std::time::Duration;

use dingtalk_sim::{Sim, SimConfig, SimHandle};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::load::{self, Load};
use super::{cpu, yardstick};
use crate::program;

/// Callbacks made for each second of a load; none of the servers comes near.
const MOST_PER_SECOND: f64 = 25_000.0;

#[derive(Clone, Copy)]
pub enum Target {
    Yardstick,
    Recorded,
    Directory,
}

impl Target {
    pub fn name(self) -> &'static str {
        match self {
            Self::Yardstick => "yardstick",
            Self::Recorded => "recorded",
            Self::Directory => "directory",
        }
    }
}

/// CPU time in seconds.
pub struct Cpu {
    pub app: f64,
    pub postgres: f64,
}

pub struct Scene {
    sim: SimHandle,
    database: String,
    dinggate: Server,
    yardstick: Server,
    postmaster: u32,
    /// The machine, for the report.
    pub machine: String,
    /// Accepts connections and never answers.
    _dingtalk: TcpListener,
}

/// A server that ends with the bench.
struct Server {
    process: Child,
    port: u16,
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

impl Scene {
    pub async fn open(database: &str) -> Self {
        let sim = Sim::start(SimConfig::default()).unwrap();
        let dingtalk = TcpListener::bind("127.0.0.1:0").unwrap();
        let mut conn = PgConnection::connect(database).await.unwrap();
        // Somebody who has left: no first sync begins.
        sqlx::raw_sql(
            "INSERT INTO staff (userid, name, status, left_at, left_cause) VALUES ('former', 'former', 'left', now(), 'manual');
             CREATE TABLE yardstick (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, event_type text NOT NULL,
                 body jsonb NOT NULL, received_at timestamptz NOT NULL DEFAULT now())",
        )
        .execute(&mut conn)
        .await
        .unwrap();
        let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        let version: String = sqlx::query_scalar("SHOW server_version")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        let (port, yard_port) = (program::free_port(), program::free_port());
        let process = program::program(&sim, database, port, "serve")
            .env(
                "DINGTALK_OAPI_URL",
                format!("http://{}", dingtalk.local_addr().unwrap()),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let dinggate = Server { process, port };
        let process = yardstick::start(&sim, database, yard_port);
        let yardstick = Server {
            process,
            port: yard_port,
        };
        let scene = Self {
            database: database.to_owned(),
            postmaster: cpu::parent(u32::try_from(backend).unwrap()),
            machine: machine(&version),
            sim,
            dinggate,
            yardstick,
            _dingtalk: dingtalk,
        };
        scene.wait_until_ready().await;
        scene
    }

    async fn wait_until_ready(&self) {
        let client = reqwest::Client::builder().no_proxy().build().unwrap();
        let ready = format!("http://127.0.0.1:{}/readyz", self.dinggate.port);
        let yardstick = format!("http://127.0.0.1:{}/", self.yardstick.port);
        while client.get(&yardstick).send().await.is_err()
            || !client
                .get(&ready)
                .send()
                .await
                .is_ok_and(|answer| answer.status() == 200)
        {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        for target in [Target::Yardstick, Target::Recorded, Target::Directory] {
            self.send(target, Duration::from_millis(500), None).await;
        }
    }

    /// Writes what earlier loads have left to write, so that it is not counted in the next one.
    pub async fn settle(&self) {
        let mut conn = PgConnection::connect(&self.database).await.unwrap();
        sqlx::raw_sql("CHECKPOINT")
            .execute(&mut conn)
            .await
            .unwrap();
    }

    pub fn cpu(&self, target: Target) -> Cpu {
        Cpu {
            app: cpu::of_process(self.server(target).process.id()),
            postgres: cpu::of_family(self.postmaster),
        }
    }

    /// Sends events for some time.
    pub async fn send(&self, target: Target, time: Duration, per_second: Option<f64>) -> Load {
        let count = per_second.unwrap_or(MOST_PER_SECOND) * time.as_secs_f64();
        let requests = (0..count as usize).map(|_| self.request(target)).collect();
        let port = self.server(target).port;
        let load = tokio::task::spawn_blocking(move || load::run(port, requests, time, per_second));
        load.await.unwrap()
    }

    fn server(&self, target: Target) -> &Server {
        match target {
            Target::Yardstick => &self.yardstick,
            Target::Recorded | Target::Directory => &self.dinggate,
        }
    }

    /// Returns a signed callback of an event that never occurred before.
    fn request(&self, target: Target) -> Vec<u8> {
        let id = format!("{:032x}", rand::random::<u128>());
        let event_type = match target {
            Target::Yardstick | Target::Recorded => "org_admin_add",
            Target::Directory => "user_modify_org",
        };
        // Events of one moment are rare; these are signed within a few milliseconds.
        let time = dinggate::upstream::unix_millis() - rand::random_range(0..3_600_000);
        let time = time.to_string();
        let event = json!({
            "eventId": id, "CorpId": self.sim.config().corp_id, "EventType": event_type,
            "UserId": [&id[..16]], "OptStaffId": "manager01", "TimeStamp": time,
        });
        let callback = self.sim.encrypt_event(&event);
        format!(
            "POST /dingtalk/events?{} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
            callback.query,
            callback.body.len(),
            callback.body
        )
        .into_bytes()
    }
}

fn machine(postgres: &str) -> String {
    let cores = std::thread::available_parallelism().unwrap();
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info
        .lines()
        .find_map(|line| line.strip_prefix("model name"));
    let model = model.map_or("unknown", |name| name.trim_start_matches([' ', '\t', ':']));
    format!("This run: {cores} cores ({model}), PostgreSQL {postgres} with its default durability.")
}
