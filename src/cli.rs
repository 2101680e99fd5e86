//! The command line: one file per subcommand. Exit codes: 0 done, 1 failed, 2 bad usage.

mod actor;
mod admin;
mod callback;
mod doctor;
mod migrate;
mod serve;
mod sync;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::app;
use crate::config::Config;
use crate::context::Context;
use crate::store::migrations;

/// The command line, parsed.
#[derive(Debug, Parser)]
#[command(
    name = "dinggate",
    version,
    about = "A login gate for company web apps on DingTalk",
    after_help = "Settings are read from the environment and from the TOML file that DINGGATE_CONFIG names."
)]
pub struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serves the gate until SIGINT or SIGTERM (the default)
    Serve,
    /// Applies pending database migrations
    Migrate,
    /// Reads the whole directory from DingTalk and brings the staff table up to date
    Sync(sync::Args),
    /// Manages the callback that is registered by DingTalk's API, and what it has missed
    Callback(callback::Args),
    /// Grants, revokes and lists administrators
    Admin(admin::Args),
    /// Checks settings, Postgres and DingTalk, and says what to do about each thing that is not right
    Doctor(doctor::Args),
}

/// Carries out what wants no whole settings; none for everything else.
pub fn without_settings(cli: &Cli) -> Option<anyhow::Result<ExitCode>> {
    match &cli.command {
        Some(Command::Doctor(args)) => Some(doctor::run(args)),
        _ => None,
    }
}

/// Carries out what the command line asks for.
pub fn dispatch(cli: Cli, config: Config) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(config).await,
            Command::Migrate => migrate::run(config).await,
            Command::Sync(args) => sync::run(&args, config).await,
            Command::Callback(args) => callback::run(args, config).await,
            Command::Admin(args) => admin::run(args, config).await,
            // Carried out before any settings were asked for.
            Command::Doctor(_) => Ok(()),
        }
    })
}

/// Does a command's work with what commands share with the service; an error where the schema is not in
/// place.
pub async fn with_context(
    config: Config,
    work: impl AsyncFnOnce(&Context) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let ctx = app::context(config)?;
    migrations::require(&ctx.db).await?;
    let done = work(&ctx).await;
    // A right to a call that went down with the process would keep the service's logins waiting.
    ctx.permits_returned().await;
    done
}
