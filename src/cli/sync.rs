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
use crate::service::directory_sync::{self, ProgressSink, Request, Summary};
use crate::store::sync_list::ChangeRow;
use crate::text::admin_syncs::problem::sync_problem;
use crate::text::commands::sync as texts;
use crate::text::lang::Lang;

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
    verdict(&summary, args.dry_run)
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
        self.line(&texts::counts(&summary.counts));
        self.flush();
        match self.failed {
            Some(error) => Err(error).context(texts::NOT_PRINTED),
            None => Ok(()),
        }
    }
}

/// Returns the error of a run, or of a dry run, that is not complete.
fn verdict(summary: &Summary, is_dry_run: bool) -> anyhow::Result<()> {
    let problem = summary.problem.as_ref();
    let problem = problem.map_or_else(
        || texts::NO_REASON.to_owned(),
        |problem| sync_problem(Lang::En, problem),
    );
    match texts::failure(summary.state.into(), is_dry_run, &problem) {
        None => Ok(()),
        Some(failure) => bail!(failure),
    }
}

#[cfg(test)]
mod tests;
