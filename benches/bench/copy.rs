//! The yardstick of the sync's writing: a plain COPY of the same rows.

use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use sqlx::{Connection as _, PgConnection};

const TABLES: [&str; 3] = ["department", "staff", "staff_department"];

/// Copies what a sync has written into tables with the same columns and indexes, in one transaction.
pub async fn measure(database: &str) -> Duration {
    let mut conn = PgConnection::connect(database).await.unwrap();
    let mut rows = Vec::new();
    for table in TABLES {
        let make = format!(
            "DROP TABLE IF EXISTS copy_{table}; CREATE TABLE copy_{table} (LIKE {table} INCLUDING ALL)"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(make))
            .execute(&mut conn)
            .await
            .unwrap();
        let out = conn
            .copy_out_raw(&format!("COPY {table} TO STDOUT"))
            .await
            .unwrap();
        let parts: Vec<_> = out.try_collect().await.unwrap();
        rows.push((table, parts.concat()));
    }
    let begun = Instant::now();
    let mut tx = conn.begin().await.unwrap();
    for (table, rows) in rows {
        let statement = format!("COPY copy_{table} FROM STDIN");
        let mut copy = tx.copy_in_raw(&statement).await.unwrap();
        copy.send(rows).await.unwrap();
        copy.finish().await.unwrap();
    }
    tx.commit().await.unwrap();
    begun.elapsed()
}
