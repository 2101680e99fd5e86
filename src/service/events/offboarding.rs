//! Terminates employment and sessions in the transaction that stores the leave event.

use crate::domain::audit::AuditAction;
use crate::store::Conn;
use chrono::{DateTime, Utc};

use crate::domain::employment::{Authority, Decision, Observation, decide};
use crate::domain::ids::UserId;
use crate::domain::person::LeftCause;
use crate::store::employment::{self, lock_people};
use crate::store::{StoreError, audit, directory, event_parked, recheck, staff};

/// Ends the employment and sessions of these people, remembers those who are not in the staff table, and schedules
/// rechecks of whether they have really left.
pub(super) async fn terminate(tx: &mut Conn, userids: &[UserId]) -> Result<(), StoreError> {
    let people = &mut lock_people(tx, userids).await?;
    // First, because this waits for a sync that is adding one of these people, who is then marked as left.
    employment::remember_unknown_leavers(people, userids).await?;
    let event = Observation::at(staff::now(people).await?, false);
    let (mut leavers, mut others) = (Vec::new(), Vec::new());
    for (userid, current) in employment::read_rows(people).await? {
        match decide(&current, &event, Authority::LeaveEvent) {
            Decision::Terminate(_) => leavers.push(userid),
            _ => others.push(userid),
        }
    }
    employment::terminate(people, &leavers, LeftCause::Event).await?;
    employment::record_leave(people, &others).await?;
    directory::record_in_audit(
        people,
        audit::Actor::System,
        &leavers,
        AuditAction::StaffLeft,
        LeftCause::Event.as_str(),
    )
    .await?;
    Ok(())
}

/// The same for a leave event that arrives late, by DingTalk's time of the event: it is believed, but not against
/// what DingTalk has said about a person since. People listed by DingTalk long enough afterwards are rechecked
/// at once instead: if they had left again, the answer says so.
pub(super) async fn terminate_unless_relisted(
    tx: &mut Conn,
    userids: &[UserId],
    left_at: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    let people = &mut lock_people(tx, userids).await?;
    let listed = match left_at {
        Some(left_at) => event_parked::listed_since(people, userids, left_at).await?,
        None => Vec::new(),
    };
    recheck::schedule_at_once(people, &listed).await?;
    let gone: Vec<UserId> = userids
        .iter()
        .filter(|id| !listed.contains(id))
        .cloned()
        .collect();
    terminate(tx, &gone).await
}
