//! Whether the process lives, and whether it can serve.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::context::Context;
use crate::store::db;

pub fn configure(cfg: &mut web::ServiceConfig) {
    let alive = || async { HttpResponse::Ok().content_type("text/plain").body("ok\n") };
    cfg.service(web::resource("/healthz").route(web::get().to(alive)));
    cfg.service(web::resource("/readyz").route(web::get().to(ready)));
}

/// 200 when Postgres answers and takes writes, and the migrations are in place, else 503 with what is missing.
async fn ready(ctx: web::Data<Context>) -> HttpResponse {
    let answers = ctx.db.read(async |conn| db::is_writable(conn).await).await;
    let missing = match answers {
        Err(_) => "Postgres does not answer",
        Ok(false) => "Postgres takes no writes",
        Ok(true) if !ctx.is_ready() => "migrations are not in place",
        Ok(true) => return HttpResponse::Ok().json(json!({"status": "ready"})),
    };
    HttpResponse::ServiceUnavailable().json(json!({"status": "not ready", "missing": missing}))
}
