//! What is recorded when a login is refused: the case, the audit trail, and what follows for those who review.

use super::{ExternalIdentity, LOGIN_TIMEOUT, access_decision, waiting};
use crate::context::Context;
use crate::domain::audit::AuditAction;
use crate::domain::case::{Refusal, Standing};
use crate::domain::ids::UserId;
use crate::domain::queue::LaneName;
use crate::domain::return_path::ReturnPath;
use crate::service::sessions::ClientInfo;
use crate::service::webhooks;
use crate::store::audit::{self, Entry};
use crate::store::unmatched::{self, Attempt, attempt, lookup};
use crate::store::{Conn, StoreError, recheck, staff};

/// Records a refusal for review and on the audit trail. Returns the token by which the browser of somebody who waits can
/// ask for the result.
pub(super) async fn record(
    ctx: &Context,
    info: &ClientInfo,
    caller: &ExternalIdentity,
    refused: &access_decision::Denial,
    back: &ReturnPath,
) -> Result<Option<String>, StoreError> {
    let userid = refused.userid.as_ref();
    let entry = Entry {
        userid: userid.map(UserId::as_str),
        unionid: Some(caller.unionid.as_str()),
        name: Some(&caller.nick),
        reference: Some(&info.request_id),
        ip: Some(&info.address),
        ..Entry::new(
            audit::Actor::System,
            AuditAction::Refusal,
            refused.refusal.as_str(),
        )
    };
    let token = ctx
        .db
        .tx(async |tx| {
            let token = record_case(ctx, tx, info, caller, refused, back).await?;
            if let Some(userid) = userid.filter(|_| refused.look) {
                // If another transaction is writing the person, such as a sync, that one decides; a login does not wait.
                let userids = staff::lock_unwritten(tx, std::slice::from_ref(userid)).await?;
                recheck::schedule_after_login(tx, &userids).await?;
            }
            // The audit trail is permanent, and anybody may be refused as often as they like.
            if !attempt::is_audited(tx, &caller.unionid, refused.refusal).await? {
                audit::append(tx, &entry).await?;
            }
            Ok::<_, StoreError>(token)
        })
        .await?;
    if refused.look {
        ctx.work.wake(LaneName::Rechecks);
    }
    // Outsiders, who may come as often as they like, cause no lookup and are not counted.
    if matches!(refused.refusal, Refusal::PendingReview | Refusal::Left) {
        ctx.work.wake(LaneName::ReviewLookups);
        ctx.waiting_cases.clear();
    }
    Ok(token)
}

/// Adds the attempt to the case of the person, and starts what follows from it. Returns the token of somebody who waits.
async fn record_case(
    ctx: &Context,
    tx: &mut Conn,
    info: &ClientInfo,
    caller: &ExternalIdentity,
    refused: &access_decision::Denial,
    back: &ReturnPath,
) -> Result<Option<String>, StoreError> {
    let (reason, request_id) = (refused.refusal, &info.request_id);
    let attempt = Attempt {
        unionid: &caller.unionid,
        userid: refused.userid.as_ref(),
        nick: &caller.nick,
        reason,
        request_id,
    };
    let Some(case_id) = unmatched::record(tx, attempt).await? else {
        return Ok(None);
    };
    attempt::append(tx, case_id, reason, request_id, &info.address).await?;
    look_up_later(tx, case_id, refused).await?;
    webhooks::announce_waiting(ctx, tx, case_id).await?;
    if reason == Refusal::PendingReview {
        return waiting::issue(tx, case_id, back).await.map(Some);
    }
    Ok(None)
}

/// Has the person of a case looked up in DingTalk's directory for those who review it. Of outsiders, who may be
/// anybody, DingTalk has just said what they are: they cause no further calls.
async fn look_up_later(
    tx: &mut Conn,
    case_id: i64,
    refused: &access_decision::Denial,
) -> Result<(), StoreError> {
    match refused.refusal {
        Refusal::NotEmployee => {
            let standing = match refused.userid {
                Some(_) => Standing::External,
                None => Standing::Unlisted,
            };
            // When DingTalk was asked at the earliest: a lookup that was asked later is not undone.
            let asked_at = staff::now(tx).await? - LOGIN_TIMEOUT;
            unmatched::store_standing(tx, case_id, standing, asked_at).await
        }
        Refusal::PendingReview | Refusal::Left => lookup::schedule(tx, case_id).await,
        Refusal::Rejected => Ok(()),
    }
}
