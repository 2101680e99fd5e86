//! A worker loop that runs until the process stops.

use std::panic::AssertUnwindSafe;
use std::time::Duration;

use futures_util::FutureExt as _;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::context::Context;
use crate::store::StoreError;

/// Settings of a loop.
pub(super) struct PollLoop<'a> {
    /// The worker's name in the log.
    pub name: &'static str,
    /// The wait after a tick that found no work.
    pub pause: Duration,
    /// Cuts the wait short.
    pub bell: Option<&'a Notify>,
    pub stop: &'a CancellationToken,
}

/// The longest wait after failures.
const MAX_BACK_OFF: Duration = Duration::from_secs(5);

impl PollLoop<'_> {
    /// Runs ticks until stopped: the next one at once after a tick that did work, after a pause if it did none, and
    /// after growing waits, up to five seconds, while it fails or panics.
    pub async fn run<F>(&self, ctx: &Context, round: impl Fn() -> F)
    where
        F: Future<Output = Result<bool, StoreError>>,
    {
        let mut failures: u32 = 0;
        while !self.stop.is_cancelled() {
            if !ctx.is_ready() {
                self.wait(self.pause.min(Duration::from_secs(1))).await;
                continue;
            }
            match AssertUnwindSafe(round()).catch_unwind().await {
                Ok(Ok(true)) => failures = 0,
                Ok(Ok(false)) => {
                    failures = 0;
                    self.wait(self.pause).await;
                }
                Ok(Err(error)) => {
                    failures = self.failed(failures, &error.to_string());
                    self.back_off(failures).await;
                }
                Err(_panic) => {
                    failures = self.failed(failures, "a fault in Dinggate");
                    self.back_off(failures).await;
                }
            }
        }
    }

    fn failed(&self, failures: u32, why: &str) -> u32 {
        // Logged once per series of failures, not once per tick.
        if failures == 0 {
            tracing::warn!(
                worker = self.name,
                why,
                "worker iteration failed; continuing"
            );
        }
        failures.saturating_add(1)
    }

    async fn back_off(&self, failures: u32) {
        let wait = Duration::from_millis(250) * 2_u32.saturating_pow(failures.min(6));
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = tokio::time::sleep(wait.min(MAX_BACK_OFF)) => {}
        }
    }

    async fn wait(&self, pause: Duration) {
        let rung = async {
            match self.bell {
                Some(bell) => bell.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            () = self.stop.cancelled() => {}
            () = rung => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}
