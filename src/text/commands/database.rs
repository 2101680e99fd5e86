//! Texts of the checks of `dinggate doctor` about Postgres and the schema.

pub const NO_URL: &str = "DATABASE_URL is missing or wrong";
pub const TRANSACTION_POOLER: &str = "DATABASE_URL leads through a pooler in transaction mode";
pub const SILENT: &str = "Postgres does not answer";
pub const TIMED_OUT: &str = "Postgres did not answer in time";
pub const NO_ANSWER: &str = "no answer in time";
pub const NO_CONNECTION: &str = "there is no connection to Postgres";
pub const STATEMENT_FAILED: &str = "a statement failed behind the pooler";
pub const READ_LOGS: &str = "look into the log of Postgres, or of the pooler in front of it";
pub const CLOCKS: &str =
    "sessions and the age of events are counted by Postgres's, signatures by this machine's";
pub const SET_CLOCKS: &str = "set both clocks by NTP";
pub const UPGRADE: &str = "use PostgreSQL 14 or newer";
pub const NAME_PRIMARY: &str = "let DATABASE_URL name the primary, or promote this server";
pub const CORRECT_HOST: &str = "correct host and port in DATABASE_URL";
pub const START_POSTGRES: &str =
    "start Postgres, or correct host and port in DATABASE_URL; look for a firewall in between";
pub const CORRECT_TLS: &str = "correct sslmode and sslrootcert in DATABASE_URL, or give the server a certificate that names its host (docs/operations.md, \"Postgres over TLS\")";

pub const MIGRATIONS_UNREADABLE: &str = "the list of migrations (_sqlx_migrations) cannot be read";
pub const GRANT_MIGRATIONS: &str =
    "let DATABASE_URL name the role that has migrated, or grant its rights to this one";
pub const SCHEMA_UNREADABLE: &str = "the schema cannot be read";
pub const START_NEWER: &str = "start the newer version";
pub const NEEDS_NEWER: &str = "the database needs a newer version of dinggate";
pub const PENDING: &str = "migrations are pending";
pub const OTHER_VERSION: &str =
    "use the version of dinggate that has applied them, or a database of its own";
pub const MIGRATE: &str = "run `dinggate migrate`, for DINGGATE_MIGRATE is off";
pub const MIGRATE_OR_SERVE: &str =
    "run `dinggate migrate`, or start `dinggate serve`, which applies them";
pub const UPGRADE_INSTANCES: &str = "bring every instance to the newer version";

pub fn hangs(place: &str) -> String {
    format!("{place} takes a connection and then does not answer")
}

pub fn too_old(place: &str, version: &str) -> String {
    format!("{place} is PostgreSQL {version}")
}

pub fn read_only(place: &str, version: &str) -> String {
    format!("{place} (PostgreSQL {version}) takes no writes: a standby, or set to read-only")
}

pub fn writable(place: &str, version: &str) -> String {
    format!("PostgreSQL {version} at {place} answers and takes writes")
}

pub fn unreachable(place: &str, cause: &str) -> String {
    format!("{place} cannot be reached: {cause}")
}

pub fn no_tls(place: &str, cause: &str) -> String {
    format!("no TLS with {place}: {cause}")
}

pub fn refused(place: &str, code: &str, message: &str) -> String {
    format!("{place} refuses us with {code}: {message}")
}

pub fn not_postgres(place: &str) -> String {
    format!("{place} does not speak as Postgres does")
}

/// Returns what to do about an SQLSTATE with which Postgres rejects a connection.
pub fn refused_action(code: &str, user: &str) -> String {
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

pub fn min_version(wanted: &str, version: &str) -> String {
    format!("the database needs dinggate {wanted} or newer, and this is {version}")
}

pub fn migrations_changed(names: &[String]) -> String {
    format!("not as this version knows them: {}", names.join(", "))
}

pub fn migrations_pending(applied: usize, names: &[String]) -> String {
    if applied == 0 {
        format!("none of the {} migrations is applied yet", names.len())
    } else {
        format!("pending: {}", names.join(", "))
    }
}

pub fn migrations_newer(count: usize) -> String {
    format!("{count} are newer than this version of dinggate")
}

pub fn migrations_applied(count: usize) -> String {
    format!("all {count} are applied")
}
