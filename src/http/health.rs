//! Whether the process lives, and whether it can serve.

use actix_web::{HttpResponse, web};
use serde_json::json;

use crate::context::Context;
use crate::store::StoreError;

pub fn configure(cfg: &mut web::ServiceConfig) {
    let alive = || async { HttpResponse::Ok().content_type("text/plain").body("ok\n") };
    cfg.service(
        web::resource("/healthz")
            .route(web::get().to(alive))
            .route(web::head().to(alive)),
    );
    cfg.service(
        web::resource("/readyz")
            .route(web::get().to(ready))
            .route(web::head().to(ready)),
    );
}

/// 200 when Postgres answers and the migrations are in place, else 503 with what is missing.
async fn ready(ctx: web::Data<Context>) -> HttpResponse {
    let answers = ctx
        .db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            crate::store::staff::now(&mut conn).await.map(drop)
        })
        .await;
    let missing = match answers {
        Err(StoreError::Unavailable(_) | StoreError::Statement(_)) => "Postgres does not answer",
        Ok(()) if !ctx.is_ready() => "migrations are not in place",
        Ok(()) => return HttpResponse::Ok().json(json!({"status": "ready"})),
    };
    HttpResponse::ServiceUnavailable().json(json!({"status": "not ready", "missing": missing}))
}
