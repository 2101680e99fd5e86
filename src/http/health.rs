//! Liveness and readiness of the process.

use std::sync::Arc;
use std::time::{Duration, Instant};

use actix_web::{HttpResponse, web};
use serde_json::json;
use tokio::sync::Mutex;

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

/// How long a result is reused: anybody may ask, as often as they like.
const MAX_AGE: Duration = Duration::from_millis(500);

/// The last result of a check. One check runs at a time; requests that arrive meanwhile get its result.
#[derive(Debug, Clone, Default)]
pub struct CachedCheck(Arc<Mutex<Option<CheckResult>>>);

#[derive(Debug)]
struct CheckResult {
    at: Instant,
    is_writable: Option<bool>,
}

impl CachedCheck {
    async fn run(
        &self,
        check: impl Future<Output = Option<bool>> + Send + 'static,
    ) -> Option<bool> {
        let mut last = Arc::clone(&self.0).lock_owned().await;
        if let Some(last) = &*last
            && last.at.elapsed() < MAX_AGE
        {
            return last.is_writable;
        }
        // Runs as a task of its own: clients that disconnect would otherwise abort one check after the other, and
        // close a connection each time.
        let check = tokio::spawn(async move {
            let is_writable = check.await;
            let at = Instant::now();
            *last = Some(CheckResult { at, is_writable });
            is_writable
        });
        check.await.ok().flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use futures_util::FutureExt as _;
    use futures_util::future::join_all;

    use super::*;

    #[tokio::test]
    async fn one_check_answers_all_who_ask_meanwhile_also_when_the_first_goes_away() {
        let (cached, checks) = (CachedCheck::default(), Arc::new(AtomicUsize::new(0)));
        let ask = || {
            let checks = Arc::clone(&checks);
            cached.run(async move {
                checks.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Some(true)
            })
        };
        assert!(ask().now_or_never().is_none(), "it is abandoned");
        let answers = join_all((0..20).map(|_| ask())).await;
        assert_eq!(answers, [Some(true); 20]);
        assert_eq!(checks.load(Ordering::Relaxed), 1);
        let outdated = Instant::now().checked_sub(MAX_AGE).unwrap();
        *cached.0.lock().await = Some(CheckResult {
            at: outdated,
            is_writable: None,
        });
        assert_eq!(ask().await, Some(true));
        assert_eq!(checks.load(Ordering::Relaxed), 2);
    }
}
