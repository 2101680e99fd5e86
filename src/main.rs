//! The `dinggate` program: reads the command line and the settings, starts logging, dispatches.

use std::process::ExitCode;

use clap::Parser as _;
use dinggate::cli::{self, Cli};
use dinggate::config::Config;
use dinggate::telemetry;

fn main() -> ExitCode {
    let cli = Cli::parse();
    if let Some(ended) = cli::without_settings(&cli) {
        return ended.unwrap_or_else(|error| failure(&error));
    }
    let config = match Config::from_process() {
        Ok(config) => config,
        Err(faults) => {
            eprintln!("{faults}");
            return ExitCode::FAILURE;
        }
    };
    match telemetry::init(&config.log).and_then(|()| cli::dispatch(cli, config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => failure(&error),
    }
}

fn failure(error: &anyhow::Error) -> ExitCode {
    eprintln!("error: {error:#}");
    ExitCode::FAILURE
}
