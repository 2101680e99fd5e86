//! Checks the migrations of the database.

use tokio::time::timeout;

use super::{ANSWER_TIME, MIGRATIONS};
use crate::config::Migrate;
use crate::doctor::Check;
use crate::store::migrations::{self, MigrationError, State, VERSION, suffices};
use crate::store::{Conn, StoreError};
use crate::text::commands::doctor::database as texts;

/// Checks the schema; the error says why the tables cannot be read.
pub async fn schema(
    conn: &mut Conn,
    migrate: Option<Migrate>,
    checks: &mut Vec<Check>,
) -> Result<(), &'static str> {
    let looked = conn.within(async |conn| {
        let min_version = migrations::min_version(conn).await?;
        Ok::<_, MigrationError>((migrations::state(conn).await?, min_version))
    });
    let (state, min_version) = match timeout(ANSWER_TIME, looked).await {
        Ok(Ok(looked)) => looked,
        Ok(Err(MigrationError::Store(StoreError::Unavailable(_)))) | Err(_) => {
            checks.push(Check::skipped(MIGRATIONS, texts::TIMED_OUT));
            return Err(texts::TIMED_OUT);
        }
        Ok(Err(_)) => {
            checks.push(Check::failure(
                MIGRATIONS,
                texts::MIGRATIONS_UNREADABLE,
                texts::GRANT_MIGRATIONS,
            ));
            return Err(texts::SCHEMA_UNREADABLE);
        }
    };
    let too_old = min_version.filter(|wanted| !suffices(VERSION, wanted));
    if let Some(wanted) = too_old {
        checks.push(Check::failure(
            MIGRATIONS,
            texts::min_version(&wanted, VERSION),
            texts::START_NEWER,
        ));
        return Err(texts::NEEDS_NEWER);
    }
    let is_in_place = state.pending.is_empty();
    checks.push(judge_schema(&state, migrate));
    if is_in_place {
        Ok(())
    } else {
        Err(texts::PENDING)
    }
}

fn judge_schema(state: &State, migrate: Option<Migrate>) -> Check {
    if !state.changed.is_empty() {
        return Check::failure(
            MIGRATIONS,
            texts::migrations_changed(&state.changed),
            texts::OTHER_VERSION,
        );
    }
    if !state.pending.is_empty() {
        let detail = texts::migrations_pending(state.applied, &state.pending);
        return match migrate {
            Some(Migrate::Off) => Check::failure(MIGRATIONS, detail, texts::MIGRATE),
            _ => Check::warning(MIGRATIONS, detail, texts::MIGRATE_OR_SERVE),
        };
    }
    if state.newer > 0 {
        return Check::warning(
            MIGRATIONS,
            texts::migrations_newer(state.newer),
            texts::UPGRADE_INSTANCES,
        );
    }
    Check::ok(MIGRATIONS, texts::migrations_applied(state.applied))
}
