//! The `dinggate` program.

use std::process::ExitCode;

use clap::Parser as _;
use dinggate::cli::Cli;

fn main() -> ExitCode {
    Cli::parse().run()
}
