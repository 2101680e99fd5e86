//! The only ways to a connection: [`Db::read`] and [`Db::tx`], with time limits on every wait.

mod conn;
mod deadline;
mod error;
mod gate;
mod listen;
mod pooler;
mod queues;
mod reuse;
mod session;
mod share;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{Connection as _, PgConnection, PgPool};

pub use conn::Conn;
pub use deadline::with_deadline;
pub use error::{StoreError, UnknownValue, is_tls_error};
pub use pooler::{Pooler, is_transaction_pooler};
pub use share::{Share, current_share, with_share};

use gate::Gate;
use reuse::Reuse;
use session::is_alive;

/// The pool of connections. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
    pooler: Pooler,
    direct: Direct,
    gate: Arc<Gate>,
    reuse: Arc<Reuse>,
}

/// Connection options that bypass a transaction pooler, if known. Its `Debug` form shows no fields, because they
/// contain a password.
#[derive(Clone, Default)]
struct Direct(Option<Arc<PgConnectOptions>>);

impl fmt::Debug for Direct {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Direct").finish_non_exhaustive()
    }
}

/// Default time limit for a unit of work, including its wait for a connection.
const TIMEOUT: Duration = Duration::from_millis(2_400);

impl Db {
    /// Creates a pool that connects on first use, so that a service can start before its database.
    pub fn lazy(options: PgConnectOptions, pooler: Pooler, max_connections: u32) -> Self {
        let reuse = Arc::new(Reuse::default());
        let rule = Arc::clone(&reuse);
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(Duration::from_secs(2))
            .max_lifetime(Duration::from_mins(30))
            // Replaces sqlx's own test, which has no timeout for a server that has gone silent.
            .test_before_acquire(false)
            .before_acquire(move |conn, meta| {
                let may_reuse = rule.allows(meta.age);
                Box::pin(async move {
                    if !may_reuse {
                        return Ok(false);
                    }
                    // The guard in `Conn` ensures that no transaction is open.
                    if meta.idle_for < HEALTH_CHECK_AFTER {
                        return Ok(true);
                    }
                    is_alive(conn).await
                })
            })
            .after_release(|conn, _| Box::pin(is_alive(conn)))
            .after_connect(move |conn, _| session::configure(conn, pooler))
            .connect_lazy_with(options);
        Self {
            pooler,
            direct: Direct::default(),
            gate: Arc::new(Gate::new(max_connections)),
            reuse,
            pool,
        }
    }

    /// Wraps an existing pool, for tests.
    pub fn from_pool(pool: PgPool) -> Self {
        Self {
            pooler: Pooler::Off,
            direct: Direct::default(),
            gate: Arc::new(Gate::new(pool.options().get_max_connections())),
            reuse: Arc::default(),
            pool,
        }
    }

    /// Adds connection options that bypass a transaction pooler.
    #[must_use]
    pub fn with_direct(mut self, options: Option<PgConnectOptions>) -> Self {
        self.direct = Direct(options.map(Arc::new));
        self
    }

    /// Opens a connection outside the pool, with the pool's options. Behind a transaction pooler use it through
    /// [`Conn::within`].
    pub async fn connect(&self) -> Result<Conn, StoreError> {
        connect(&self.pool.connect_options(), self.pooler).await
    }

    /// Opens a connection with a server session of its own; returns `None` behind a transaction pooler that cannot
    /// be bypassed.
    pub async fn connect_directly(&self) -> Result<Option<Conn>, StoreError> {
        match self.direct_options() {
            Some(options) => connect(&options, Pooler::Off).await.map(Some),
            None => Ok(None),
        }
    }

    /// Returns whether connections that need their own session go through a transaction pooler after all.
    pub async fn is_pooled_unawares(&self) -> Result<bool, StoreError> {
        match self.direct_options() {
            Some(options) => in_time(CONNECT_TIMEOUT, is_transaction_pooler(&options)).await,
            None => Ok(false),
        }
    }

    /// Returns how statements reach the server, according to the settings.
    pub fn pooler(&self) -> Pooler {
        self.pooler
    }

    fn direct_options(&self) -> Option<Arc<PgConnectOptions>> {
        match self.pooler {
            Pooler::Off => Some(self.pool.connect_options()),
            Pooler::Transaction => self.direct.0.clone(),
        }
    }

    /// Opens a new connection for each piece of work from now on. While a server stops, its workers end one after the
    /// other, and with each of them the connections that it has opened.
    pub fn stop_reuse(&self) {
        self.reuse.stop();
    }

    /// Closes the pool; connections in use are closed when their work ends.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Runs statements that each commit on their own, and returns the result of the work.
    ///
    /// The work may run twice: if the schema changed under a cached plan, it is repeated once on a new connection.
    /// Fails with [`StoreError::Unavailable`] after the time limit.
    pub async fn read<T, E: From<StoreError>>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E> + Clone,
    ) -> Result<T, E> {
        self.read_within(TIMEOUT, work).await
    }

    /// Like [`Db::read`], with its own time limit.
    pub async fn read_within<T, E: From<StoreError>>(
        &self,
        limit: Duration,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E> + Clone,
    ) -> Result<T, E> {
        // Behind a transaction pooler, statements are only correct inside an explicit transaction.
        let is_transaction = self.pooler == Pooler::Transaction;
        self.run(limit, is_transaction, work).await
    }

    /// Runs the work in one transaction: commits on `Ok`, rolls back on `Err`.
    ///
    /// The work may run twice, as in [`Db::read`]. A commit that was cut off by the time limit has an unknown
    /// outcome.
    pub async fn tx<T, E: From<StoreError>>(
        &self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E> + Clone,
    ) -> Result<T, E> {
        self.tx_within(TIMEOUT, work).await
    }

    /// Like [`Db::tx`], with its own time limit.
    pub async fn tx_within<T, E: From<StoreError>>(
        &self,
        limit: Duration,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E> + Clone,
    ) -> Result<T, E> {
        self.run(limit, true, work).await
    }

    /// Like [`Db::tx_within`], for work that cannot be repeated: an outdated plan is an error.
    pub async fn tx_once_within<T, E: From<StoreError>>(
        &self,
        limit: Duration,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        let limit = bounded(limit);
        in_time(limit, async { self.attempt(limit, true, work).await.0 }).await
    }

    async fn run<T, E: From<StoreError>>(
        &self,
        limit: Duration,
        is_transaction: bool,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E> + Clone,
    ) -> Result<T, E> {
        let limit = bounded(limit);
        in_time(limit, async {
            match self.attempt(limit, is_transaction, work.clone()).await {
                (_, true) => self.attempt(limit, is_transaction, work).await.0,
                (result, false) => result,
            }
        })
        .await
    }

    /// Runs the work once; returns its result and whether it failed because of an outdated plan.
    async fn attempt<T, E: From<StoreError>>(
        &self,
        limit: Duration,
        is_transaction: bool,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E>,
    ) -> (Result<T, E>, bool) {
        let mut conn = match self.acquire(limit).await {
            Ok(conn) => conn,
            Err(error) => return (Err(error.into()), false),
        };
        let result = conn.run(is_transaction, work).await;
        let is_outdated = conn.has_outdated_plan();
        if is_outdated {
            // The other pooled connections have plans of the same age.
            self.reuse.exclude_open();
        }
        (conn.finish(result), is_outdated)
    }

    async fn acquire(&self, limit: Duration) -> Result<Conn, StoreError> {
        let pass = self.gate.enter(current_share(), limit).await?;
        let conn = self.pool.acquire().await.inspect_err(error::log_refusal)?;
        Ok(Conn::pooled(conn, pass, self.pooler))
    }
}

/// Opens a connection outside any pool.
pub async fn connect(options: &PgConnectOptions, pooler: Pooler) -> Result<Conn, StoreError> {
    in_time(CONNECT_TIMEOUT, async {
        let mut conn = PgConnection::connect_with(options).await?;
        session::configure(&mut conn, pooler).await?;
        Ok(Conn::single_by(conn, pooler))
    })
    .await
}

fn bounded(limit: Duration) -> Duration {
    deadline::remaining().map_or(limit, |left| left.min(limit))
}

/// Drops the work at the limit, and with it its `Conn`, which closes the connection: a connection in an unknown
/// state must not be reused.
async fn in_time<T, E: From<StoreError>>(
    limit: Duration,
    work: impl Future<Output = Result<T, E>>,
) -> Result<T, E> {
    let _counted = deadline::Stopwatch::start();
    // Boxed: acquiring alone takes tens of kilobytes, which every caller's future would have to carry.
    match tokio::time::timeout(limit, Box::pin(work)).await {
        Ok(result) => result,
        Err(_) => Err(StoreError::Unavailable(None).into()),
    }
}

/// Timeout for opening a connection outside the pool: a server may accept it and stay silent.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// A connection that was used more recently than this is not checked again.
const HEALTH_CHECK_AFTER: Duration = Duration::from_millis(100);

/// Returns whether this server accepts writes; a standby or a server set to read-only does not.
pub async fn is_writable(conn: &mut Conn) -> Result<bool, StoreError> {
    let writable = sqlx::query_scalar!(
        r#"SELECT current_setting('transaction_read_only') = 'off' AS "writable!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(writable)
}
