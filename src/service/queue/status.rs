//! The state of the lanes, for administrators.

use std::time::Duration;

use tokio::time::Instant;

use crate::context::Context;
use crate::domain::queue::LaneName;
use crate::store::StoreError;
use crate::store::queue_lane::{self, LaneRow};

/// How often the state of one lane is written at most.
const INTERVAL: Duration = Duration::from_secs(5);
/// The longest error that is stored.
const MAX_ERROR_CHARS: usize = 300;

/// Returns the state of all lanes.
pub async fn lanes(ctx: &Context) -> Result<Vec<LaneRow>, StoreError> {
    ctx.db.read(async |conn| queue_lane::list(conn).await).await
}

/// What this process has not written yet about one of its lanes.
pub(super) struct Status {
    lane: LaneName,
    has_run: bool,
    error: Option<String>,
    not_before: Instant,
}

impl Status {
    pub fn new(lane: LaneName) -> Self {
        Self {
            lane,
            has_run: false,
            error: None,
            not_before: Instant::now(),
        }
    }

    pub fn record_run(&mut self) {
        self.has_run = true;
    }

    pub fn record_error(&mut self, reason: &str) {
        self.has_run = true;
        self.error = Some(reason.chars().take(MAX_ERROR_CHARS).collect());
    }

    /// Waits until there is something to write and it may be written; cancel safe.
    pub async fn is_due(&self) {
        if !self.has_run {
            return std::future::pending().await;
        }
        tokio::time::sleep_until(self.not_before).await;
    }

    /// Writes the state if that is due. A failure only makes the page older.
    pub async fn write(&mut self, ctx: &Context) {
        if !self.has_run || Instant::now() < self.not_before {
            return;
        }
        self.not_before = Instant::now() + INTERVAL;
        self.has_run = false;
        let (lane, error) = (self.lane, self.error.take());
        let written = ctx
            .db
            .read(async |conn| queue_lane::record_run(conn, lane, error.as_deref()).await);
        if let Err(error) = written.await {
            tracing::debug!(lane = lane.as_str(), %error, "could not write a lane's state");
        }
    }
}
