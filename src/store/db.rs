//! The pool, and how long anybody waits for Postgres.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::{
    Connection as _, Executor as _, PgConnection, PgPool, Postgres, Transaction,
    pool::PoolConnection,
};

/// Why the database could not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Postgres does not answer, or not in time: try again later.
    #[error("Postgres does not answer")]
    Unavailable(#[source] Option<sqlx::Error>),
    /// Anything else, which is a fault of ours.
    #[error("a statement failed")]
    Statement(#[source] sqlx::Error),
}

impl StoreError {
    /// Whether a unique index of this name was violated.
    pub fn violates(&self, index: &str) -> bool {
        matches!(self, Self::Statement(sqlx::Error::Database(e)) if e.constraint() == Some(index))
    }
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        let error = Self::sort(error);
        if let Self::Unavailable(cause) = &error {
            // Whoever passes this on says only that Postgres does not answer.
            tracing::debug!(
                cause = cause.as_ref().map(ToString::to_string),
                "Postgres does not answer"
            );
        }
        error
    }
}

impl StoreError {
    fn sort(error: sqlx::Error) -> Self {
        use sqlx::Error as E;
        match &error {
            E::Io(_)
            | E::Tls(_)
            | E::PoolTimedOut
            | E::PoolClosed
            | E::WorkerCrashed
            | E::Protocol(_) => Self::Unavailable(Some(error)),
            // Classes 08 (connection), 53 (resources), 57 (operator intervention, time-outs), 55P03
            // (lock not to be had in time), 25P03 (idle for too long within a transaction), 40 (deadlock,
            // serialisation): another try may work.
            E::Database(e)
                if e.code().is_some_and(|code| {
                    ["08", "53", "57", "55P03", "25P03", "25006", "40"]
                        .iter()
                        .any(|k| code.starts_with(k))
                }) =>
            {
                Self::Unavailable(Some(error))
            }
            _ => Self::Statement(error),
        }
    }
}

/// The pool of connections, with limits on how long anybody waits.
#[derive(Clone, Debug)]
pub struct Db {
    pool: PgPool,
}

/// How long a page waits for all it asks of Postgres in one go.
const PATIENCE: Duration = Duration::from_millis(2_400);

impl Db {
    /// Prepares a pool; connects on the first use, so that a service can start before its database.
    pub fn lazy(options: PgConnectOptions, max_connections: u32) -> Self {
        let pool = PgPoolOptions::new()
            .max_connections(max_connections)
            .acquire_timeout(Duration::from_secs(2))
            .max_lifetime(Duration::from_mins(30))
            // In place of sqlx's own test, which never gives up on a server that has gone silent: each
            // piece of work that was cut off would keep a connection until none is left.
            .test_before_acquire(false)
            .before_acquire(|conn, _| is_alive(conn))
            .after_release(|conn, _| is_alive(conn))
            .after_connect(|conn, _| limit_waits(conn))
            .connect_lazy_with(options);
        Self { pool }
    }

    pub fn from_pool(pool: PgPool) -> Self {
        Self { pool }
    }

    pub fn pool(&self) -> &PgPool {
        &self.pool
    }

    pub async fn acquire(&self) -> Result<PoolConnection<Postgres>, StoreError> {
        Ok(self.pool.acquire().await?)
    }

    pub async fn begin(&self) -> Result<Transaction<'static, Postgres>, StoreError> {
        Ok(self.pool.begin().await?)
    }

    /// Runs work on the database that somebody waits for, and gives up in time for a 503 within 3 s.
    pub fn within<T, E: From<StoreError>>(
        &self,
        work: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, E>> {
        Self::within_time(PATIENCE, work)
    }

    /// Like [`Db::within`] with a patience of its own.
    pub fn within_time<T, E: From<StoreError>>(
        patience: Duration,
        work: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, E>> {
        // Taking a connection alone takes tens of kilobytes, which every caller would have to carry.
        let work = Box::pin(work);
        async move {
            match tokio::time::timeout(patience, work).await {
                Ok(result) => result,
                Err(_) => Err(E::from(StoreError::Unavailable(None))),
            }
        }
    }
}

/// Within this a living server answers on a connection on which it has nothing else to do.
const PULSE: Duration = Duration::from_millis(400);

/// Fails where the server does not answer, so that the pool drops the connection and opens another.
fn is_alive(conn: &mut PgConnection) -> BoxFuture<'_, Result<bool, sqlx::Error>> {
    Box::pin(async move {
        match tokio::time::timeout(PULSE, conn.ping()).await {
            Ok(answered) => answered.map(|()| true),
            Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
        }
    })
}

/// Has nobody wait for long for somebody else's lock, and has the server take back the locks of a
/// transaction whose client has vanished from the network; by itself it would keep them for hours. These
/// are statements and not start-up options, which connection poolers refuse.
fn limit_waits(conn: &mut PgConnection) -> BoxFuture<'_, Result<(), sqlx::Error>> {
    Box::pin(async move {
        conn.execute("SET lock_timeout = '2s'; SET idle_in_transaction_session_timeout = '10s'")
            .await?;
        Ok(())
    })
}

/// Whether this server takes writes; a standby, or one that was set to read-only, does not.
pub async fn is_writable(conn: &mut PgConnection) -> Result<bool, StoreError> {
    let writable = sqlx::query_scalar!(
        r#"SELECT current_setting('transaction_read_only') = 'off' AS "writable!""#
    )
    .fetch_one(conn)
    .await?;
    Ok(writable)
}
