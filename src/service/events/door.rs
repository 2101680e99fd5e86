//! The door that a leaving closes, in the transaction that stores it.

use sqlx::PgConnection;

use crate::domain::ids::{UnionId, UserId};
use crate::domain::person::LeftCause;
use crate::store::audit::{self, Entry};
use crate::store::{StoreError, look, staff};

/// Ends employment and sessions of these people, remembers those whom the table does not hold, and
/// has DingTalk asked later whether it was true.
pub(super) async fn close(tx: &mut PgConnection, userids: &[UserId]) -> Result<(), StoreError> {
    // First, since this waits for a sync that is adding people: whom it adds is then marked as left.
    staff::remember_unknown_leavers(tx, userids).await?;
    let changed = staff::mark_left(tx, userids, LeftCause::Event).await?;
    let others: Vec<UserId> = userids
        .iter()
        .filter(|id| !changed.contains(id))
        .cloned()
        .collect();
    staff::renew_leaving(tx, &others).await?;
    look::schedule_after_leaving(tx, &others).await?;
    for userid in &changed {
        write_down(tx, userid).await?;
    }
    Ok(())
}

async fn write_down(tx: &mut PgConnection, userid: &UserId) -> Result<(), StoreError> {
    let row = staff::find(tx, userid).await?;
    let entry = Entry {
        actor: "system",
        action: "staff.left",
        userid: Some(userid.as_str()),
        unionid: row
            .as_ref()
            .and_then(|row| row.unionid.as_ref())
            .map(UnionId::as_str),
        name: row.as_ref().map(|row| row.name.as_str()),
        status: LeftCause::Event.as_str(),
        reason: None,
        reference: None,
        address: None,
    };
    audit::append(tx, &entry).await
}
