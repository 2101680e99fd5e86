//! Liveness and readiness of the process.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::middleware::Edge;
use crate::context::Context;
use crate::store::Db;
use crate::store::db::{self, Share, with_share};

pub fn configure(cfg: &mut web::ServiceConfig) {
    let alive = || async { HttpResponse::Ok().content_type("text/plain").body("ok\n") };
    cfg.service(web::resource("/healthz").route(web::get().to(alive)));
    cfg.service(web::resource("/readyz").route(web::get().to(ready)));
}

/// Returns 200 when Postgres answers and accepts writes and the migrations are in place, else 503 with what is
/// missing.
async fn ready(ctx: web::Data<Context>, edge: web::Data<Edge>) -> HttpResponse {
    let db = ctx.db.clone();
    let missing = match edge.database_check.run(is_writable(db)).await {
        None => "Postgres does not answer",
        Some(false) => "Postgres takes no writes",
        Some(true) if !ctx.is_ready() => "migrations are not in place",
        Some(true) => return HttpResponse::Ok().json(json!({"status": "ready"})),
    };
    HttpResponse::ServiceUnavailable().json(json!({"status": "not ready", "missing": missing}))
}

/// Returns whether Postgres accepts writes, or `None` where it does not answer.
async fn is_writable(db: Db) -> Option<bool> {
    let read = db.read(async |conn| db::is_writable(conn).await);
    with_share(Share::Health, read).await.ok()
}
