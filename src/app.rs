//! The service: assembles the parts, binds, waits for Postgres, serves, shuts down.

mod descriptors;

use std::convert::Infallible;
use std::net::TcpListener;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::{App, HttpServer, web};
use anyhow::Context as _;
use tokio_util::sync::CancellationToken;

use crate::config::{Config, DatabasePooler, Migrate};
use crate::context::Context;
use crate::http::Edge;
use crate::http::connections::{Connections, HEAD_TIMEOUT, KEEP_ALIVE, RESERVE};
use crate::service::webhooks;
use crate::store::{Db, Pooler, StoreError, migrations};
use crate::{http, jobs};

/// Timeout for requests in flight on shutdown.
const SHUTDOWN: Duration = Duration::from_secs(10);
/// Timeout for the workers on shutdown; with the closing of the pool it stays below [`SHUTDOWN`].
const WORKERS_SHUTDOWN: Duration = Duration::from_secs(7);
/// Timeout for closing the pool, including the writes that precede it.
const CLOSING: Duration = Duration::from_secs(2);
/// Connections to Postgres for the pages, the events and the workers of one instance.
const MAX_CONNECTIONS: u32 = 20;

/// Connections that actix may have accepted and not yet registered, or closed and not yet dropped.
const SPARE_CONNECTIONS: usize = 128;
/// Connections that the kernel has established and actix has not yet accepted.
const BACKLOG: i32 = 1024;

/// A service that has bound its port.
pub struct Application {
    ctx: Context,
    port: u16,
    server: Server,
    edge: web::Data<Edge>,
}

/// Creates the context that all use cases share; does not connect to anything yet.
pub fn context(config: Config) -> anyhow::Result<Context> {
    let pooler = match config.database.pooler {
        DatabasePooler::Off => Pooler::Off,
        DatabasePooler::Transaction => Pooler::Transaction,
    };
    let db = Db::lazy(config.database.options.clone(), pooler, MAX_CONNECTIONS)
        .with_direct(config.database.direct.clone());
    Context::new(config, db).context("the HTTP client for DingTalk cannot be built")
}

impl Application {
    /// Binds the listen address. Postgres need not be reachable yet.
    pub fn build(config: Config) -> anyhow::Result<Self> {
        Self::of_context(context(config)?)
    }

    /// Binds the listen address for an existing context.
    pub fn of_context(ctx: Context) -> anyhow::Result<Self> {
        let listen = ctx.config.server.listen;
        let listener = TcpListener::bind(listen)
            .with_context(|| format!("cannot listen on {listen} (DINGGATE_LISTEN)"))?;
        // The standard library's 128 is less than what one burst of logins sends; beyond it, clients wait for a
        // retransmission of 1 s or more.
        rustix::net::listen(&listener, BACKLOG)?;
        let port = listener.local_addr()?.port();
        let limit = web::Data::new(http::LoginLimit::new(ctx.config.login.rate));
        let max_connections = descriptors::allow_connections(ctx.config.server.max_connections);
        let connections =
            Connections::new(max_connections, ctx.config.server.trusted_proxies.clone());
        let registry = Arc::clone(&connections);
        let edge = web::Data::new(Edge::new(&ctx.config, connections));
        let (shared, shared_edge) = (ctx.clone(), edge.clone());
        let workers = thread::available_parallelism().map_or(2, Into::into);
        let server = HttpServer::new(move || {
            App::new()
                .app_data(web::Data::new(shared.clone()))
                .app_data(limit.clone())
                .app_data(shared_edge.clone())
                .configure(|cfg| http::configure(cfg, &shared))
                .wrap(from_fn(http::head_as_get))
                .wrap(from_fn(http::secure))
                .wrap(from_fn(http::log_request))
                .wrap(from_fn(http::limit))
        })
        .workers(workers)
        // Above the limit of `Connections`, so that `Connections` always sees a new connection.
        .max_connections((max_connections + RESERVE + SPARE_CONNECTIONS).div_ceil(workers))
        .on_connect(move |socket, extensions| registry.on_connect(socket, extensions))
        .client_request_timeout(HEAD_TIMEOUT)
        .keep_alive(KEEP_ALIVE)
        // Work on a request stops when its client disconnects.
        .h1_allow_half_closed(false)
        .disable_signals()
        .shutdown_timeout(SHUTDOWN.as_secs())
        .listen(listener)?
        .run();
        Ok(Self {
            ctx,
            port,
            server,
            edge,
        })
    }

    /// Returns the bound port.
    #[cfg(feature = "testing")]
    pub fn port(&self) -> u16 {
        self.port
    }

    #[cfg(feature = "testing")]
    pub fn context(&self) -> &Context {
        &self.ctx
    }

    /// Serves until `stop` resolves, then finishes requests in flight and releases claimed work.
    pub async fn run_until(self, stop: impl Future<Output = ()>) -> anyhow::Result<()> {
        let handle = self.server.handle();
        // Spawned as a task because it must also be polled while it is being stopped.
        let mut server = actix_web::rt::spawn(self.server);
        let stopping = CancellationToken::new();
        tracing::info!(
            port = self.port,
            public_url = self.ctx.config.server.public_url.as_str(),
            "listening"
        );
        let mut sweep = std::pin::pin!(close_expired(&self.edge));
        let mut work = std::pin::pin!(work(self.ctx.clone(), stopping.clone()));
        let result = tokio::select! {
            () = stop => Ok(()),
            result = &mut server => result.context("the HTTP server failed").and_then(|ended| ended.context("the HTTP server ended")),
            result = &mut work => result,
            never = &mut sweep => match never {},
        };
        tracing::info!("stopping");
        self.ctx.db.stop_reuse();
        stopping.cancel();
        self.edge.stopping.cancel();
        let drained = tokio::join!(handle.stop(true), finish(work, result.is_ok()));
        let close = async {
            self.ctx.dingtalk.permits_returned().await;
            self.ctx.db.close().await;
        };
        // A connection still used by an aborted request would block this forever.
        let _in_time = tokio::time::timeout(CLOSING, close).await;
        result.and(drained.1)
    }
}

/// Closes stalled client connections, forever.
async fn close_expired(edge: &Edge) -> Infallible {
    loop {
        tokio::time::sleep(Duration::from_secs(1)).await;
        edge.connections.close_expired();
    }
}

/// Waits for the workers to release their claims; returns at once if they have already ended.
async fn finish(
    work: impl Future<Output = anyhow::Result<()>>,
    is_running: bool,
) -> anyhow::Result<()> {
    if is_running {
        return tokio::time::timeout(WORKERS_SHUTDOWN, work)
            .await
            .unwrap_or(Ok(()));
    }
    Ok(())
}

/// Prepares the schema, then runs the workers until the process stops.
async fn work(ctx: Context, stopping: CancellationToken) -> anyhow::Result<()> {
    tokio::select! {
        result = prepare(&ctx) => result?,
        () = stopping.cancelled() => return Ok(()),
    }
    ctx.set_ready();
    tracing::info!("ready");
    jobs::run(&ctx, stopping).await;
    Ok(())
}

/// Waits for the schema, then stores the webhook subscription of this configuration.
async fn prepare(ctx: &Context) -> anyhow::Result<()> {
    wait_for_schema(ctx).await?;
    loop {
        match webhooks::set_subscription(ctx).await {
            Ok(()) => return Ok(()),
            Err(StoreError::Unavailable(_)) => tokio::time::sleep(Duration::from_millis(500)).await,
            Err(error) => return Err(error.into()),
        }
    }
}

/// How often an unchanged reason for waiting is logged.
const LOG_INTERVAL: Duration = Duration::from_mins(1);

/// Waits for Postgres, and applies or requires the migrations as `migrate` is configured.
async fn wait_for_schema(ctx: &Context) -> anyhow::Result<()> {
    let mut logged: Option<(String, Instant)> = None;
    loop {
        let result = match ctx.config.server.migrate {
            Migrate::Auto => migrations::apply(&ctx.db)
                .await
                .map(|applied| tracing::info!(?applied, "migrations are in place")),
            Migrate::Off => migrations::require(&ctx.db).await,
        };
        match result {
            Ok(()) => return Ok(()),
            Err(error) if error.is_unavailable() => {
                let error = format!("{:#}", anyhow::Error::new(error));
                let is_news = logged
                    .as_ref()
                    .is_none_or(|(last, at)| *last != error || at.elapsed() >= LOG_INTERVAL);
                if is_news {
                    tracing::warn!(error, "waiting for Postgres");
                    logged = Some((error, Instant::now()));
                }
                tokio::time::sleep(Duration::from_millis(500)).await;
            }
            Err(error) => return Err(error.into()),
        }
    }
}
