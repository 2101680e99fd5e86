//! Runs a job after each poll of the queue.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::store::StoreError;
use crate::store::queue::DueWork;

/// Delay after a failure.
const RETRY_DELAY: Duration = Duration::from_secs(1);

/// The polls of the queue, for one job.
pub(super) struct Polls {
    /// The job's name in the log.
    job: &'static str,
    /// What the last poll has found; `None` before the first one.
    found: watch::Receiver<Option<DueWork>>,
    stop: CancellationToken,
    has_failed: bool,
}

impl Polls {
    pub fn new(
        job: &'static str,
        found: &watch::Receiver<Option<DueWork>>,
        stop: &CancellationToken,
    ) -> Self {
        Self {
            job,
            found: found.clone(),
            stop: stop.clone(),
            has_failed: false,
        }
    }

    /// Waits for the next poll and returns what it has found, or `None` when the process stops. Polls during a run are
    /// skipped.
    pub async fn next(&mut self) -> Option<DueWork> {
        loop {
            tokio::select! {
                () = self.stop.cancelled() => return None,
                changed = self.found.changed() => changed.ok()?,
            }
            if let Some(found) = self.found.borrow_and_update().clone() {
                return Some(found);
            }
        }
    }

    /// Runs the job; a failure or a panic is logged once per series, and the next poll runs it again.
    pub async fn run(&mut self, job: impl Future<Output = Result<(), StoreError>>) {
        let why = match AssertUnwindSafe(job).catch_unwind().await {
            Ok(Ok(())) => {
                self.has_failed = false;
                return;
            }
            Ok(Err(error)) => error.to_string(),
            Err(_panic) => "worker panicked".to_owned(),
        };
        if !self.has_failed {
            tracing::warn!(
                worker = self.job,
                why,
                "worker iteration failed; continuing"
            );
        }
        self.has_failed = true;
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(RETRY_DELAY) => {}
        }
    }
}
