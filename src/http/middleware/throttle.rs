//! Limits a log line to one per minute.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

const INTERVAL: Duration = Duration::from_mins(1);

/// Stores when something was last logged.
#[derive(Debug, Default)]
pub struct Throttle(Mutex<Option<Instant>>);

impl Throttle {
    /// Returns whether it may be logged now; if so, it may not be logged again for a minute.
    pub fn allows(&self) -> bool {
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let may = last.is_none_or(|last| last.elapsed() >= INTERVAL);
        if may {
            *last = Some(Instant::now());
        }
        may
    }
}
