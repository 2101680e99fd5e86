//! The queue: one worker for all lanes. Each lane claims items under a lease, works on a few of them at a time, renews
//! the leases, and releases what it does not finish. Several processes on one database share the work.

mod back_off;
mod claim_timer;
mod dispatcher;
mod lane;
mod pool;
mod status;
mod worker;

pub use dispatcher::dispatch;
pub use lane::{ClaimBatch, Lane, PlainError, room};
pub use pool::{Outcome, Pool, Process, Task, TaskError, Urgency};
pub use status::lanes;
pub use worker::run;

use crate::context::Context;
use crate::domain::queue::LaneName;
use crate::store::unmatched::lookup;
use crate::store::{self, StoreError, event, recheck, review_job, webhook};

/// Releases everything that this process has claimed and will not finish, after its workers have ended, and wakes those
/// of other instances.
pub async fn release_all(ctx: &Context) -> Result<(), StoreError> {
    let (db, instance) = (&ctx.db, ctx.instance);
    // Apart, so that a row that somebody else has locked keeps only its own table's claims.
    let released = tokio::join!(
        Box::pin(db.read(async |conn| event::release_all(conn, instance).await)),
        Box::pin(db.read(async |conn| recheck::release_all(conn, instance).await)),
        Box::pin(db.read(async |conn| review_job::release_all(conn, instance).await)),
        Box::pin(db.read(async |conn| lookup::release_all(conn, instance).await)),
        Box::pin(db.read(async |conn| webhook::release_all(conn, instance).await)),
    );
    db.read(async |conn| store::queue::announce(conn, &LaneName::ALL).await)
        .await?;
    let (events, rechecks, reviews, lookups, webhooks) = released;
    events.and(rechecks).and(reviews).and(lookups).and(webhooks)
}
