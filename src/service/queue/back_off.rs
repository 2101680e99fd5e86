//! Waits after failures of a loop.

use std::time::Duration;

/// The longest wait.
const MAX_WAIT: Duration = Duration::from_secs(5);

/// The failures of a loop since it last succeeded.
#[derive(Debug)]
pub(super) struct BackOff {
    /// The loop's name in the log.
    name: &'static str,
    failures: u32,
}

impl BackOff {
    pub fn new(name: &'static str) -> Self {
        Self { name, failures: 0 }
    }

    pub fn succeeded(&mut self) {
        self.failures = 0;
    }

    /// Records a failure and waits, longer with each one, up to five seconds. Logged once per series of failures.
    pub async fn failed(&mut self, why: &str) {
        if self.failures == 0 {
            tracing::warn!(
                worker = self.name,
                why,
                "worker iteration failed; continuing"
            );
        }
        self.failures = self.failures.saturating_add(1);
        let wait = Duration::from_millis(250) * 2_u32.saturating_pow(self.failures.min(6));
        tokio::time::sleep(wait.min(MAX_WAIT)).await;
    }
}
