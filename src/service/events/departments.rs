//! Refreshes one department.

use crate::context::Context;
use crate::domain::ids::DeptId;
use crate::service::employment::time_now;
use crate::store::{StoreError, department};
use crate::upstream::{Priority, UpstreamError};

/// Asks DingTalk about a department and stores its answer; a department that DingTalk does not know is removed.
pub(super) async fn refresh_department(
    ctx: &Context,
    priority: Priority,
    dept_id: DeptId,
) -> Result<(), UpstreamError> {
    let asked_at = time_now(ctx).await?;
    let found = match ctx.dingtalk.department(priority, dept_id).await {
        Ok(found) => Some(found),
        Err(UpstreamError::Api(error)) if error.is_unknown_department() => None,
        Err(error) => return Err(error),
    };
    let written = ctx.db.tx(async |tx| {
        match &found {
            Some(found) => department::upsert(tx, found, asked_at).await?,
            None => department::remove(tx, dept_id, asked_at).await?,
        };
        Ok::<_, StoreError>(())
    });
    Ok(written.await?)
}
