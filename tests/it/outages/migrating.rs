//! Migrations while people read: the running instance goes on.

use std::time::{Duration, Instant};

use sqlx::PgPool;

use super::{Process, SOON, Scene};
use crate::cli;

/// As the schema was before the migration that creates triggers on the staff table, which needs a lock on it.
const UNDO: &str = "DROP FUNCTION includes_staff_webhooks, record_new_staff, record_changed_staff, record_staff_departments,
        record_changed_staff_departments CASCADE;
    DROP TABLE webhook_attempt, webhook_delivery, webhook_subscription, staff_change;
    DELETE FROM _sqlx_migrations WHERE version = 20261130101000";

#[sqlx::test]
async fn pages_and_events_keep_working_while_a_migration_waits_for_a_writer(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let browser = scene.signed_in(&process, &scene.people(1)[0]).await;
    scene.execute(UNDO).await;
    // As an import does: it writes for as long as it takes.
    let mut writer = pool.begin().await.unwrap();
    sqlx::raw_sql("LOCK TABLE staff IN ROW EXCLUSIVE MODE")
        .execute(&mut *writer)
        .await
        .unwrap();
    let settings = scene.settings.clone();
    let migration = tokio::task::spawn_blocking(move || cli::run(&settings, &["migrate"]));
    let end = Instant::now() + Duration::from_secs(5);
    let mut longest = Duration::ZERO;
    while Instant::now() < end {
        let begun = Instant::now();
        let answer = browser.clone().get("/").await;
        assert_eq!(answer.status, 200, "{}", answer.body);
        // What an event writes would wait behind the migration for as long as that waits.
        scene
            .execute("UPDATE staff SET updated_at = clock_timestamp()")
            .await;
        longest = longest.max(begun.elapsed());
    }
    assert!(!migration.is_finished());
    writer.rollback().await.unwrap();
    let ended = migration.await.unwrap();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.out.contains("applied 20261130101000"), "{ended:?}");
    assert!(longest < Duration::from_millis(2_500), "{longest:?}");
}

#[sqlx::test]
async fn a_column_that_changes_under_cached_plans_fails_no_page(pool: PgPool) {
    let scene = Scene::new(&pool).await;
    scene.employ(&scene.people(1)).await;
    let process = scene.serve().await;
    let browser = scene.signed_in(&process, &scene.people(1)[0]).await;
    let pages = async || {
        let pages = (0..30).map(|_| async { browser.clone().get("/").await.status });
        futures_util::future::join_all(pages).await
    };
    assert_eq!(pages().await, [200; 30]);
    scene
        .execute("ALTER TABLE web_session ALTER COLUMN csrf_token TYPE varchar(200)")
        .await;
    assert_eq!(pages().await, [200; 30]);
    let log = process.log();
    assert!(!log.contains("cached plan"), "{log}");
}

#[sqlx::test]
async fn a_database_that_needs_a_newer_version_is_refused_and_one_that_is_merely_newer_is_not(
    pool: PgPool,
) {
    let scene = Scene::new(&pool).await;
    scene.execute("INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (99991231235959, 'from the future', true, '', 0)").await;
    {
        let process = scene.serve().await;
        assert!(
            process.log().contains("database schema is newer"),
            "{}",
            process.log()
        );
    }
    scene
        .execute("UPDATE schema_requirement SET min_version = '999.0.0'")
        .await;
    for args in [&["migrate"][..], &["admin", "list"], &["sync"]] {
        let ended = cli::run(&scene.settings, args);
        assert_eq!(ended.code, Some(1), "{ended:?}");
        assert!(ended.err.contains("needs dinggate 999.0.0"), "{ended:?}");
    }
    let mut process = Process::start(&scene.settings);
    assert_eq!(process.ended(SOON).await, Some(1));
    let report = cli::run(&scene.settings, &["doctor"]);
    assert!(report.out.contains("needs dinggate 999.0.0"), "{report:?}");
}
