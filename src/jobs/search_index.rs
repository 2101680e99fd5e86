//! Computes the search terms of the rows that were written.

use super::polls::Polls;
use crate::context::Context;
use crate::store::{StoreError, search_index};

/// Small, because a writer of one of the rows waits for the batch.
const BATCH: i64 = 200;

/// Works off the queued rows after each poll that has found any.
pub(super) async fn run(ctx: Context, mut polls: Polls) {
    while let Some(due) = polls.next().await {
        if due.has_unindexed_terms {
            polls.run(index_all(&ctx)).await;
        }
    }
}

async fn index_all(ctx: &Context) -> Result<(), StoreError> {
    let batch = async |conn: &mut _| search_index::index_due(conn, BATCH).await;
    while ctx.db.tx(batch).await? > 0 {}
    Ok(())
}
