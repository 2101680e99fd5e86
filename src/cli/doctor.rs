//! `dinggate doctor`: what is wrong, and what to do about it. Results on stdout; there is no log.

mod lines;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use crate::app;
use crate::config::Config;
use crate::service::doctor::{self, Input, Report};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prints one JSON document instead of lines
    #[arg(long)]
    json: bool,
}

/// Examines the settings, right or wrong, and all that they name; 1 where anything fails.
pub fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()?;
    let report = runtime.block_on(async {
        let subject = Input::new(Config::examine_process(), |config| {
            app::context(config).ok()
        });
        doctor::examine(&subject).await
    });
    // A name that is still being resolved would keep an orderly end waiting.
    runtime.shutdown_background();
    print(args, &report)?;
    Ok(if report.ok {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn print(args: &Args, report: &Report) -> anyhow::Result<()> {
    let text = if args.json {
        serde_json::to_string_pretty(report)? + "\n"
    } else {
        lines::text(report, has_colours())
    };
    Ok(io::stdout().lock().write_all(text.as_bytes())?)
}

/// Colours are for terminals whose user has not forbidden them (<https://no-color.org>).
#[expect(
    clippy::disallowed_methods,
    reason = "NO_COLOR and TERM are the terminal's, not settings of ours"
)]
fn has_colours() -> bool {
    io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
}
