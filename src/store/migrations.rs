//! The schema's migrations: finds and applies the missing ones.

mod index;
mod lock;
mod preflight;
mod run;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use sqlx::migrate::{MigrateError, Migrator};

use super::{Conn, Db, StoreError};

pub use preflight::{VERSION, min_version, suffices};
pub use run::apply;

/// All migrations that this version knows.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// The table in which sqlx records applied migrations.
const TABLE: &str = "_sqlx_migrations";

/// Why this version cannot work with the database.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Some are missing, and nothing requested that they be applied.
    #[error("migrations are pending: {}; `dinggate migrate` applies them, and so does `dinggate serve` with DINGGATE_MIGRATE=auto", .0.join(", "))]
    Pending(Vec<String>),
    /// One fails, or differs from the one that was applied under its version.
    #[error("the migrations cannot be applied")]
    Refused(#[source] MigrateError),
    /// A lock that one needs could not be acquired.
    #[error("the migration {migration} waits for a lock that another transaction holds{}; let that end, then migrate again", held_by(.holder.as_deref()))]
    Blocked {
        migration: String,
        holder: Option<String>,
    },
    /// Another instance has been migrating for longer than the timeout.
    #[error("another instance is still migrating")]
    Busy,
    #[error(
        "DATABASE_URL leads through a pooler in transaction mode, where answers of different clients could be mixed up: set DINGGATE_DATABASE_POOLER=transaction, put the pooler into session mode, or go past it"
    )]
    UnknownPooler,
    #[error("migrations are pending: {}; they need a direct connection: set DINGGATE_DATABASE_DIRECT_URL to an address of Postgres past the pooler", .0.join(", "))]
    NoDirectWay(Vec<String>),
    #[error(
        "DINGGATE_DATABASE_DIRECT_URL leads through a pooler in transaction mode: let it name Postgres itself"
    )]
    IndirectWay,
    #[error(
        "the database is encoded as {0}, and Dinggate needs UTF8: create another one with CREATE DATABASE <name> ENCODING 'UTF8' TEMPLATE template0, and let DATABASE_URL name it"
    )]
    Encoding(String),
    #[error(
        "the database needs dinggate {min_version} or newer, and this is {}: start the newer version",
        VERSION
    )]
    TooOld { min_version: String },
}

fn held_by(text: Option<&str>) -> String {
    text.map_or_else(String::new, |text| format!(" (the oldest one: {text})"))
}

impl MigrationError {
    /// Returns whether a later attempt may succeed without intervention.
    pub fn is_unavailable(&self) -> bool {
        matches!(
            self,
            Self::Store(StoreError::Unavailable(_)) | Self::Blocked { .. } | Self::Busy
        )
    }
}

impl From<MigrateError> for MigrationError {
    fn from(error: MigrateError) -> Self {
        match error {
            MigrateError::Execute(error) => Self::Store(error.into()),
            MigrateError::ExecuteMigration(error, version) => match StoreError::from(error) {
                StoreError::Statement(error) => {
                    Self::Refused(MigrateError::ExecuteMigration(error, version))
                }
                error => Self::Store(error),
            },
            error => Self::Refused(error),
        }
    }
}

/// Fails if the database cannot be used, or any migration is not applied yet.
pub async fn require(db: &Db) -> Result<(), MigrationError> {
    let state = look(db).await?;
    if state.pending.is_empty() {
        Ok(())
    } else {
        Err(MigrationError::Pending(state.pending))
    }
}

/// Timeout for reading the state of the schema.
const READ_TIMEOUT: std::time::Duration = std::time::Duration::from_secs(2);

/// Compares the schema with what this version knows, after checking that the database can be used.
async fn look(db: &Db) -> Result<State, MigrationError> {
    preflight::way(db).await?;
    let mut conn = db.connect().await?;
    let read = conn.within(async |conn| {
        preflight::database(conn).await?;
        state(conn).await
    });
    let state = tokio::time::timeout(READ_TIMEOUT, read)
        .await
        .map_err(|_| StoreError::Unavailable(None))??;
    conn.close().await;
    if state.newer > 0 {
        tracing::warn!(
            newer = state.newer,
            "database schema is newer than this version of dinggate"
        );
    }
    Ok(state)
}

/// How a schema compares with the one that this version knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// How many have been applied, known or not.
    pub applied: usize,
    /// Not applied yet, in order.
    pub pending: Vec<String>,
    /// Applied, but in a form that differs from the one that this version knows.
    pub changed: Vec<String>,
    /// Applied by a newer version.
    pub newer: usize,
}

/// Compares the schema with what this version knows.
pub async fn state(conn: &mut Conn) -> Result<State, MigrationError> {
    let applied = applied(conn).await?;
    let mut state = State {
        applied: applied.len(),
        newer: applied.len(),
        ..State::default()
    };
    for known in MIGRATOR.iter() {
        match applied.get(&known.version) {
            None => state.pending.push(name(known)),
            Some(checksum) => {
                state.newer -= 1;
                if *checksum != *known.checksum {
                    state.changed.push(name(known));
                }
            }
        }
    }
    Ok(state)
}

fn name(migration: &sqlx::migrate::Migration) -> String {
    format!("{} {}", migration.version, migration.description)
}

/// Returns the checksums of the applied migrations, by version.
#[expect(
    clippy::disallowed_methods,
    reason = "sqlx's own table is not there when queries are checked"
)]
async fn applied(conn: &mut Conn) -> Result<HashMap<i64, Vec<u8>>, StoreError> {
    let exists = sqlx::query_scalar!(r#"SELECT to_regclass($1) IS NOT NULL AS "exists!""#, TABLE)
        .fetch_one(&mut *conn)
        .await?;
    if !exists {
        return Ok(HashMap::new());
    }
    let rows: Vec<(i64, Vec<u8>)> =
        sqlx::query_as("SELECT version, checksum FROM _sqlx_migrations")
            .fetch_all(conn)
            .await?;
    Ok(rows.into_iter().collect())
}
