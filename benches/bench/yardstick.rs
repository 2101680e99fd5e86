//! The yardsticks: minimal actix-web servers, each a process of its own because its CPU time and memory are measured.

use std::process::{Command, Stdio};
use std::sync::Arc;

use actix_web::{App, HttpServer, web};
use dingtalk_sim::SimHandle;

use crate::server::Server;
use crate::{events, logins, pages, program};

/// The variable that makes this program a yardstick.
const ROLE: &str = "BENCH_YARDSTICK";

/// As many connections to Postgres as Dinggate has.
pub const CONNECTIONS: u32 = 20;

/// Adds the handlers of a yardstick to an app.
pub type Routes = Arc<dyn Fn(&mut web::ServiceConfig) + Send + Sync>;

/// What a yardstick needs to know, as JSON in [`ROLE`].
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Role {
    pub part: Part,
    pub port: u16,
    pub database: String,
    /// The root URL of the simulated DingTalk.
    pub dingtalk: String,
    pub app_key: String,
    pub app_secret: String,
    pub login_app_id: String,
    pub login_app_secret: String,
    pub callback_token: String,
    pub callback_aes_key: String,
}

/// The part of the bench that a yardstick serves.
#[derive(Debug, Clone, Copy, serde::Serialize, serde::Deserialize)]
pub enum Part {
    Events,
    Pages,
    Logins,
}

/// Starts this program as a yardstick and waits until it is ready.
pub async fn start(part: Part, sim: &SimHandle, database: &str) -> Server {
    let free = program::free_port();
    let cloud = sim.config();
    let role = Role {
        part,
        port: free,
        database: database.to_owned(),
        dingtalk: sim.url(),
        app_key: cloud.app_key.clone(),
        app_secret: cloud.app_secret.clone(),
        login_app_id: cloud.login_app_id.clone(),
        login_app_secret: cloud.login_app_secret.clone(),
        callback_token: cloud.callback_token.clone(),
        callback_aes_key: cloud.callback_aes_key.clone(),
    };
    let mut command = Command::new(std::env::current_exe().unwrap());
    command
        .env(ROLE, serde_json::to_string(&role).unwrap())
        .stdin(Stdio::null());
    Server::start(command, free, "/ready").await
}

/// Serves until the process is killed, if this program was started as a yardstick; returns false otherwise.
pub fn serve() -> bool {
    let Ok(role) = std::env::var(ROLE) else {
        return false;
    };
    let role: Role = serde_json::from_str(&role).unwrap();
    actix_web::rt::System::new().block_on(async {
        let routes = match role.part {
            Part::Events => events::yardstick::routes(&role).await,
            Part::Pages => pages::yardstick::routes(&role).await,
            Part::Logins => logins::yardstick::routes(&role).await,
        };
        run(&role, routes).await;
    });
    true
}

async fn run(role: &Role, routes: Routes) {
    let app = move || {
        App::new()
            .configure(|cfg| routes(cfg))
            .route("/ready", web::get().to(async || "ready"))
    };
    HttpServer::new(app)
        .bind(("127.0.0.1", role.port))
        .unwrap()
        .run()
        .await
        .unwrap();
}
