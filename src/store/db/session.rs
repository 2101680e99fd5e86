//! What each connection is set to, and whether it still answers.

use std::time::Duration;

use futures_util::future::BoxFuture;
use sqlx::{Connection as _, Executor as _, PgConnection};

use super::Pooler;

/// What each connection or, behind a transaction pooler, each transaction is set to. `synchronous_commit` is
/// only ever raised: what we acknowledge must survive a crash whatever the server's default, also one that
/// is changed later. `lock_timeout` bounds the wait for somebody else's lock;
/// `idle_in_transaction_session_timeout` frees the locks of a client that vanished from the network.
/// `client_connection_check_interval` ends a statement whose connection we closed at its limit. Postgres has it
/// since version 14, and refuses it on systems without the event; a value that the operator has set stays.
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

/// Statements and not start-up options, which connection poolers refuse.
pub(super) fn configure(
    conn: &mut PgConnection,
    pooler: Pooler,
) -> BoxFuture<'_, Result<(), sqlx::Error>> {
    Box::pin(async move {
        // A transaction pooler would hand the settings to other clients: there each transaction has its own.
        if pooler == Pooler::Off {
            conn.execute(settings!("false")).await?;
        }
        Ok(())
    })
}

/// Within this a living server answers on a connection on which it has nothing else to do.
const HEALTH_CHECK_TIMEOUT: Duration = Duration::from_millis(400);

/// Fails where the server does not answer, so that the pool drops the connection and opens another.
pub(super) async fn is_alive(conn: &mut PgConnection) -> Result<bool, sqlx::Error> {
    match tokio::time::timeout(HEALTH_CHECK_TIMEOUT, conn.ping()).await {
        Ok(answered) => answered.map(|()| true),
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}
