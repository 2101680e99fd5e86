//! A server session that receives notifications.

use sqlx::PgPool;
use sqlx::postgres::{PgListener, PgPoolOptions};

use super::{CONNECT_TIMEOUT, Db, Pooler, StoreError, in_time, session};

impl Db {
    /// Returns whether connections can listen: there is no transaction pooler, or it can be bypassed.
    pub fn can_listen(&self) -> bool {
        self.direct_options().is_some()
    }

    /// Opens a connection that listens on a channel, and returns it with the id of its server process; returns `None`
    /// behind a transaction pooler that cannot be bypassed. If the connection is lost, open another.
    pub async fn listen(&self, channel: &str) -> Result<Option<(PgListener, u32)>, StoreError> {
        let Some(options) = self.direct_options() else {
            return Ok(None);
        };
        // The listener takes its only connection from a pool.
        let pool: PgPool = PgPoolOptions::new()
            .max_connections(1)
            .max_lifetime(None)
            .idle_timeout(None)
            .after_connect(|conn, _| session::configure(conn, Pooler::Off))
            .connect_lazy_with(options.as_ref().clone());
        in_time(CONNECT_TIMEOUT, async {
            let mut listener = PgListener::connect_with(&pool).await?;
            listener.ignore_pool_close_event(true);
            listener.eager_reconnect(false);
            listener.listen(channel).await?;
            let pid = sqlx::query_scalar!(r#"SELECT pg_backend_pid() AS "pid!""#)
                .fetch_one(&mut listener)
                .await?;
            Ok(Some((listener, pid.unsigned_abs())))
        })
        .await
    }
}
