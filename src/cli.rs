//! The command line: one file per subcommand. Exit codes: 0 success, 1 failure, 2 bad usage.

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
use crate::telemetry;

/// The parsed command line.
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
    /// Runs the login gate until SIGINT or SIGTERM (the default)
    Serve,
    /// Applies pending database migrations
    Migrate,
    /// Reads the whole directory from DingTalk and updates the staff table
    Sync(sync::Args),
    /// Manages the callback registered by DingTalk's API, and the events that it missed
    Callback(callback::Args),
    /// Grants, revokes and lists administrators, reviewers and auditors
    Admin(admin::Args),
    /// Checks settings, Postgres and DingTalk, and says how to fix each problem
    Doctor(doctor::Args),
}

impl Cli {
    /// Reads the settings, starts logging, and runs the command.
    pub fn run(self) -> ExitCode {
        // Doctor reports wrong settings, and so does not need them to be valid.
        let result = if let Some(Command::Doctor(args)) = &self.command {
            doctor::run(args)
        } else {
            match Config::from_process() {
                Ok(config) => telemetry::init(&config.log)
                    .and_then(|()| dispatch(self, config))
                    .map(|()| ExitCode::SUCCESS),
                Err(errors) => {
                    eprintln!("{errors}");
                    return ExitCode::FAILURE;
                }
            }
        };
        result.unwrap_or_else(|error| {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        })
    }
}

/// Runs the selected command.
fn dispatch(cli: Cli, config: Config) -> anyhow::Result<()> {
    actix_web::rt::System::new().block_on(async {
        match cli.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run(config).await,
            Command::Migrate => migrate::run(config).await,
            Command::Sync(args) => sync::run(&args, config).await,
            Command::Callback(args) => callback::run(args, config).await,
            Command::Admin(args) => admin::run(args, config).await,
            // `without_settings` has already handled it.
            Command::Doctor(_) => Ok(()),
        }
    })
}

/// Runs a command with the same context as the service; returns an error if the schema is not up to date.
pub async fn with_context(
    config: Config,
    work: impl AsyncFnOnce(&Context) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let ctx = app::context(config)?;
    migrations::require(&ctx.db).await?;
    let done = work(&ctx).await;
    // A permit lost with the process would delay the service's logins.
    ctx.dingtalk.permits_returned().await;
    done
}
