//! A permit for one call, and its return.

use std::time::Duration;

use tokio_util::task::TaskTracker;
use uuid::Uuid;

use crate::store::{Db, rate_limiter};

/// Attempts to return a permit's slot; its lease expires at about the same time.
const RETURN_ATTEMPTS: u32 = 16;
const RETURN_RETRY_DELAY: Duration = Duration::from_millis(500);

/// A permit for one call in flight; dropping it returns the slot, also on cancellation.
pub(super) struct Permit {
    pub db: Db,
    pub instance: Uuid,
    pub slot: i16,
    pub returns: TaskTracker,
}

impl Drop for Permit {
    fn drop(&mut self) {
        let (db, instance, slot) = (self.db.clone(), self.instance, self.slot);
        // Outside a runtime the slot is freed when its lease expires.
        let Ok(runtime) = tokio::runtime::Handle::try_current() else {
            return;
        };
        let give_back = async move {
            for _ in 0..RETURN_ATTEMPTS {
                let given = db.read(async |conn| rate_limiter::release(conn, slot, instance).await);
                let Err(error) = given.await else {
                    return;
                };
                // The queue for a database connection may be full just when permits are in demand.
                tracing::debug!(%error, "a slot in flight could not be returned yet");
                tokio::time::sleep(RETURN_RETRY_DELAY).await;
            }
        };
        self.returns.spawn_on(give_back, &runtime);
    }
}

/// The result of waiting for a permit: the permit, or the remaining pause of all calls, or a failure because
/// Postgres did not answer.
pub(super) enum PermitResult {
    Permit(Permit),
    Paused(Duration),
    /// The place in the queue went to a client that had less than its share.
    Full {
        retry_after: Duration,
    },
    Unavailable,
}
