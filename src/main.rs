//! The `dinggate` program: reads the command line and the settings, starts logging, dispatches.

use std::process::ExitCode;

use clap::Parser as _;
use dinggate::cli::{self, Cli};
use dinggate::config::Config;
use dinggate::telemetry;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = match Config::from_process() {
        Ok(config) => config,
        Err(faults) => {
            eprintln!("{faults}");
            return ExitCode::FAILURE;
        }
    };
    match telemetry::init(&config.log).and_then(|()| cli::dispatch(cli, config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}
