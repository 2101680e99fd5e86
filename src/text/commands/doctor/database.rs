//! Texts of the checks of `dinggate doctor` about Postgres and the schema.

use crate::text::messages;

messages! {
    NO_URL = "DATABASE_URL is missing or wrong";
    TRANSACTION_POOLER = "DATABASE_URL leads through a pooler in transaction mode";
    SILENT = "Postgres does not answer";
    TIMED_OUT = "Postgres did not answer in time";
    NO_ANSWER = "no answer in time";
    NO_CONNECTION = "there is no connection to Postgres";
    STATEMENT_FAILED = "a statement failed behind the pooler";
    READ_LOGS = "look into the log of Postgres, or of the pooler in front of it";
    CLOCKS = "sessions and the age of events are counted by Postgres's, signatures by this machine's";
    SET_CLOCKS = "set both clocks by NTP";
    UPGRADE = "use PostgreSQL 14 or newer";
    NAME_PRIMARY = "let DATABASE_URL name the primary, or promote this server";
    CORRECT_HOST = "correct host and port in DATABASE_URL";
    START_POSTGRES = "start Postgres, or correct host and port in DATABASE_URL; look for a firewall in between";
    CORRECT_TLS =
        "correct sslmode and sslrootcert in DATABASE_URL, or give the server a certificate that names its host (docs/operations.md, \"Postgres over TLS\")";
    MIGRATIONS_UNREADABLE = "the list of migrations (_sqlx_migrations) cannot be read";
    GRANT_MIGRATIONS = "let DATABASE_URL name the role that has migrated, or grant its rights to this one";
    SCHEMA_UNREADABLE = "the schema cannot be read";
    START_NEWER = "start the newer version";
    NEEDS_NEWER = "the database needs a newer version of dinggate";
    PENDING = "migrations are pending";
    OTHER_VERSION = "use the version of dinggate that has applied them, or a database of its own";
    MIGRATE = "run `dinggate migrate`, for DINGGATE_MIGRATE is off";
    MIGRATE_OR_SERVE = "run `dinggate migrate`, or start `dinggate serve`, which applies them";
    UPGRADE_INSTANCES = "bring every instance to the newer version";
    hangs(place) = "{place} takes a connection and then does not answer";
    too_old(place, version) = "{place} is PostgreSQL {version}";
    read_only(place, version) = "{place} (PostgreSQL {version}) takes no writes: a standby, or set to read-only";
    writable(place, version) = "PostgreSQL {version} at {place} answers and takes writes";
    unreachable(place, cause) = "{place} cannot be reached: {cause}";
    no_tls(place, cause) = "no TLS with {place}: {cause}";
    refused(place, code, message) = "{place} refuses us with {code}: {message}";
    not_postgres(place) = "{place} does not speak as Postgres does";
    min_version(wanted, version) = "the database needs dinggate {wanted} or newer, and this is {version}";
    migrations_newer(count) = "{count} are newer than this version of dinggate";
    migrations_applied(count) = "all {count} are applied";
    NO_TWO_CONNECTIONS = "two connections at a time were not to be had";
    NO_POOLER = "none in transaction mode: each connection is a session of its own";
    POOLER_NOT_SET =
        "DATABASE_URL leads through a pooler in transaction mode, where answers of different clients could be mixed up";
    SET_POOLER = "set DINGGATE_DATABASE_POOLER=transaction, put the pooler into session mode, or go past it";
    POOLER_SET_IN_VAIN = "DINGGATE_DATABASE_POOLER is transaction, and no such pooler was met";
    UNSET_POOLER = "set DINGGATE_DATABASE_POOLER=off, which is faster, unless one comes";
    SET_DIRECT = "set DINGGATE_DATABASE_DIRECT_URL to an address of Postgres past the pooler";
    NO_DIRECT = "in transaction mode, as set; without a direct connection nothing can be migrated";
    DIRECT_UNREACHABLE = "DINGGATE_DATABASE_DIRECT_URL leads to no server that takes two connections";
    CORRECT_DIRECT = "correct it; host, port and password may differ from those of the pooler";
    DIRECT_POOLED = "DINGGATE_DATABASE_DIRECT_URL leads through a pooler in transaction mode, too";
    POOLED = "in transaction mode, as set; migrations go past it";
    UTF8 = "the database is encoded as UTF8";
    other_encoding(other) = "the database is encoded as {other}, which cannot hold every name";
    CREATE_UTF8 =
        "create another one with CREATE DATABASE <name> ENCODING 'UTF8' TEMPLATE template0, and let DATABASE_URL name it";
    FSYNC_OFF = "fsync is off: a crash of the machine can destroy the database";
    FULL_PAGE_WRITES_OFF = "full_page_writes is off: a crash of the machine can destroy pages";
    SYNCHRONOUS_COMMIT_OFF =
        "synchronous_commit is off: Dinggate switches it on for itself, and other programs can lose what they have committed";
    DURABLE = "what is committed survives a crash of the server";
    set_in_postgresql_conf(settings) = "set {settings} in postgresql.conf";
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
