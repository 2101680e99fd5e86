//! The two servers, their database and a DingTalk that does not answer.

use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use dingtalk_sim::{Sim, SimConfig, SimHandle};
use serde_json::json;
use sqlx::{Connection as _, PgConnection};

use super::yardstick::TABLE;
use crate::load::{self, Load, Pattern};
use crate::process;
use crate::server::Server;
use crate::yardstick::{self, Part};

/// Callbacks made for each second of a load; none of the servers comes near.
const MOST_PER_SECOND: f64 = 25_000.0;
const CONNECTIONS: usize = 128;

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
    /// Accepts connections and never answers.
    _dingtalk: TcpListener,
}

impl Scene {
    pub async fn open(database: &str) -> Self {
        let sim = Sim::start(SimConfig::default()).unwrap();
        let dingtalk = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", dingtalk.local_addr().unwrap());
        let mut conn = PgConnection::connect(database).await.unwrap();
        // Somebody who has left: no first sync begins.
        sqlx::raw_sql(
            "INSERT INTO staff (userid, name, status, left_at, left_cause) VALUES ('former', 'former', 'left', now(), 'manual')",
        )
        .execute(&mut conn)
        .await
        .unwrap();
        sqlx::raw_sql(TABLE).execute(&mut conn).await.unwrap();
        let backend: i32 = sqlx::query_scalar("SELECT pg_backend_pid()")
            .fetch_one(&mut conn)
            .await
            .unwrap();
        let scene = Self {
            database: database.to_owned(),
            postmaster: process::parent(u32::try_from(backend).unwrap()),
            dinggate: Server::dinggate(&sim, database, &[("DINGTALK_OAPI_URL", url)]).await,
            yardstick: yardstick::start(Part::Events, &sim, database).await,
            sim,
            _dingtalk: dingtalk,
        };
        for target in [Target::Yardstick, Target::Recorded, Target::Directory] {
            scene.send(target, Duration::from_millis(500), None).await;
        }
        scene
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
            app: self.server(target).cpu(),
            postgres: process::cpu_of_family(self.postmaster),
        }
    }

    /// Sends events for some time.
    pub async fn send(&self, target: Target, time: Duration, per_second: Option<f64>) -> Load {
        let count = per_second.unwrap_or(MOST_PER_SECOND) * time.as_secs_f64();
        let requests = (0..count as usize).map(|_| self.request(target)).collect();
        let port = self.server(target).port;
        let pattern = Pattern {
            connections: CONNECTIONS,
            time,
            per_second,
        };
        load::run(port, requests, pattern).await
    }

    fn server(&self, target: Target) -> &Server {
        match target {
            Target::Yardstick => &self.yardstick,
            Target::Recorded | Target::Directory => &self.dinggate,
        }
    }

    fn request(&self, target: Target) -> Arc<[u8]> {
        let event_type = match target {
            Target::Yardstick | Target::Recorded => "org_admin_add",
            Target::Directory => "user_modify_org",
        };
        callback(&self.sim, event_type)
    }
}

/// Returns the request with a signed callback of an event that never occurred before.
pub fn callback(sim: &SimHandle, event_type: &str) -> Arc<[u8]> {
    let id = format!("{:032x}", rand::random::<u128>());
    // Events of one moment are rare; these are signed within a few milliseconds.
    let time = dinggate::upstream::unix_millis() - rand::random_range(0..3_600_000);
    let time = time.to_string();
    let event = json!({
        "eventId": id, "CorpId": sim.config().corp_id, "EventType": event_type,
        "UserId": [&id[..16]], "OptStaffId": "manager01", "TimeStamp": time,
    });
    let callback = sim.encrypt_event(&event);
    let request = format!(
        "POST /dingtalk/events?{} HTTP/1.1\r\nhost: 127.0.0.1\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{}",
        callback.query,
        callback.body.len(),
        callback.body
    );
    request.into_bytes().into()
}
