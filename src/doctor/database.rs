//! Postgres and the schema.

use std::time::Duration;

use crate::store::Conn;
use tokio::time::timeout;

use super::clock::{self, Consequence};
use super::{Check, Input, Status, pooler, records, server};
use crate::config::{DatabasePooler, Migrate};
use crate::store::diagnosis::{self, ConnectFault, Server};
use crate::store::migrations::{self, MigrationError, State, VERSION, suffices};
use crate::store::{Pooler, StoreError, db};
use crate::upstream::unix_millis;

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
pub async fn examine(subject: &Input) -> DatabaseChecks {
    let mut checks = Vec::new();
    let why = match connect(subject, &mut checks).await {
        Ok(mut conn) => match schema(&mut conn, subject.migrate, &mut checks).await {
            Ok(()) => return look_through(conn, subject, checks).await,
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

async fn look_through(mut conn: Conn, subject: &Input, checks: Vec<Check>) -> DatabaseChecks {
    let read = conn.within(async |conn| Ok::<_, StoreError>(records::read(conn, subject).await));
    let (records, has_scanned) = match timeout(ANSWER_TIME, read).await {
        Ok(Ok(read)) => read,
        Ok(Err(_)) => (records::none("a statement failed behind the pooler"), None),
        Err(_) => (records::none("Postgres did not answer in time"), None),
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
async fn connect(subject: &Input, checks: &mut Vec<Check>) -> Result<Conn, &'static str> {
    let Some(database) = &subject.parts.database else {
        checks.push(Check::skipped(POSTGRES, "DATABASE_URL is missing or wrong"));
        return Err("DATABASE_URL is missing or wrong");
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
    let fault = match connected {
        Ok(Ok(mut conn)) => {
            let pooler = pooler::check(database).await;
            if pooler.status == Status::Failure && way == Pooler::Off {
                checks.push(pooler);
                return Err("DATABASE_URL leads through a pooler in transaction mode");
            }
            let asked = timeout(ANSWER_TIME, conn.within(describe)).await;
            let Ok(Ok((server, is_writable))) = asked else {
                checks.push(Check::failure(
                    POSTGRES,
                    format!("{place} takes a connection and then does not answer"),
                    "look into the log of Postgres, or of the pooler in front of it",
                ));
                return Err("Postgres does not answer");
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
        Ok(Err(fault)) => fault,
        Err(_) => ConnectFault::Network("no answer in time".to_owned()),
    };
    checks.push(no_connection(&place, options.get_username(), &fault));
    Err("there is no connection to Postgres")
}

const CONSEQUENCE: Consequence = Consequence {
    what: "sessions and the age of events are counted by Postgres's, signatures by this machine's",
    action: "set both clocks by NTP",
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
        return Check::failure(
            POSTGRES,
            format!("{place} is PostgreSQL {version}"),
            "use PostgreSQL 14 or newer",
        );
    }
    if !is_writable {
        return Check::failure(
            POSTGRES,
            format!(
                "{place} (PostgreSQL {version}) takes no writes: a standby, or set to read-only"
            ),
            "let DATABASE_URL name the primary, or promote this server",
        );
    }
    Check::ok(
        POSTGRES,
        format!("PostgreSQL {version} at {place} answers and takes writes"),
    )
}

fn no_connection(place: &str, user: &str, fault: &ConnectFault) -> Check {
    let (what, action) = match fault {
        ConnectFault::Network(why) => (
            format!("{place} cannot be reached: {why}"),
            "start Postgres, or correct host and port in DATABASE_URL; look for a firewall in between".to_owned(),
        ),
        ConnectFault::Tls(why) => (
            format!("no TLS with {place}: {why}"),
            "correct sslmode and sslrootcert in DATABASE_URL, or give the server a certificate that names its host (docs/operations.md, \"Postgres over TLS\")".to_owned(),
        ),
        ConnectFault::Refused { code, message } => (
            format!("{place} refuses us with {code}: {message}"),
            refused(code, user),
        ),
        ConnectFault::Other => (
            format!("{place} does not speak as Postgres does"),
            "correct host and port in DATABASE_URL".to_owned(),
        ),
    };
    Check::failure(POSTGRES, what, action)
}

/// Returns what to do about an SQLSTATE with which Postgres rejects a connection.
fn refused(code: &str, user: &str) -> String {
    match code {
        "28P01" => format!(
            "correct the password of {user} in DATABASE_URL (%-encoded), or set it with ALTER ROLE"
        ),
        "28000" => format!("let pg_hba.conf admit {user} from this machine, or create the role"),
        "3D000" => "create the database, or correct its name in DATABASE_URL".to_owned(),
        "42501" => format!("grant {user} CONNECT on the database"),
        "55000" => {
            "let the database take connections: ALTER DATABASE <name> ALLOW_CONNECTIONS true"
                .to_owned()
        }
        "57P03" => "wait until Postgres has started, or end its shutdown".to_owned(),
        "53300" => {
            "let Postgres take more connections (max_connections), or others fewer".to_owned()
        }
        _ => "look into the log of Postgres".to_owned(),
    }
}

/// Checks the schema; the error says why the tables cannot be read.
async fn schema(
    conn: &mut Conn,
    migrate: Option<Migrate>,
    checks: &mut Vec<Check>,
) -> Result<(), &'static str> {
    let looked = conn.within(async |conn| {
        let min_version = migrations::min_version(conn).await?;
        Ok::<_, MigrationError>((migrations::state(conn).await?, min_version))
    });
    let (state, min_version) = match timeout(ANSWER_TIME, looked).await {
        Ok(Ok(looked)) => looked,
        Ok(Err(MigrationError::Store(StoreError::Unavailable(_)))) | Err(_) => {
            checks.push(Check::skipped(
                MIGRATIONS,
                "Postgres did not answer in time",
            ));
            return Err("Postgres did not answer in time");
        }
        Ok(Err(_)) => {
            checks.push(Check::failure(
                MIGRATIONS,
                "the list of migrations (_sqlx_migrations) cannot be read",
                "let DATABASE_URL name the role that has migrated, or grant its rights to this one",
            ));
            return Err("the schema cannot be read");
        }
    };
    let too_old = min_version.filter(|wanted| !suffices(VERSION, wanted));
    if let Some(wanted) = too_old {
        checks.push(Check::failure(
            MIGRATIONS,
            format!("the database needs dinggate {wanted} or newer, and this is {VERSION}"),
            "start the newer version",
        ));
        return Err("the database needs a newer version of dinggate");
    }
    let is_in_place = state.pending.is_empty();
    checks.push(judge_schema(&state, migrate));
    if is_in_place {
        Ok(())
    } else {
        Err("migrations are pending")
    }
}

fn judge_schema(state: &State, migrate: Option<Migrate>) -> Check {
    if !state.changed.is_empty() {
        return Check::failure(
            MIGRATIONS,
            format!(
                "not as this version knows them: {}",
                state.changed.join(", ")
            ),
            "use the version of dinggate that has applied them, or a database of its own",
        );
    }
    if !state.pending.is_empty() {
        let detail = if state.applied == 0 {
            format!(
                "none of the {} migrations is applied yet",
                state.pending.len()
            )
        } else {
            format!("pending: {}", state.pending.join(", "))
        };
        return match migrate {
            Some(Migrate::Off) => Check::failure(
                MIGRATIONS,
                detail,
                "run `dinggate migrate`, for DINGGATE_MIGRATE is off",
            ),
            _ => Check::warning(
                MIGRATIONS,
                detail,
                "run `dinggate migrate`, or start `dinggate serve`, which applies them",
            ),
        };
    }
    if state.newer > 0 {
        return Check::warning(
            MIGRATIONS,
            format!("{} are newer than this version of dinggate", state.newer),
            "bring every instance to the newer version",
        );
    }
    Check::ok(MIGRATIONS, format!("all {} are applied", state.applied))
}
