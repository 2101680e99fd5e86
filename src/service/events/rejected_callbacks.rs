//! Counts rejected callbacks. They are logged at most once a second, and never with their contents: a flood of
//! requests must not flood the log.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use crate::upstream::{CallbackError, unix_millis};

static COUNT: AtomicU64 = AtomicU64::new(0);
static LOGGED_AT: AtomicI64 = AtomicI64::new(0);

const LOG_EVERY_MS: i64 = 1000;

/// Returns how many callbacks this process has rejected since its start.
#[cfg(feature = "testing")]
pub fn count() -> u64 {
    COUNT.load(Ordering::Relaxed)
}

pub(super) fn note(why: CallbackError) {
    let refused = COUNT.fetch_add(1, Ordering::Relaxed) + 1;
    let now = unix_millis();
    let last = LOGGED_AT.load(Ordering::Relaxed);
    let is_due = (now - last).abs() >= LOG_EVERY_MS;
    if is_due
        && LOGGED_AT
            .compare_exchange(last, now, Ordering::Relaxed, Ordering::Relaxed)
            .is_ok()
    {
        tracing::warn!(%why, refused, "callback rejected");
    }
}
