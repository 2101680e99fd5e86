//! DingTalk's events: believed, stored and answered at once, applied by workers.

mod answer;
mod asking;
mod batch;
mod busy;
mod departments;
mod door;
mod looks;
mod receive;
mod refused;
mod work;

pub use busy::Busy;
pub use looks::work_due_looks;
pub use receive::{ReceiveError, receive};
pub use refused::count as refused_count;
pub use work::work;

use std::time::Duration;

/// How often a worker tells the others that it is alive.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How long work rests that was put back because DingTalk did not answer others.
const REST: Duration = Duration::from_secs(1);
