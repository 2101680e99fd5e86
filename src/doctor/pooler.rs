//! Compares the pooler between us and Postgres with the settings.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::time::timeout;

use super::Check;
use crate::config::{DatabaseConfig, DatabasePooler};
use crate::store::db::is_transaction_pooler;

pub const NAME: &str = "pooler";

const TIME: Duration = Duration::from_secs(3);

/// Checks whether the connection is pooled as the settings say. Only if it is may the other checks run.
pub async fn check(database: &DatabaseConfig) -> Check {
    let Some(is_pooled) = ask(&database.options).await else {
        return Check::skipped(NAME, "two connections at a time were not to be had");
    };
    match (database.pooler, is_pooled) {
        (DatabasePooler::Off, false) => Check::ok(
            NAME,
            "none in transaction mode: each connection is a session of its own",
        ),
        (DatabasePooler::Off, true) => Check::failure(
            NAME,
            "DATABASE_URL leads through a pooler in transaction mode, where answers of different clients could be mixed up",
            "set DINGGATE_DATABASE_POOLER=transaction, put the pooler into session mode, or go past it",
        ),
        (DatabasePooler::Transaction, false) => Check::warning(
            NAME,
            "DINGGATE_DATABASE_POOLER is transaction, and no such pooler was met",
            "set DINGGATE_DATABASE_POOLER=off, which is faster, unless one comes",
        ),
        (DatabasePooler::Transaction, true) => direct(database.direct.as_ref()).await,
    }
}

async fn direct(options: Option<&PgConnectOptions>) -> Check {
    const SET: &str = "set DINGGATE_DATABASE_DIRECT_URL to an address of Postgres past the pooler";
    let Some(options) = options else {
        return Check::warning(
            NAME,
            "in transaction mode, as set; without a direct connection nothing can be migrated",
            SET,
        );
    };
    match ask(options).await {
        None => Check::failure(
            NAME,
            "DINGGATE_DATABASE_DIRECT_URL leads to no server that takes two connections",
            "correct it; host, port and password may differ from those of the pooler",
        ),
        Some(true) => Check::failure(
            NAME,
            "DINGGATE_DATABASE_DIRECT_URL leads through a pooler in transaction mode, too",
            SET,
        ),
        Some(false) => Check::ok(NAME, "in transaction mode, as set; migrations go past it"),
    }
}

/// Returns `None` if there was no answer in time.
async fn ask(options: &PgConnectOptions) -> Option<bool> {
    timeout(TIME, is_transaction_pooler(options))
        .await
        .ok()?
        .ok()
}
