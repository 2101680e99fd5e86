//! Stores a page of the list in one transaction.

use crate::domain::alert::DirectoryDoubt;
use std::time::Duration;

use crate::store::Conn;
use serde_json::Value;

use crate::context::Context;
use crate::store::event_parked::{self, ParkedRow};
use crate::store::{StoreError, alert, failed_callbacks};
use crate::upstream::{FailedPage, event};

/// Two hundred entries take some hundreds of statements.
const DB_TIMEOUT: Duration = Duration::from_secs(10);
/// A page that cannot be stored is lost, so it is retried for as long as a restart of Postgres may take.
const STORE_TRIES: u32 = 30;

/// Stores a page, with as many attempts as necessary: DingTalk does not return it again once the next one is
/// requested.
pub(super) async fn store_page(
    ctx: &Context,
    page: &FailedPage,
    given: usize,
) -> Result<Vec<ParkedRow>, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match keep_once(ctx, page, given).await {
            Err(StoreError::Unavailable(_)) if tries < STORE_TRIES => {
                tokio::time::sleep(Duration::from_secs(1)).await;
            }
            kept => return kept,
        }
    }
}

async fn keep_once(
    ctx: &Context,
    page: &FailedPage,
    given: usize,
) -> Result<Vec<ParkedRow>, StoreError> {
    ctx.db
        .tx_within(DB_TIMEOUT, async |tx| {
            let mut stored = Vec::new();
            for entry in &page.entries {
                stored.extend(keep_entry(ctx, tx, entry).await?);
            }
            if !page.entries.is_empty() {
                alert::raise(tx, DirectoryDoubt::FailedEvents, &given.to_string()).await?;
            }
            failed_callbacks::record_settled(tx, ctx.instance).await?;
            Ok(stored)
        })
        .await
}

/// Stores one entry; an entry that Postgres rejects as it is does not stop the rest.
async fn keep_entry(
    ctx: &Context,
    tx: &mut Conn,
    entry: &Value,
) -> Result<Option<ParkedRow>, StoreError> {
    let event = event::of_failed_entry(entry).checked_for(&ctx.config.dingtalk.corp_id);
    let stored = tx
        .savepoint(async |tx| event_parked::insert_once(tx, &event, event::is_contained_in).await)
        .await;
    match stored {
        Err(StoreError::Statement(error)) => {
            tracing::error!(%error, "malformed failed callback stored as text");
            let as_text = event::of_failed_entry(&Value::String(entry.to_string()));
            event_parked::insert_once(tx, &as_text, event::is_contained_in).await
        }
        stored => stored,
    }
}
