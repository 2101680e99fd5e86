//! `dinggate sync`: runs a full sync now. Results on stdout, progress and logs on stderr.

mod progress;
mod report;

use crate::domain::sync::SyncCause;
use std::io::{self, Write as _};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context as _, bail};

use super::{actor, serve};
use crate::config::Config;
use crate::context::Context;
use crate::service::directory_sync::{self, ProgressSink, Request, State, Summary};
use crate::store::sync_list::ChangeRow;

use progress::Progressing;

#[derive(Debug, clap::Args)]
pub struct Args {
    /// Prints what would be done, without doing it
    #[arg(long)]
    dry_run: bool,
    /// Marks people as left, however many this run finds gone
    #[arg(long)]
    accept_leavers: bool,
}

/// Runs a full sync and prints the result; returns an error unless everything was read and done.
pub async fn run(args: &Args, config: Config) -> anyhow::Result<()> {
    super::with_context(config, async |ctx| act(ctx, args).await).await
}

async fn act(ctx: &Context, args: &Args) -> anyhow::Result<()> {
    let request = Request {
        cause: SyncCause::Command,
        started_by: actor::name(),
        dry_run: args.dry_run,
        accept_leavers: args.accept_leavers,
    };
    let stop = serve::stop_signal()?;
    let progressing = Mutex::new(Progressing::on_stderr());
    let mut printed = BufferedOutput::default();
    let summary = {
        let mut progress = |progress| lock(&progressing).show(progress);
        let mut record = |record| {
            lock(&progressing).end();
            printed.print(&record);
        };
        let listener = ProgressSink {
            progress: &mut progress,
            record: &mut record,
        };
        let mut sync = Box::pin(directory_sync::run_with_progress(ctx, request, listener));
        tokio::select! {
            summary = &mut sync => summary,
            () = stop => {
                // The run then stops on its own and releases its lease.
                ctx.stopping.cancel();
                sync.await
            }
        }
    };
    lock(&progressing).end();
    let summary = summary?;
    printed.end(&summary)?;
    if args.dry_run {
        dry_verdict(&summary)
    } else {
        verdict(&summary)
    }
}

fn lock<T>(value: &Mutex<T>) -> MutexGuard<'_, T> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Output for stdout, buffered because there may be a hundred thousand lines.
#[derive(Default)]
struct BufferedOutput {
    out: Vec<u8>,
    failed: Option<io::Error>,
}

impl BufferedOutput {
    fn print(&mut self, record: &ChangeRow) {
        self.line(&report::record(record));
        if self.out.len() > 64 * 1024 {
            self.flush();
        }
    }

    fn line(&mut self, line: &str) {
        self.out.extend_from_slice(line.as_bytes());
        self.out.push(b'\n');
    }

    fn flush(&mut self) {
        let written = io::stdout().lock().write_all(&self.out);
        self.out.clear();
        if let Err(error) = written {
            // The work is done, whether or not the output can be written.
            self.failed.get_or_insert(error);
        }
    }

    fn end(mut self, summary: &Summary) -> anyhow::Result<()> {
        self.line(&report::numbers(summary));
        self.flush();
        match self.failed {
            Some(error) => Err(error).context("the result could not be printed"),
            None => Ok(()),
        }
    }
}

/// Returns the error of a dry run which finds that a real run would not complete.
fn dry_verdict(summary: &Summary) -> anyhow::Result<()> {
    let problem = problem(summary);
    match summary.state {
        State::Done => Ok(()),
        State::Partial => bail!(
            "the directory could not be read whole, so a sync would mark nobody as left: {problem}"
        ),
        State::Failed => bail!("nothing could be planned: {problem}"),
        State::Stopped => bail!(
            "a sync would mark nobody as left: {problem} (DINGGATE_SYNC_MAX_LEAVERS); \
             `dinggate sync --accept-leavers` lets those go who are printed above"
        ),
    }
}

fn problem(summary: &Summary) -> &str {
    summary.problem.as_deref().unwrap_or("no reason was given")
}

/// Returns the error of an incomplete run.
fn verdict(summary: &Summary) -> anyhow::Result<()> {
    let problem = problem(summary);
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

#[cfg(test)]
mod tests;
