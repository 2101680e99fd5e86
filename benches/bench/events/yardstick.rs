//! The yardstick: a minimal handler that verifies, decrypts, inserts one row and replies.

use std::sync::Arc;

use actix_web::{HttpResponse, web};
use dinggate::upstream::{CallbackCrypto, EncryptedCallback, OwnerKeys, unix_millis};
use rand::distr::{Alphanumeric, SampleString as _};
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::yardstick::{CONNECTIONS, Role, Routes};

/// The table that [`routes`] write.
pub const TABLE: &str = "CREATE TABLE yardstick (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
     event_type text NOT NULL, body jsonb NOT NULL, received_at timestamptz NOT NULL DEFAULT now())";

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

pub async fn routes(role: &Role) -> Routes {
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        // One statement less for each event.
        .test_before_acquire(false)
        .connect(&role.database)
        .await
        .unwrap();
    let owner_keys = OwnerKeys::new(Some(&role.app_key), &role.app_key, &role.app_key);
    let crypto = CallbackCrypto::new(&role.callback_token, &role.callback_aes_key, owner_keys);
    let state = web::Data::new(State {
        crypto: crypto.unwrap(),
        pool,
    });
    Arc::new(move |cfg| {
        cfg.app_data(state.clone())
            .route("/dingtalk/events", web::post().to(receive));
    })
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
