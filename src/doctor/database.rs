//! Postgres and the schema.

mod schema;

use std::time::Duration;

use crate::store::Conn;
use tokio::time::timeout;

use super::clock::{self, Consequence};
use super::{Check, Input, Status, pooler, records, server};
use crate::config::DatabasePooler;
use crate::store::diagnosis::{self, ConnectError, Server};
use crate::store::{Pooler, StoreError, db};
use crate::text::commands::doctor::database as texts;
use crate::upstream::unix_millis;

use schema::schema;

const POSTGRES: &str = "postgres";
const CLOCK: &str = "postgres_clock";
const MIGRATIONS: &str = "migrations";

const CONNECT_TIME: Duration = Duration::from_secs(4);
/// Timeout for each group of queries.
const ANSWER_TIME: Duration = Duration::from_secs(3);

/// The results of the Postgres checks.
pub struct DatabaseChecks {
    pub checks: Vec<Check>,
    /// The checks of the tables' contents; shown after the DingTalk checks.
    pub records: Vec<Check>,
    /// Whether the schema exists, so that DingTalk is called within the shared rate limit.
    pub is_in_place: bool,
    /// Whether somebody has recently signed in by a scan; `None` if the tables could not be read.
    pub has_scanned: Option<bool>,
}

/// Checks Postgres, the schema, and the contents of the tables.
pub async fn examine(input: &Input) -> DatabaseChecks {
    let mut checks = Vec::new();
    let why = match connect(input, &mut checks).await {
        Ok(mut conn) => match schema(&mut conn, input.migrate, &mut checks).await {
            Ok(()) => return look_through(conn, input, checks).await,
            Err(why) => why,
        },
        Err(why) => {
            for name in [
                pooler::NAME,
                server::ENCODING,
                server::DURABILITY,
                CLOCK,
                MIGRATIONS,
            ] {
                if checks.iter().all(|check| check.name != name) {
                    checks.push(Check::skipped(name, why));
                }
            }
            why
        }
    };
    DatabaseChecks {
        checks,
        records: records::none(why),
        is_in_place: false,
        has_scanned: None,
    }
}

async fn look_through(mut conn: Conn, input: &Input, checks: Vec<Check>) -> DatabaseChecks {
    let read = conn.within(async |conn| Ok::<_, StoreError>(records::read(conn, input).await));
    let (records, has_scanned) = match timeout(ANSWER_TIME, read).await {
        Ok(Ok(read)) => read,
        Ok(Err(_)) => (records::none(texts::STATEMENT_FAILED), None),
        Err(_) => (records::none(texts::TIMED_OUT), None),
    };
    // The connection is discarded, whether or not the server receives the termination message.
    let _said = timeout(Duration::from_millis(300), conn.close()).await;
    DatabaseChecks {
        checks,
        records,
        is_in_place: true,
        has_scanned,
    }
}

/// Connects and runs the server checks; the error says why the remaining checks are skipped.
// Long because each way in which a connection fails has its own advice.
async fn connect(input: &Input, checks: &mut Vec<Check>) -> Result<Conn, &'static str> {
    let Some(database) = &input.parts.database else {
        checks.push(Check::skipped(POSTGRES, texts::NO_URL));
        return Err(texts::NO_URL);
    };
    let options = &database.options;
    let place = format!(
        "{}:{}/{}",
        options.get_host(),
        options.get_port(),
        options
            .get_database()
            .unwrap_or_else(|| options.get_username())
    );
    let way = match database.pooler {
        DatabasePooler::Off => Pooler::Off,
        DatabasePooler::Transaction => Pooler::Transaction,
    };
    let connected = timeout(CONNECT_TIME, diagnosis::connect(options, way)).await;
    let error = match connected {
        Ok(Ok(mut conn)) => {
            let pooler = pooler::check(database).await;
            if pooler.status == Status::Failure && way == Pooler::Off {
                checks.push(pooler);
                return Err(texts::TRANSACTION_POOLER);
            }
            let response = timeout(ANSWER_TIME, conn.within(describe)).await;
            let Ok(Ok((server, is_writable))) = response else {
                checks.push(Check::failure(
                    POSTGRES,
                    texts::hangs(&place),
                    texts::READ_LOGS,
                ));
                return Err(texts::SILENT);
            };
            checks.push(judge(&place, &server, is_writable));
            checks.push(pooler);
            checks.push(server::encoding(&server));
            checks.push(server::durability(&server));
            checks.push(clock::compare(
                CLOCK,
                "Postgres",
                server.now_ms - unix_millis(),
                &CONSEQUENCE,
            ));
            return Ok(conn);
        }
        Ok(Err(error)) => error,
        Err(_) => ConnectError::Network(texts::NO_ANSWER.to_owned()),
    };
    checks.push(no_connection(&place, options.get_username(), &error));
    Err(texts::NO_CONNECTION)
}

const CONSEQUENCE: Consequence = Consequence {
    what: texts::CLOCKS,
    action: texts::SET_CLOCKS,
    may_fail: false,
};

async fn describe(conn: &mut Conn) -> Result<(Server, bool), StoreError> {
    let is_writable = db::is_writable(conn).await?;
    Ok((diagnosis::server(conn).await?, is_writable))
}

fn judge(place: &str, server: &Server, is_writable: bool) -> Check {
    const OLDEST: i32 = 140_000;
    let version = &server.version;
    if server.version_number < OLDEST {
        return Check::failure(POSTGRES, texts::too_old(place, version), texts::UPGRADE);
    }
    if !is_writable {
        let detail = texts::read_only(place, version);
        return Check::failure(POSTGRES, detail, texts::NAME_PRIMARY);
    }
    Check::ok(POSTGRES, texts::writable(place, version))
}

fn no_connection(place: &str, user: &str, error: &ConnectError) -> Check {
    let (what, action) = match error {
        ConnectError::Network(cause) => {
            let what = texts::unreachable(place, cause);
            (what, texts::START_POSTGRES.to_owned())
        }
        ConnectError::Tls(cause) => {
            let what = texts::no_tls(place, cause);
            (what, texts::CORRECT_TLS.to_owned())
        }
        ConnectError::Refused { code, message } => (
            texts::refused(place, code, message),
            texts::refused_action(code, user),
        ),
        ConnectError::Other => (texts::not_postgres(place), texts::CORRECT_HOST.to_owned()),
    };
    Check::failure(POSTGRES, what, action)
}
