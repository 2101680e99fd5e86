//! How many statements a page takes. Each statement that sqlx sends counts, those that begin or end a transaction
//! too; the test that a connection still works, after it was idle, does not.

use std::fmt;
use std::fmt::Write as _;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use actix_web::http::StatusCode;
use actix_web::middleware::from_fn;
use actix_web::{App, test, web};
use dinggate::app::Application;
use dinggate::config::Config;
use dinggate::context::Context;
use dinggate::http::{self, Edge, LoginLimit, connections::Connections};
use dingtalk_sim::company;
use sqlx::PgPool;
use tracing::field::{Field, Visit};
use tracing::{Event, Level, Metadata, Subscriber, span};

use crate::support::{Browser, TestApp, free_port};

/// Records the statements of this thread.
#[derive(Clone, Default)]
struct Statements {
    seen: Arc<Mutex<Vec<String>>>,
    spans: Arc<AtomicUsize>,
}

impl Statements {
    /// Those of the pages: the settings of a new connection are none of theirs.
    fn take(&self) -> Vec<String> {
        let mut seen = std::mem::take(&mut *self.seen.lock().unwrap());
        seen.retain(|statement| !statement.contains("set_config('lock_timeout'"));
        seen
    }
}

/// The text of a statement, or its beginning where that is all of it.
#[derive(Default)]
struct Text(String);

impl Visit for Text {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if field.name() == "summary" || field.name() == "db.statement" {
            let _infallible = write!(self.0, "{value:?} ");
        }
    }
}

impl Subscriber for Statements {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "sqlx::query" && *metadata.level() <= Level::DEBUG
    }

    fn event(&self, event: &Event<'_>) {
        let mut text = Text::default();
        event.record(&mut text);
        self.seen.lock().unwrap().push(text.0);
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        let id = self.spans.fetch_add(1, Ordering::Relaxed) + 1;
        span::Id::from_u64(id.try_into().unwrap())
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}
    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}
    fn enter(&self, _: &span::Id) {}
    fn exit(&self, _: &span::Id) {}
}

/// A context like that of a running service, on the same tables and with the same keys.
fn context_beside(app: &TestApp) -> Context {
    let mut settings = app.settings.clone();
    settings.insert(
        "DINGGATE_LISTEN".to_owned(),
        format!("127.0.0.1:{}", free_port()),
    );
    let config = Config::load(settings, |path| std::fs::read_to_string(path));
    let config = config.map_err(|faults| faults.to_string()).unwrap();
    let beside = Application::build(config).unwrap();
    beside.context().set_ready();
    beside.context().clone()
}

/// Asks for each page in this very thread, and says which statements it took. The first answer only fills what is
/// kept in memory.
async fn statements_of(ctx: &Context, browser: &Browser, pages: &[&str]) -> Vec<Vec<String>> {
    let connections = Connections::new(100, Vec::new());
    let edge = web::Data::new(Edge::new(&ctx.config, connections));
    let limit = web::Data::new(LoginLimit::new(ctx.config.login.rate));
    let service = App::new()
        .app_data(web::Data::new(ctx.clone()))
        .app_data(limit)
        .app_data(edge)
        .configure(|cfg| http::configure(cfg, ctx))
        .wrap(from_fn(http::secure))
        .wrap(from_fn(http::log_request));
    let service = test::init_service(service).await;
    let cookies: Vec<String> = browser
        .cookies
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let statements = Statements::default();
    let mut taken = Vec::new();
    for page in pages {
        for _ in 0..2 {
            let _recorded = tracing::subscriber::set_default(statements.clone());
            statements.take();
            let request = test::TestRequest::get()
                .uri(page)
                .peer_addr("127.0.0.1:4711".parse().unwrap())
                .insert_header((
                    "host",
                    ctx.config.server.public_url.as_str().replace("http://", ""),
                ))
                .insert_header(("cookie", cookies.join("; ")));
            let answer = test::call_service(&service, request.to_request()).await;
            assert_eq!(answer.status(), StatusCode::OK, "{page}");
        }
        // Alerts are read once a second by a process, not by a page.
        let of_page = statements.take().into_iter();
        taken.push(of_page.filter(|sql| !sql.contains("FROM alert")).collect());
    }
    taken
}

#[sqlx::test]
async fn a_portal_page_takes_three_statements_and_a_list_four(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let (portal, lists) = (app.signed_in(company::EMPLOYEE).await, app.admin().await);
    // Neither session has to be marked as used within this minute.
    app.execute("UPDATE web_session SET last_seen_at = now()")
        .await;
    let ctx = context_beside(&app);
    let on_portal = statements_of(&ctx, &portal, &["/"]).await;
    assert_eq!(on_portal[0].len(), 3, "{:#?}", on_portal[0]);
    let pages = [
        "/admin/unmatched",
        "/admin/unmatched?q=a&state=rejected",
        "/admin/staff",
        "/admin/staff?q=a&status=employed&department=app-1",
        "/admin/departments",
        "/admin/departments?view=list",
        "/admin/events",
        "/admin/events?sort=state",
        "/admin/syncs",
        "/admin/webhooks",
        "/admin/queue",
        "/admin/sessions",
        "/admin/apps",
        "/admin/audit",
    ];
    for (page, taken) in pages.iter().zip(statements_of(&ctx, &lists, &pages).await) {
        assert!((2..=4).contains(&taken.len()), "{page}: {taken:#?}");
    }
}

#[sqlx::test]
async fn the_use_of_a_session_is_recorded_once_it_is_due(pool: PgPool) {
    let app = TestApp::spawn(&pool).await;
    let browser = app.signed_in(company::EMPLOYEE).await;
    app.execute("UPDATE web_session SET last_seen_at = now() - interval '2 minutes'")
        .await;
    assert_eq!(browser.clone().get("/").await.status, 200);
    let recent =
        "SELECT count(*) FROM web_session WHERE last_seen_at > now() - interval '1 minute'";
    assert_eq!(app.number(recent).await, 1);
}
