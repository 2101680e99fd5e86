//! A page of the list goes into the table, whole.

use std::time::Duration;

use serde_json::Value;
use sqlx::{Connection as _, PgConnection};

use super::UNDELIVERED;
use crate::context::Context;
use crate::dingtalk::subscription::FailedPage;
use crate::domain::event::Event;
use crate::store::event_held::{self, HeldRow};
use crate::store::{Db, StoreError, alert, failed_list};

/// Two hundred entries are some hundreds of statements.
const PATIENCE: Duration = Duration::from_secs(10);
/// A page that cannot be stored is lost, so it is tried for as long as Postgres may take to restart.
const STORE_TRIES: u32 = 30;

/// Stores a page, however often it takes: DingTalk will not give it again once asked for the next.
pub(super) async fn page(
    ctx: &Context,
    page: &FailedPage,
    given: usize,
) -> Result<Vec<HeldRow>, StoreError> {
    let mut tries = 0;
    loop {
        tries += 1;
        match Db::within_time(PATIENCE, keep_once(ctx, page, given)).await {
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
) -> Result<Vec<HeldRow>, StoreError> {
    let mut tx = ctx.db.begin().await?;
    let mut stored = Vec::new();
    for entry in &page.entries {
        stored.extend(keep_entry(&mut tx, entry).await?);
    }
    if !page.entries.is_empty() {
        alert::raise(&mut tx, UNDELIVERED, &given.to_string()).await?;
    }
    failed_list::note_settled(&mut tx, ctx.instance).await?;
    tx.commit().await?;
    Ok(stored)
}

/// Stores one entry; one that Postgres cannot hold as it is does not stop the rest.
async fn keep_entry(tx: &mut PgConnection, entry: &Value) -> Result<Option<HeldRow>, StoreError> {
    let mut inner = tx.begin().await?;
    match event_held::insert_once(&mut inner, &Event::of_undelivered(entry)).await {
        Ok(row) => {
            inner.commit().await?;
            Ok(row)
        }
        Err(StoreError::Statement(error)) => {
            inner.rollback().await?;
            tracing::error!(%error, "an entry of DingTalk's list is stored as plain text");
            let as_text = Event::of_undelivered(&Value::String(entry.to_string()));
            event_held::insert_once(tx, &as_text).await
        }
        Err(error) => Err(error),
    }
}
