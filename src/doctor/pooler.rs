//! Compares the pooler between us and Postgres with the settings.

use std::time::Duration;

use sqlx::postgres::PgConnectOptions;
use tokio::time::timeout;

use super::Check;
use crate::config::{DatabaseConfig, DatabasePooler};
use crate::store::db::is_transaction_pooler;
use crate::text::commands::doctor::database as texts;

pub const NAME: &str = "pooler";

const TIME: Duration = Duration::from_secs(3);

/// Checks whether the connection is pooled as the settings say. Only if it is may the other checks run.
pub async fn check(database: &DatabaseConfig) -> Check {
    let Some(is_pooled) = ask(&database.options).await else {
        return Check::skipped(NAME, texts::NO_TWO_CONNECTIONS);
    };
    match (database.pooler, is_pooled) {
        (DatabasePooler::Off, false) => Check::ok(NAME, texts::NO_POOLER),
        (DatabasePooler::Off, true) => {
            Check::failure(NAME, texts::POOLER_NOT_SET, texts::SET_POOLER)
        }
        (DatabasePooler::Transaction, false) => {
            Check::warning(NAME, texts::POOLER_SET_IN_VAIN, texts::UNSET_POOLER)
        }
        (DatabasePooler::Transaction, true) => direct(database.direct.as_ref()).await,
    }
}

async fn direct(options: Option<&PgConnectOptions>) -> Check {
    let Some(options) = options else {
        return Check::warning(NAME, texts::NO_DIRECT, texts::SET_DIRECT);
    };
    match ask(options).await {
        None => Check::failure(NAME, texts::DIRECT_UNREACHABLE, texts::CORRECT_DIRECT),
        Some(true) => Check::failure(NAME, texts::DIRECT_POOLED, texts::SET_DIRECT),
        Some(false) => Check::ok(NAME, texts::POOLED),
    }
}

/// Returns `None` if there was no answer in time.
async fn ask(options: &PgConnectOptions) -> Option<bool> {
    timeout(TIME, is_transaction_pooler(options))
        .await
        .ok()?
        .ok()
}
