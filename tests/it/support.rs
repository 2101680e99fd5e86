//! The service under test, the browsers that visit it, and the cloud behind it.

mod app;
mod browser;

pub use app::{Settings, TestApp, free_port, number, reqwest_client, settings};
pub use browser::{Answer, Browser};

use std::time::{Duration, Instant};

use sqlx::PgPool;

/// Removes the schema that the test's database may have been cloned with.
pub async fn without_schema(pool: &PgPool) {
    sqlx::raw_sql("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        .execute(pool)
        .await
        .unwrap();
}

/// Waits until something holds, at most so long; panics with `what` otherwise.
pub async fn eventually<F: AsyncFnMut() -> bool>(what: &str, within: Duration, mut holds: F) {
    let end = Instant::now() + within;
    while !holds().await {
        assert!(Instant::now() < end, "not within {within:?}: {what}");
        tokio::time::sleep(Duration::from_millis(40)).await;
    }
}
