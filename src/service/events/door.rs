//! The door that a leaving closes, in the transaction that stores it.

use sqlx::PgConnection;

use crate::domain::ids::UserId;
use crate::domain::person::LeftCause;
use crate::store::{StoreError, directory, look, staff};

/// Ends employment and sessions of these people, remembers those whom the table does not hold, and
/// has DingTalk asked later whether it was true.
pub(super) async fn close(tx: &mut PgConnection, userids: &[UserId]) -> Result<(), StoreError> {
    staff::serialise(tx, userids).await?;
    // First, since this waits for a sync that is adding one of these people: who is then marked as left.
    staff::remember_unknown_leavers(tx, userids).await?;
    let changed = staff::mark_left(tx, userids, LeftCause::Event).await?;
    let others: Vec<UserId> = userids
        .iter()
        .filter(|id| !changed.contains(id))
        .cloned()
        .collect();
    staff::renew_leaving(tx, &others).await?;
    look::schedule_after_leaving(tx, &others).await?;
    directory::note_in_audit(
        tx,
        "system",
        &changed,
        "staff.left",
        LeftCause::Event.as_str(),
    )
    .await?;
    Ok(())
}
