//! Session settings of a connection, and its health check.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::Pooler;

/// Settings for each connection or, behind a transaction pooler, for each transaction. `synchronous_commit` is only
/// ever raised: acknowledged data must survive a crash whatever the server's default, even if that is changed later.
/// `lock_timeout` bounds waits for locks; `idle_in_transaction_session_timeout` frees the locks of a client that
/// vanished from the network. `client_connection_check_interval` ends a statement whose connection we closed at its
/// limit. Postgres has it since version 14, and refuses it on systems without the event; a value set by the operator
/// is kept.
macro_rules! settings {
    ($is_local:literal) => {
        concat!(
            "SELECT set_config('lock_timeout', '2s', ",
            $is_local,
            "), set_config('idle_in_transaction_session_timeout', '10s', ",
            $is_local,
            "), set_config('synchronous_commit', CASE current_setting('synchronous_commit') \
             WHEN 'off' THEN 'on' ELSE current_setting('synchronous_commit') END, ",
            $is_local,
            "), CASE WHEN current_setting('client_connection_check_interval', true) = '0' \
             AND version() LIKE '%linux%' \
             THEN set_config('client_connection_check_interval', '1s', ",
            $is_local,
            ") END"
        )
    };
}
pub(super) use settings;

/// Uses statements instead of start-up options, which connection poolers reject.
pub(super) fn configure(
    conn: &mut PgConnection,
    pooler: Pooler,
) -> BoxFuture<'_, Result<(), sqlx::Error>> {
    Box::pin(async move {
        // A transaction pooler would pass the settings on to other clients, so each transaction sets its own there.
        if pooler == Pooler::Off {
            conn.execute(settings!("false")).await?;
        }
        Ok(())
    })
}

/// Timeout for an idle connection's health check; a healthy server answers within it.
const HEALTH_CHECK_TIMEOUT: Duration = Duration::from_millis(400);

/// Fails if the server does not answer, so that the pool drops the connection and opens another.
pub(super) async fn is_alive(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(HEALTH_CHECK_TIMEOUT, conn.ping()).await {
        Ok(answered) => answered.map(|()| true),
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}
