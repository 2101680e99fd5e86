//! `dinggate doctor`: what is wrong and how to fix it. Results on stdout; there is no log.

mod lines;

use std::io::{self, IsTerminal as _, Write as _};
use std::process::ExitCode;

use crate::app;
use crate::config::Config;
use crate::doctor::{self, Input, Report};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prints one JSON document instead of text lines
    #[arg(long)]
    json: bool,
}

/// Checks the settings, valid or not, and everything they refer to; the exit code is 1 if any check fails.
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
    // A normal shutdown would wait for a pending name resolution.
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

/// Uses colours on terminals whose user has not disabled them (<https://no-color.org>).
#[expect(
    clippy::disallowed_methods,
    reason = "NO_COLOR and TERM are the terminal's, not settings of ours"
)]
fn has_colours() -> bool {
    io::stdout().is_terminal()
        && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        && std::env::var_os("TERM").is_none_or(|value| value != "dumb")
}
