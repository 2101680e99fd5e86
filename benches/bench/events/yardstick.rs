//! The yardstick: a minimal handler that verifies, decrypts, inserts one row and replies.

use std::process::{Child, Command, Stdio};

use actix_web::{App, HttpResponse, HttpServer, web};
use dinggate::upstream::{CallbackCrypto, EncryptedCallback, OwnerKeys, unix_millis};
use dingtalk_sim::SimHandle;
use rand::distr::{Alphanumeric, SampleString as _};
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

/// The variable that makes this program the yardstick: port, database, token, key and owner of the subscription.
pub const ROLE: &str = "BENCH_YARDSTICK";

/// As many as Dinggate has.
const CONNECTIONS: u32 = 20;

struct State {
    crypto: CallbackCrypto,
    pool: PgPool,
}

#[derive(Deserialize)]
struct Query {
    msg_signature: String,
    timestamp: String,
    nonce: String,
}

#[derive(Deserialize)]
struct Body {
    encrypt: String,
}

/// Starts this program as the yardstick.
pub fn start(sim: &SimHandle, database: &str, port: u16) -> Child {
    let cloud = sim.config();
    let role = [
        &port.to_string(),
        database,
        &cloud.callback_token,
        &cloud.callback_aes_key,
        &cloud.app_key,
    ];
    Command::new(std::env::current_exe().unwrap())
        .env(ROLE, role.join(" "))
        .stdin(Stdio::null())
        .spawn()
        .unwrap()
}

/// Serves until the process is killed.
pub fn serve(role: &str) {
    let role: Vec<&str> = role.split(' ').collect();
    let [port, database, token, key, owner] = role.try_into().unwrap();
    actix_web::rt::System::new().block_on(async {
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            // One statement less for each event.
            .test_before_acquire(false)
            .connect(database)
            .await
            .unwrap();
        let owner_keys = OwnerKeys::new(Some(owner), owner, owner);
        let state = web::Data::new(State {
            crypto: CallbackCrypto::new(token, key, owner_keys).unwrap(),
            pool,
        });
        let app = move || {
            App::new()
                .app_data(state.clone())
                .route("/dingtalk/events", web::post().to(receive))
        };
        let address = format!("127.0.0.1:{port}");
        HttpServer::new(app)
            .bind(address)
            .unwrap()
            .run()
            .await
            .unwrap();
    });
}

async fn receive(
    state: web::Data<State>,
    query: web::Query<Query>,
    body: web::Bytes,
) -> HttpResponse {
    let body: Body = serde_json::from_slice(&body).unwrap();
    let callback = EncryptedCallback {
        signature: &query.msg_signature,
        timestamp: &query.timestamp,
        nonce: &query.nonce,
        encrypt: &body.encrypt,
    };
    state.crypto.verify(&callback).unwrap();
    let opened = state.crypto.decrypt(callback.encrypt).unwrap();
    sqlx::query("INSERT INTO yardstick (event_type, body) VALUES ($1, $2)")
        .bind(opened.json["EventType"].as_str())
        .bind(&opened.json)
        .execute(&state.pool)
        .await
        .unwrap();
    let nonce = Alphanumeric.sample_string(&mut rand::rng(), 16);
    let reply = state
        .crypto
        .reply(&opened.owner_key, unix_millis(), &nonce, &rand::random());
    HttpResponse::Ok().json(reply)
}
