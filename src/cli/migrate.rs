//! `dinggate migrate`: updates the database schema.

use std::io::{self, Write as _};

use crate::app;
use crate::config::Config;
use crate::store::migrations;
use crate::text::commands::migrate as texts;

/// Applies pending migrations and prints them; waits for an instance that is already migrating.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let applied = migrations::apply(&app::context(config)?.db).await?;
    let mut out = io::stdout().lock();
    for migration in &applied {
        writeln!(out, "applied {migration}")?;
    }
    if applied.is_empty() {
        writeln!(out, "{}", texts::NOTHING_PENDING)?;
    }
    Ok(())
}
