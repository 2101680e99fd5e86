//! Tests of migrations, each on its own database.

use std::borrow::Cow;
use std::time::Duration;

use sqlx::migrate::{Migration, MigrationType};
use sqlx::{AssertSqlSafe, PgPool, SqlSafeStr as _};
use tokio::time::{Instant, sleep};

use super::run::{LockTimeouts, apply_all};
use super::*;

#[sqlx::test(migrations = false)]
async fn migrations_are_applied_once_and_by_one_instance(pool: PgPool) {
    // The database may have been cloned from one with the schema.
    sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .execute(&pool)
        .await
        .unwrap();
    let db = Db::from_pool(pool.clone());
    let all = MIGRATOR.iter().count();
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

/// Returns the known migrations and one of the test's own.
fn with(sql: &str) -> Vec<Migration> {
    let own = Migration::new(
        99_991_231_235_959,
        Cow::Borrowed("own"),
        MigrationType::Simple,
        AssertSqlSafe(sql.to_owned()).into_sql_str(),
        sql.starts_with("-- no-transaction"),
    );
    MIGRATOR.iter().cloned().chain([own]).collect()
}

const LOCK_TIMEOUTS: LockTimeouts = LockTimeouts {
    locks: Duration::from_secs(10),
    pause: Duration::from_millis(200),
    others: Duration::from_secs(20),
};

/// Returns whether a valid index with this name exists.
async fn has_index(pool: &PgPool, name: &str) -> bool {
    use sqlx::Row as _;
    #[expect(clippy::disallowed_methods, reason = "the test looks for itself")]
    let row = sqlx::query(
        "SELECT EXISTS (SELECT FROM pg_index WHERE indexrelid = to_regclass($1) AND indisvalid)",
    )
    .bind(name)
    .fetch_one(pool)
    .await
    .unwrap();
    row.get(0)
}

#[sqlx::test]
async fn a_migration_that_a_reader_blocks_is_tried_until_it_ends_and_lets_others_through(
    pool: PgPool,
) {
    let db = Db::from_pool(pool.clone());
    let mut reader = pool.begin().await.unwrap();
    sqlx::raw_sql("SELECT FROM staff")
        .execute(&mut *reader)
        .await
        .unwrap();
    let all = with("ALTER TABLE staff ADD COLUMN own integer");
    let mut done = Vec::new();
    let migrating = apply_all(&db, &all, LOCK_TIMEOUTS, &mut done);
    let reading = async {
        let mut longest = Duration::ZERO;
        let end = Instant::now() + Duration::from_secs(3);
        while Instant::now() < end {
            let begun = Instant::now();
            sqlx::raw_sql("SELECT FROM staff")
                .execute(&pool)
                .await
                .unwrap();
            longest = longest.max(begun.elapsed());
            sleep(Duration::from_millis(20)).await;
        }
        reader.rollback().await.unwrap();
        longest
    };
    let (result, longest) = tokio::join!(migrating, reading);
    result.unwrap();
    assert_eq!(done, ["99991231235959 own"]);
    assert!(longest < Duration::from_millis(1_500), "{longest:?}");
}

#[sqlx::test]
async fn a_migration_that_stays_blocked_names_itself_and_the_oldest_transaction(pool: PgPool) {
    let db = Db::from_pool(pool.clone());
    let mut reader = pool.begin().await.unwrap();
    sqlx::raw_sql("SELECT FROM staff")
        .execute(&mut *reader)
        .await
        .unwrap();
    let patience = LockTimeouts {
        locks: Duration::from_millis(700),
        ..LOCK_TIMEOUTS
    };
    let all = with("ALTER TABLE staff ADD COLUMN own integer");
    let error = apply_all(&db, &all, patience, &mut Vec::new())
        .await
        .unwrap_err();
    assert!(error.is_unavailable());
    let text = error.to_string();
    assert!(
        text.contains("99991231235959 own") && text.contains("process "),
        "{text}"
    );
}

#[sqlx::test]
async fn an_index_is_created_concurrently_while_other_instances_wait(pool: PgPool) {
    let db = Db::from_pool(pool.clone());
    // What an interrupted attempt leaves behind.
    sqlx::raw_sql("CREATE INDEX own_index ON staff (name); UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'own_index'::regclass")
        .execute(&pool)
        .await
        .unwrap();
    let mut writer = pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE staff IN ROW EXCLUSIVE MODE")
        .execute(&mut *writer)
        .await
        .unwrap();
    let all = with(
        "-- no-transaction\nCREATE INDEX CONCURRENTLY IF NOT EXISTS own_index ON staff (name);",
    );
    let (mut one, mut other) = (Vec::new(), Vec::new());
    let (first, second, ()) = tokio::join!(
        apply_all(&db, &all, LOCK_TIMEOUTS, &mut one),
        apply_all(&db, &all, LOCK_TIMEOUTS, &mut other),
        async {
            sleep(Duration::from_secs(2)).await;
            writer.rollback().await.unwrap();
        }
    );
    first.unwrap();
    second.unwrap();
    assert_eq!(one.len() + other.len(), 1);
    assert!(has_index(&pool, "own_index").await);
}
