//! `dinggate migrate`: brings the schema up to date.

use std::io::{self, Write as _};

use crate::app;
use crate::config::Config;
use crate::store::migrations;

/// Applies what is pending and prints it; an instance that is at it already is waited for.
pub async fn run(config: Config) -> anyhow::Result<()> {
    let applied = migrations::apply(&app::context(config)?.db).await?;
    let mut out = io::stdout().lock();
    for migration in &applied {
        writeln!(out, "applied {migration}")?;
    }
    if applied.is_empty() {
        writeln!(out, "nothing to apply: the schema is up to date")?;
    }
    Ok(())
}
