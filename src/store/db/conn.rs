//! A connection that is reused only if its work has ended.

use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, TryFutureExt as _, TryStreamExt as _};
use sqlx::error::BoxDynError;
use sqlx::pool::PoolConnection;
use sqlx::postgres::{
    PgArguments, PgConnection, PgQueryResult, PgRow, PgStatement, PgTypeInfo, Postgres,
};
use sqlx::{Connection as _, Describe, Either, Execute, Executor, SqlStr};

use super::gate::Pass;
use super::session::settings;
use super::{Pooler, StoreError};

/// A connection, created only by [`super::Db`]. If dropped before its work has ended, it is closed: a cancelled
/// future may leave a transaction open, which sqlx 0.9 does not notice (transact-rs/sqlx#4385).
#[derive(Debug)]
pub struct Conn {
    inner: Inner,
    pooler: Pooler,
    state: State,
    // Declared after `inner`: the slot is freed once the connection is back in the pool.
    _pass: Option<Pass>,
}

#[derive(Debug)]
enum Inner {
    Pooled(GuardedConnection),
    Single(Box<PgConnection>),
}

/// A pooled connection that is closed when dropped, unless its work has ended.
#[derive(Debug)]
struct GuardedConnection {
    conn: PoolConnection<Postgres>,
    is_finished: bool,
}

impl Drop for GuardedConnection {
    fn drop(&mut self) {
        if !self.is_finished {
            self.conn.close_on_drop();
        }
    }
}

#[derive(Debug, Default)]
struct State {
    /// A statement failed since the transaction or savepoint began: Postgres answers COMMIT with a rollback.
    has_failed: bool,
    has_outdated_plan: bool,
    /// A transaction was begun and its end was not confirmed.
    is_in_transaction: bool,
}

impl State {
    fn note(&mut self, error: &sqlx::Error) {
        self.has_failed = true;
        if let sqlx::Error::Database(error) = error {
            // "cached plan must not change result type": a migration changed the table.
            self.has_outdated_plan |=
                error.code().as_deref() == Some("0A000") && error.message().contains("cached plan");
        }
    }
}

impl Conn {
    pub(super) fn pooled(conn: PoolConnection<Postgres>, pass: Pass, pooler: Pooler) -> Self {
        Self {
            inner: Inner::Pooled(GuardedConnection {
                conn,
                is_finished: false,
            }),
            pooler,
            state: State::default(),
            _pass: Some(pass),
        }
    }

    /// Wraps a connection outside any pool that reaches the server directly.
    pub fn single(conn: PgConnection) -> Self {
        Self::single_by(conn, Pooler::Off)
    }

    /// Wraps a connection outside any pool.
    pub(in crate::store) fn single_by(conn: PgConnection, pooler: Pooler) -> Self {
        Self {
            inner: Inner::Single(Box::new(conn)),
            pooler,
            state: State::default(),
            _pass: None,
        }
    }

    /// Closes a connection outside any pool, even if the server cannot be notified.
    pub async fn close(self) {
        if let Inner::Single(conn) = self.inner {
            let _told = conn.close().await;
        }
    }

    /// Returns the connection that sqlx's own migration functions need.
    pub(in crate::store) fn raw(&mut self) -> &mut PgConnection {
        match &mut self.inner {
            Inner::Pooled(guarded) => &mut guarded.conn,
            Inner::Single(conn) => conn,
        }
    }

    /// Runs a unit of work on a connection outside any pool; behind a transaction pooler in one transaction, which
    /// everything there requires.
    pub async fn within<T, E: From<StoreError>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        self.run(self.pooler == Pooler::Transaction, work).await
    }

    /// Runs a unit of work; if in a transaction, commits it on `Ok`.
    pub(super) async fn run<T, E: From<StoreError>>(
        &mut self,
        is_transaction: bool,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        if !is_transaction {
            return work(self).await;
        }
        self.state = State {
            is_in_transaction: true,
            ..State::default()
        };
        self.command(match self.pooler {
            Pooler::Off => "BEGIN",
            Pooler::Transaction => concat!("BEGIN; ", settings!("true")),
        })
        .await?;
        let result = work(self).await;
        let result = match result {
            Ok(_) if self.state.has_failed => Err(StoreError::Aborted.into()),
            result => result,
        };
        let end = if result.is_ok() { "COMMIT" } else { "ROLLBACK" };
        match (self.command(end).await, result) {
            (Ok(()), result) => {
                self.state.is_in_transaction = false;
                result
            }
            (Err(error), Ok(_)) => Err(error.into()),
            // The connection is lost, and the transaction with it; the first error is the more useful one.
            (Err(_), Err(first)) => {
                self.state.has_outdated_plan = false;
                Err(first)
            }
        }
    }

    /// Undoes the work's writes on `Err`, without ending the enclosing transaction.
    pub async fn savepoint<T, E: From<StoreError>>(
        &mut self,
        work: impl AsyncFnOnce(&mut Conn) -> Result<T, E>,
    ) -> Result<T, E> {
        self.command("SAVEPOINT work").await?;
        let result = work(self).await;
        if result.is_ok() && !self.state.has_failed {
            self.command("RELEASE SAVEPOINT work").await?;
            return result;
        }
        self.command("ROLLBACK TO SAVEPOINT work; RELEASE SAVEPOINT work")
            .await?;
        // A transaction with an outdated plan is repeated as a whole: the work must not continue as if a record were
        // bad.
        self.state.has_failed = self.state.has_outdated_plan;
        result.and_then(|_| Err(StoreError::Aborted.into()))
    }

    async fn command(&mut self, sql: &'static str) -> Result<(), StoreError> {
        self.raw().execute(sql).await?;
        Ok(())
    }

    pub(super) fn has_outdated_plan(&self) -> bool {
        self.state.has_outdated_plan
    }

    /// Ends the work; the connection may be reused from here on.
    pub(super) fn finish<T, E>(mut self, result: Result<T, E>) -> Result<T, E> {
        if let Inner::Pooled(guarded) = &mut self.inner {
            guarded.is_finished = !self.state.has_outdated_plan && !self.state.is_in_transaction;
        }
        result
    }
}

/// A statement without a name on the server: behind a transaction pooler a named one would belong to the client that
/// used the server connection before (measured: other clients' rows without an error).
struct UnnamedStatement<Q> {
    query: Q,
    is_unnamed: bool,
}

impl<'q, Q: Execute<'q, Postgres>> Execute<'q, Postgres> for UnnamedStatement<Q> {
    fn sql(self) -> SqlStr {
        self.query.sql()
    }

    fn statement(&self) -> Option<&PgStatement> {
        self.query.statement()
    }

    fn take_arguments(&mut self) -> Result<Option<PgArguments>, BoxDynError> {
        self.query.take_arguments()
    }

    fn persistent(&self) -> bool {
        !self.is_unnamed && self.query.persistent()
    }
}

impl<'c> Executor<'c> for &'c mut Conn {
    type Database = Postgres;

    fn fetch_many<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxStream<'e, Result<Either<PgQueryResult, PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (conn, state, query) = self.prepared(query);
        conn.fetch_many(query)
            .inspect_err(|error| state.note(error))
            .boxed()
    }

    fn fetch_optional<'e, 'q: 'e, E>(
        self,
        query: E,
    ) -> BoxFuture<'e, Result<Option<PgRow>, sqlx::Error>>
    where
        'c: 'e,
        E: 'q + Execute<'q, Postgres>,
    {
        let (conn, state, query) = self.prepared(query);
        Box::pin(
            conn.fetch_optional(query)
                .inspect_err(|error| state.note(error)),
        )
    }

    fn prepare_with<'e>(
        self,
        sql: SqlStr,
        parameters: &'e [PgTypeInfo],
    ) -> BoxFuture<'e, Result<PgStatement, sqlx::Error>>
    where
        'c: 'e,
    {
        self.raw().prepare_with(sql, parameters)
    }

    fn describe<'e>(self, sql: SqlStr) -> BoxFuture<'e, Result<Describe<Postgres>, sqlx::Error>>
    where
        'c: 'e,
    {
        self.raw().describe(sql)
    }
}

impl Conn {
    fn prepared<Q>(&mut self, query: Q) -> (&mut PgConnection, &mut State, UnnamedStatement<Q>) {
        let conn = match &mut self.inner {
            Inner::Pooled(guarded) => &mut *guarded.conn,
            Inner::Single(conn) => &mut **conn,
        };
        let query = UnnamedStatement {
            query,
            is_unnamed: self.pooler == Pooler::Transaction,
        };
        (conn, &mut self.state, query)
    }
}
