//! Reports which records a run has skipped, or what a dry run would do.

use super::plan_writer::DB_TIMEOUT;
use crate::context::Context;
use crate::domain::sync::ChangeKind;
use crate::store::sync_list::{self, ChangeFilter, ChangeRow};
use crate::store::sync_run::Run;
use crate::store::{StoreError, sync_staging};

/// Number of records fetched at a time.
const PAGE: i64 = 1_000;

/// Reports each record of a staged plan.
pub async fn report_plan(
    ctx: &Context,
    run: Run,
    record: &mut (dyn FnMut(ChangeRow) + Send),
) -> Result<(), StoreError> {
    let mut after = 0;
    loop {
        let records = ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                sync_staging::staged_changes(conn, run.id, after, PAGE).await
            })
            .await?;
        let Some(last) = records.last() else {
            return Ok(());
        };
        after = last.position;
        records.into_iter().for_each(&mut *record);
    }
}

/// Reports each record that a finished run has skipped.
pub async fn report_skipped(
    ctx: &Context,
    run: Run,
    record: &mut (dyn FnMut(ChangeRow) + Send),
) -> Result<(), StoreError> {
    let skipped = ChangeFilter {
        kind: Some(ChangeKind::Skipped),
        ..ChangeFilter::default()
    };
    let mut offset = 0;
    loop {
        let records = ctx
            .db
            .read_within(DB_TIMEOUT, async |conn| {
                sync_list::changes(conn, run.id, &skipped, PAGE, offset).await
            })
            .await?;
        if records.is_empty() {
            return Ok(());
        }
        offset += PAGE;
        records.into_iter().for_each(&mut *record);
    }
}
