//! The schema's migrations: which are missing, and applying them.

use std::collections::HashMap;

use sqlx::Executor as _;
use sqlx::migrate::{Migrate, MigrateError, Migrator};

use super::{Conn, Db, StoreError};

/// All migrations that this version knows.
pub static MIGRATOR: Migrator = sqlx::migrate!();

/// Where sqlx keeps account of what has been applied.
const TABLE: &str = "_sqlx_migrations";

/// Why the schema is not the one that this version needs.
#[derive(Debug, thiserror::Error)]
pub enum MigrationError {
    #[error(transparent)]
    Store(#[from] StoreError),
    /// Some are missing and nobody asked to apply them.
    #[error("migrations are pending: {}; `dinggate migrate` applies them, and so does `dinggate serve` with DINGGATE_MIGRATE=auto", .0.join(", "))]
    Pending(Vec<String>),
    /// One fails, or is not the one that was applied under its number.
    #[error("the migrations cannot be applied")]
    Refused(#[source] MigrateError),
}

impl MigrationError {
    /// Whether Postgres could not be reached, so that a later try may succeed.
    pub fn is_unavailable(&self) -> bool {
        matches!(self, Self::Store(StoreError::Unavailable(_)))
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

/// Applies what is missing, waiting for anybody who is at it already, and names what it applied.
pub async fn apply(db: &Db) -> Result<Vec<String>, MigrationError> {
    // A connection of its own: where a migration fails, the lock ends with the connection.
    let mut conn = db.connect().await?;
    // Whoever is at it already may take a while.
    conn.execute("SET lock_timeout = 0")
        .await
        .map_err(StoreError::from)?;
    conn.raw().lock().await?;
    let missing = missing(&mut conn).await?;
    let mut migrator = Migrator::with_migrations(MIGRATOR.iter().cloned().collect());
    // A newer version may have migrated already while instances of this one are still starting.
    migrator.set_ignore_missing(true);
    migrator.run(conn.raw()).await?;
    Ok(missing)
}

/// Names the migrations that are not applied yet, in their order.
pub async fn pending(db: &Db) -> Result<Vec<String>, MigrationError> {
    let mut conn = db.connect().await?;
    missing(&mut conn).await
}

/// Fails with [`MigrationError::Pending`] where any migration is not applied yet.
pub async fn require(db: &Db) -> Result<(), MigrationError> {
    let pending = pending(db).await?;
    if pending.is_empty() {
        Ok(())
    } else {
        Err(MigrationError::Pending(pending))
    }
}

async fn missing(conn: &mut Conn) -> Result<Vec<String>, MigrationError> {
    Ok(state(conn).await?.pending)
}

/// How a schema compares with the one that this version knows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct State {
    /// How many have been applied, be they known or not.
    pub applied: usize,
    /// Not applied yet, in their order.
    pub pending: Vec<String>,
    /// Applied, but not in the form in which this version knows them.
    pub changed: Vec<String>,
    /// Applied by a newer version.
    pub newer: usize,
}

/// Compares the schema with what this version knows.
pub async fn state(conn: &mut Conn) -> Result<State, MigrationError> {
    let exists = sqlx::query_scalar!(r#"SELECT to_regclass($1) IS NOT NULL AS "exists!""#, TABLE)
        .fetch_one(&mut *conn)
        .await
        .map_err(StoreError::from)?;
    let applied = if exists {
        conn.raw().list_applied_migrations(TABLE).await?
    } else {
        Vec::new()
    };
    let applied: HashMap<i64, _> = applied
        .into_iter()
        .map(|migration| (migration.version, migration.checksum))
        .collect();
    let mut state = State {
        applied: applied.len(),
        newer: applied.len(),
        ..State::default()
    };
    for known in MIGRATOR.iter() {
        let name = || format!("{} {}", known.version, known.description);
        match applied.get(&known.version) {
            None => state.pending.push(name()),
            Some(checksum) => {
                state.newer -= 1;
                if *checksum != known.checksum {
                    state.changed.push(name());
                }
            }
        }
    }
    Ok(state)
}

#[cfg(test)]
mod tests {
    use sqlx::PgPool;

    use super::*;

    #[sqlx::test(migrations = false)]
    async fn migrations_are_applied_once_and_by_one_instance(pool: PgPool) {
        let db = Db::from_pool(pool.clone());
        let all = MIGRATOR.iter().count();
        assert_eq!(pending(&db).await.unwrap().len(), all);
        assert!(
            matches!(require(&db).await, Err(MigrationError::Pending(names)) if names.len() == all)
        );
        let (one, other) = tokio::join!(apply(&db), apply(&db));
        let mut counts = [one.unwrap().len(), other.unwrap().len()];
        counts.sort_unstable();
        assert_eq!(counts, [0, all], "the one who waits finds nothing to do");
        require(&db).await.unwrap();
    }

    #[sqlx::test]
    async fn an_older_version_starts_on_a_newer_schema(pool: PgPool) {
        let db = Db::from_pool(pool.clone());
        sqlx::raw_sql(
            "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time)
             VALUES (99991231235959, 'from the future', true, '', 0)",
        )
        .execute(&pool)
        .await
        .unwrap();
        assert!(apply(&db).await.unwrap().is_empty());
        require(&db).await.unwrap();
    }

    #[sqlx::test]
    async fn a_migration_that_was_changed_after_it_was_applied_is_refused(pool: PgPool) {
        let db = Db::from_pool(pool.clone());
        sqlx::raw_sql("UPDATE _sqlx_migrations SET checksum = '' WHERE version = (SELECT min(version) FROM _sqlx_migrations)")
            .execute(&pool)
            .await
            .unwrap();
        let error = apply(&db).await.unwrap_err();
        assert!(
            matches!(
                error,
                MigrationError::Refused(MigrateError::VersionMismatch(_))
            ),
            "{error:?}"
        );
        assert!(!error.is_unavailable());
    }
}
