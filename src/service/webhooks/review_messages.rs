//! Messages about review cases: that somebody waits, and how an administrator has decided.

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use crate::context::Context;
use crate::domain::case::CaseState;
use crate::domain::ids::UserId;
use crate::domain::webhook::ReviewMessage;
use crate::store::review_message::{self, Message};
use crate::store::unmatched::Case;
use crate::store::{Conn, StoreError, staff};

/// Stores a message that the person of a case waits, unless the case was announced before.
pub async fn announce_waiting(
    ctx: &Context,
    tx: &mut Conn,
    case_id: i64,
) -> Result<(), StoreError> {
    let Some(case) = review_message::mark_announced(tx, case_id).await? else {
        return Ok(());
    };
    let data = json!({
        "case_id": case.id,
        "url": page(ctx, case.id),
        "userid": case.userid,
        "unionid": case.unionid,
        "nick": case.nick,
        "reason": case.reason.as_str(),
        "first_seen_at": case.first_seen_at,
    });
    let body = body(ReviewMessage::Waiting, case.announced_at, &data);
    let message = Message {
        message_type: ReviewMessage::Waiting,
        case_id: case.id,
        userid: case.userid.as_ref(),
        subject: &case.nick,
        body: &body,
    };
    review_message::enqueue(tx, &message).await
}

/// Stores a message about a decision. The reason, which may hold anything, stays here.
pub async fn announce_decision(
    ctx: &Context,
    tx: &mut Conn,
    case: &Case,
    by: &UserId,
    state: CaseState,
) -> Result<(), StoreError> {
    let decision = match state {
        CaseState::Approved => "approved",
        CaseState::Rejected => "rejected",
        CaseState::Waiting => "reopened",
        // Nobody decides that: an event or a sync closes a case.
        CaseState::Closed => return Ok(()),
    };
    let data = json!({
        "case_id": case.id,
        "url": page(ctx, case.id),
        "userid": case.userid,
        "unionid": case.unionid,
        "nick": case.nick,
        "decision": decision,
        "decided_by": by,
    });
    let body = body(ReviewMessage::Decided, staff::now(tx).await?, &data);
    let message = Message {
        message_type: ReviewMessage::Decided,
        case_id: case.id,
        userid: case.userid.as_ref(),
        subject: &case.nick,
        body: &body,
    };
    review_message::enqueue(tx, &message).await
}

fn page(ctx: &Context, case_id: i64) -> String {
    let root = ctx.config.server.public_url.as_str();
    format!("{root}/admin/unmatched/{case_id}")
}

fn body(message_type: ReviewMessage, at: DateTime<Utc>, data: &Value) -> String {
    json!({ "type": message_type.as_str(), "timestamp": at, "data": data }).to_string()
}
