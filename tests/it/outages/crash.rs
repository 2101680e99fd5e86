//! Postgres is killed at once while its setting lets it forget what it has committed last.

use dingtalk_sim::company;
use sqlx::PgPool;

use super::own_postgres::OwnPostgres;
use super::{Scene, event};
use crate::support::number;

/// A write-ahead log that reaches the disk late, unless a transaction insists.
const FORGETFUL: [&str; 3] = [
    "synchronous_commit=off",
    "wal_writer_delay=10s",
    "autovacuum=off",
];

#[tokio::test]
async fn nothing_that_was_acknowledged_is_lost_where_the_server_commits_asynchronously() {
    let mut postgres = OwnPostgres::start_with(&FORGETFUL).await;
    let pool = PgPool::connect(&postgres.url()).await.unwrap();
    dinggate::store::migrations::MIGRATOR
        .run(&pool)
        .await
        .unwrap();
    let scene = Scene::new(&pool).await;
    scene.execute("CREATE TABLE forgotten ()").await;
    let mut process = scene.serve().await;
    for n in 0..30 {
        let event = event(&format!("kept-{n}"), "user_modify_org", company::EMPLOYEE);
        scene.deliver(&process, &event).await;
    }
    process.kill();
    // The same without our settings: it shows that the crash takes something along.
    scene
        .execute("INSERT INTO forgotten SELECT FROM generate_series(1, 3)")
        .await;
    postgres.crash();
    pool.close().await;
    postgres.restart().await;
    let pool = PgPool::connect(&postgres.url()).await.unwrap();
    let after = Scene {
        pool: pool.clone(),
        ..scene
    };
    let kept = "SELECT count(*) FROM event";
    assert_eq!(after.number(kept).await, 30);
    let mut durable = after.number("SELECT count(*) FROM forgotten").await;
    pool.close().await;
    // Now and then Postgres writes its log just before the crash.
    for _ in 0..4 {
        if durable == 0 {
            return;
        }
        let pool = PgPool::connect(&postgres.url()).await.unwrap();
        let one_more = "INSERT INTO forgotten SELECT FROM generate_series(1, 1)";
        sqlx::raw_sql(one_more).execute(&pool).await.unwrap();
        postgres.crash();
        pool.close().await;
        postgres.restart().await;
        let pool = PgPool::connect(&postgres.url()).await.unwrap();
        let there = number(&pool, "SELECT count(*) FROM forgotten").await;
        pool.close().await;
        if there == durable {
            return;
        }
        durable = there;
    }
    panic!("no crash has taken anything along");
}
