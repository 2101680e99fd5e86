//! Applies migrations while instances are running: a statement waiting for a table lock blocks all later ones on
//! that table, so each wait is short and repeated.

use std::time::Duration;

use sqlx::Executor as _;
use sqlx::migrate::{Migrate as _, MigrateError, Migration};
use tokio::time::{Instant, sleep};

use super::{MIGRATOR, MigrationError, TABLE, applied, index, lock, look, name};
use crate::store::{Conn, Db, StoreError};

/// Timeouts for locks and for other instances, and the pause between attempts.
#[derive(Debug, Clone, Copy)]
pub(super) struct LockTimeouts {
    /// For the locks of one migration, over all attempts.
    pub locks: Duration,
    /// Between two attempts, so that statements queued behind the last one get through.
    pub pause: Duration,
    /// For another instance that is migrating.
    pub others: Duration,
}

/// Waits up to a minute for locks.
const LOCK_TIMEOUTS: LockTimeouts = LockTimeouts {
    locks: Duration::from_mins(1),
    pause: Duration::from_secs(1),
    others: Duration::from_mins(10),
};

/// Applies missing migrations, after waiting for any instance that is already migrating; returns the names of those
/// applied.
pub async fn apply(db: &Db) -> Result<Vec<String>, MigrationError> {
    let state = look(db).await?;
    if state.pending.is_empty() && state.changed.is_empty() {
        return Ok(Vec::new());
    }
    if db.is_pooled_unawares().await? {
        return Err(MigrationError::IndirectWay);
    }
    let all: Vec<Migration> = MIGRATOR.iter().cloned().collect();
    let mut done = Vec::new();
    let result = apply_all(db, &all, LOCK_TIMEOUTS, &mut done).await;
    match result {
        Err(MigrationError::NoDirectWay(_)) => Err(MigrationError::NoDirectWay(state.pending)),
        result => result.map(|()| done),
    }
}

/// Applies missing migrations and adds their names to `done`.
pub(super) async fn apply_all(
    db: &Db,
    all: &[Migration],
    patience: LockTimeouts,
    done: &mut Vec<String>,
) -> Result<(), MigrationError> {
    let mut waited_for: Option<(i64, Instant)> = None;
    loop {
        let Some(mut conn) = db.connect_directly().await? else {
            return Err(MigrationError::NoDirectWay(Vec::new()));
        };
        lock::take(&mut conn, patience.others).await?;
        let blocked = pass(&mut conn, all, done).await?;
        let holder = match blocked {
            Some(_) => oldest_transaction(&mut conn).await?,
            None => None,
        };
        // This also releases the lock: an instance of an older version that waits for it has a transaction open, for
        // which CREATE INDEX CONCURRENTLY would wait.
        conn.close().await;
        let Some(migration) = blocked else {
            return Ok(());
        };
        let since = match waited_for {
            Some((version, since)) if version == migration.version => since,
            _ => Instant::now(),
        };
        waited_for = Some((migration.version, since));
        let error = MigrationError::Blocked {
            migration: name(migration),
            holder,
        };
        if since.elapsed() >= patience.locks {
            return Err(error);
        }
        tracing::info!(%error, "retrying a migration");
        sleep(patience.pause).await;
    }
}

/// Applies missing migrations one after the other; returns the one that is blocked by a lock, if any.
async fn pass<'a>(
    conn: &mut Conn,
    all: &'a [Migration],
    done: &mut Vec<String>,
) -> Result<Option<&'a Migration>, MigrationError> {
    let applied = applied(conn).await?;
    if applied.is_empty() {
        conn.raw().ensure_migrations_table(TABLE).await?;
    }
    for migration in all {
        match applied.get(&migration.version) {
            Some(checksum) if *checksum == *migration.checksum => {}
            Some(_) => return Err(MigrateError::VersionMismatch(migration.version).into()),
            None => match apply_one(conn, migration).await {
                Ok(()) => done.push(name(migration)),
                Err(error) if is_blocked(&error) => return Ok(Some(migration)),
                Err(error) => return Err(error.into()),
            },
        }
    }
    Ok(None)
}

async fn apply_one(conn: &mut Conn, migration: &Migration) -> Result<(), MigrateError> {
    let limit = if migration.no_tx {
        // No statement queues behind an index that is created concurrently.
        "SET lock_timeout = '60s'"
    } else if is_being_vacuumed(conn).await? {
        // Autovacuum yields to a lock request that has waited for a second.
        "SET lock_timeout = '1300ms'"
    } else {
        // Event callbacks wait for 700 ms in total.
        "SET lock_timeout = '400ms'"
    };
    conn.execute(limit).await?;
    if migration.no_tx {
        index::drop_invalid(conn, migration).await?;
    }
    conn.raw().apply(TABLE, migration).await?;
    Ok(())
}

/// Returns whether a session holds the lock of VACUUM on any table; few other commands take it.
async fn is_being_vacuumed(conn: &mut Conn) -> Result<bool, sqlx::Error> {
    sqlx::query_scalar!(
        r#"SELECT EXISTS (SELECT FROM pg_locks
           WHERE locktype = 'relation' AND mode = 'ShareUpdateExclusiveLock' AND granted
             AND database = (SELECT oid FROM pg_database WHERE datname = current_database()))
           AS "is!""#
    )
    .fetch_one(conn)
    .await
}

/// Returns whether a lock could not be acquired in time, or only by a deadlock.
fn is_blocked(error: &MigrateError) -> bool {
    let (MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _)) = error else {
        return false;
    };
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code);
    code.is_some_and(|code| matches!(&*code, "55P03" | "40P01"))
}

/// Describes the oldest transaction that our role can see; very likely the one that blocks the migration.
async fn oldest_transaction(conn: &mut Conn) -> Result<Option<String>, StoreError> {
    let holder = sqlx::query_scalar!(
        r#"SELECT format('process %s of user %s%s, open for %s', pid, usename,
             CASE application_name WHEN '' THEN '' ELSE ' (' || application_name || ')' END,
             date_trunc('second', now() - xact_start)) AS "holder!"
         FROM pg_stat_activity
         WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
         ORDER BY xact_start LIMIT 1"#
    )
    .fetch_optional(conn)
    .await?;
    Ok(holder)
}
