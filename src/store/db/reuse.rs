//! Which connections of the pool are used again.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

#[derive(Debug, Default)]
pub struct Reuse {
    /// Connections opened before this moment have plans of an older schema.
    plans_since: Mutex<Option<Instant>>,
    is_stopped: AtomicBool,
}

impl Reuse {
    /// Returns whether a connection of this age may be used again.
    pub fn allows(&self, age: Duration) -> bool {
        let since = *self
            .plans_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let is_outdated = since.is_some_and(|since| age > since.elapsed());
        !is_outdated && !self.is_stopped.load(Ordering::Relaxed)
    }

    /// Excludes the connections that are open now.
    pub fn exclude_open(&self) {
        *self
            .plans_since
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
    }

    /// Excludes all connections, also those opened later.
    pub fn stop(&self) {
        self.is_stopped.store(true, Ordering::Relaxed);
    }
}
