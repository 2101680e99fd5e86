//! `dinggate sync`: a full sync now. Results on stdout, progress and logs on stderr.

mod report;

use std::io::{self, Write as _};
use std::time::{Duration, Instant};

use anyhow::bail;

use super::actor;
use crate::config::Config;
use crate::service::directory_sync::{self, Cause, Progress, Request, State, Summary};

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prints what would be done, and does nothing
    #[arg(long)]
    dry_run: bool,
    /// Marks as left however many people are gone, as this run finds them
    #[arg(long)]
    accept_leavers: bool,
}

/// Runs a full sync and prints what came of it; an error unless everything was read and done.
pub async fn run(args: &Args, config: Config) -> anyhow::Result<()> {
    let ctx = super::context(config).await?;
    let request = Request {
        cause: Cause::Command,
        started_by: actor::name(),
        dry_run: args.dry_run,
        accept_leavers: args.accept_leavers,
    };
    let mut ticker = Ticker::default();
    let summary = directory_sync::run(&ctx, request, &mut |progress| {
        if let Some(line) = ticker.line(progress) {
            show(&line);
        }
    })
    .await?;
    io::stdout()
        .lock()
        .write_all(report::text(&summary).as_bytes())?;
    verdict(&summary)
}

/// What a run that is not done fails with.
fn verdict(summary: &Summary) -> anyhow::Result<()> {
    let problem = summary.problem.as_deref().unwrap_or("no reason was given");
    match summary.state {
        State::Done => Ok(()),
        State::Partial => {
            bail!("the directory could not be read whole, so nobody was marked as left: {problem}")
        }
        State::Failed => bail!("nothing was done: {problem}"),
        State::Stopped => bail!(
            "nobody was marked as left: {problem} (DINGGATE_SYNC_MAX_LEAVERS); \
             `dinggate sync --dry-run` prints who they are, `dinggate sync --accept-leavers` lets them go"
        ),
    }
}

/// Lines of progress, not more often than people can read them.
#[derive(Default)]
struct Ticker {
    last: Option<(&'static str, Instant)>,
}

const PAUSE: Duration = Duration::from_secs(2);

impl Ticker {
    /// The line to show now, if one is due: at each new phase, and at times in between.
    fn line(&mut self, progress: Progress) -> Option<String> {
        let (phase, line) = describe(progress);
        let is_due = self
            .last
            .is_none_or(|(last, at)| last != phase || at.elapsed() >= PAUSE);
        is_due.then(|| {
            self.last = Some((phase, Instant::now()));
            line
        })
    }
}

/// A closed stderr is no reason to give a sync up.
fn show(line: &str) {
    let _unshown = writeln!(io::stderr(), "{line}");
}

fn describe(progress: Progress) -> (&'static str, String) {
    match progress {
        Progress::Reading {
            departments_read,
            departments_found,
            people,
        } => (
            "reading",
            format!(
                "reading: {departments_read} of {departments_found} departments, {people} people"
            ),
        ),
        Progress::Confirming { done, total } => (
            "asking",
            format!("asking about absent people: {done} of {total}"),
        ),
        Progress::Applying { done, total } => ("writing", format!("writing: {done} of {total}")),
    }
}

#[cfg(test)]
mod tests;
