//! The lease by which a run keeps others from starting: it ends by itself when its process dies.

use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use crate::context::Context;
use crate::store::StoreError;
use crate::store::sync_run::{self, Run};

const RENEW_EVERY: Duration = Duration::from_secs(3);
/// A little less than the table's ten seconds, so that we stop before another may begin.
const GOOD_FOR: Duration = Duration::from_secs(9);

/// How many calls a run has made so far.
pub type Calls = Arc<AtomicI32>;

/// Renews the lease of a run until it is dropped.
pub struct Lease {
    lost: CancellationToken,
    _beat: AbortOnDropHandle<()>,
}

impl Lease {
    pub fn keep(ctx: &Context, run: Run, calls: &Calls) -> Self {
        let lost = CancellationToken::new();
        let beat = tokio::spawn(beat(ctx.clone(), run, calls.clone(), lost.clone()));
        Self {
            lost,
            _beat: AbortOnDropHandle::new(beat),
        }
    }

    /// Returns once the run is no longer this one's.
    pub async fn lost(&self) {
        self.lost.cancelled().await;
    }
}

async fn beat(ctx: Context, run: Run, calls: Calls, lost: CancellationToken) {
    let mut good_until = Instant::now() + GOOD_FOR;
    while Instant::now() < good_until {
        tokio::time::sleep(RENEW_EVERY.min(good_until.saturating_duration_since(Instant::now())))
            .await;
        let asked = Instant::now();
        match renew(&ctx, run, calls.load(Ordering::Relaxed)).await {
            Ok(true) => good_until = asked + GOOD_FOR,
            Ok(false) => break,
            Err(error) => {
                tracing::warn!(run = run.id, %error, "the lease of the full sync could not be renewed");
            }
        }
    }
    tracing::error!(run = run.id, "the full sync has lost its lease");
    lost.cancel();
}

async fn renew(ctx: &Context, run: Run, calls: i32) -> Result<bool, StoreError> {
    ctx.db
        .within(async {
            let mut conn = ctx.db.acquire().await?;
            sync_run::renew(&mut conn, run, calls).await
        })
        .await
}
