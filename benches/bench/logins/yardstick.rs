//! The yardstick: what a login cannot do without.

use std::sync::Arc;

use actix_web::cookie::Cookie;
use actix_web::http::header::LOCATION;
use actix_web::{HttpResponse, web};
use dingtalk::{App, Client, ClientConfig};
use rand::distr::{Alphanumeric, SampleString as _};
use secrecy::SecretString;
use serde::Deserialize;
use sqlx::PgPool;
use sqlx::postgres::PgPoolOptions;

use crate::yardstick::{CONNECTIONS, Role, Routes};

const TABLES: &str = "
    CREATE TABLE yardstick_state (state text PRIMARY KEY);
    CREATE TABLE yardstick_session (key text PRIMARY KEY, userid text NOT NULL, created_at timestamptz NOT NULL DEFAULT now())";

struct State {
    dingtalk: Client,
    token: SecretString,
    pool: PgPool,
}

#[derive(Deserialize)]
struct Query {
    code: String,
    state: String,
}

pub async fn routes(role: &Role) -> Routes {
    let app = |key: &str, secret: &str| App {
        key: key.to_owned(),
        secret: SecretString::from(secret),
    };
    let own = app(&role.app_key, &role.app_secret);
    let dingtalk = Client::new(ClientConfig {
        oapi_url: role.dingtalk.parse().unwrap(),
        login_app: app(&role.login_app_id, &role.login_app_secret),
        ..ClientConfig::new(own).unwrap()
    });
    let dingtalk = dingtalk.unwrap();
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        // One statement less for each use.
        .test_before_acquire(false)
        .connect(&role.database)
        .await
        .unwrap();
    sqlx::raw_sql(TABLES).execute(&pool).await.unwrap();
    let state = web::Data::new(State {
        token: dingtalk.get_token().await.unwrap().value,
        dingtalk,
        pool,
    });
    Arc::new(move |cfg| {
        cfg.app_data(state.clone())
            .route("/login/qr", web::get().to(begin))
            .route("/login/callback", web::get().to(come_back));
    })
}

async fn begin(app: web::Data<State>) -> HttpResponse {
    let state = random();
    sqlx::query("INSERT INTO yardstick_state (state) VALUES ($1)")
        .bind(&state)
        .execute(&app.pool)
        .await
        .unwrap();
    let target = format!("https://login.example.com/?state={state}");
    HttpResponse::Found()
        .insert_header((LOCATION, target))
        .finish()
}

async fn come_back(app: web::Data<State>, query: web::Query<Query>) -> HttpResponse {
    let begun = sqlx::query("DELETE FROM yardstick_state WHERE state = $1")
        .bind(&query.state)
        .execute(&app.pool)
        .await
        .unwrap();
    assert_eq!(begun.rows_affected(), 1);
    let scanned = app.dingtalk.user_by_scan_code(&query.code).await.unwrap();
    let member = app
        .dingtalk
        .userid_by_unionid(&app.token, &scanned.unionid)
        .await
        .unwrap();
    let key = random();
    sqlx::query("INSERT INTO yardstick_session (key, userid) VALUES ($1, $2)")
        .bind(&key)
        .bind(&member.userid)
        .execute(&app.pool)
        .await
        .unwrap();
    HttpResponse::SeeOther()
        .insert_header((LOCATION, "/"))
        .cookie(Cookie::new("yardstick", key))
        .finish()
}

fn random() -> String {
    Alphanumeric.sample_string(&mut rand::rng(), 43)
}
