//! DingTalk's events: verified, stored and acknowledged at once, applied by workers.

mod batch;
mod batches;
mod departments;
mod event_lane;
mod failed_callbacks;
mod inbox;
mod initial_state;
mod keyed_mutex;
mod offboarding;
mod outcome;
mod parked;
mod receive;
mod recheck_lane;
mod rejected_callbacks;
mod retry;

pub use event_lane::EventLane;
pub use failed_callbacks::{FetchReport, ReadError, fetch_failed_callbacks};
pub use keyed_mutex::KeyedMutex;
pub use outcome::{ErrorClass, LookupError, LookupOutcome};
pub use parked::{ReleasedBy, parked, release};
#[cfg(feature = "testing")]
pub use receive::open as open_callback;
pub use receive::{ReceiveError, check_query, receive};
pub use recheck_lane::RecheckLane;
#[cfg(feature = "testing")]
pub use rejected_callbacks::count as rejected_count;
pub use retry::{retry_event, retry_failed_events};

use std::time::Duration;

/// Delay before work is tried again that was released because other lookups got no answer from DingTalk.
const REQUEUE_DELAY: Duration = Duration::from_secs(1);

/// How long lookups in flight may continue once the process is to stop: long enough for one call, not for a queue of
/// calls that each wait for an access token.
const SHUTDOWN_GRACE: Duration = Duration::from_millis(5500);
