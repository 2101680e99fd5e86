//! Controls of approvals.

use actix_web::web;
use serde::Deserialize;
use serde_json::json;

use super::{Answer, read_act};
use crate::{
    approval::{ApprovalState, Decision, NewApproval},
    shared::Shared,
};

type Data = web::Data<Shared>;

pub(super) async fn list(shared: Data) -> Answer {
    Ok(web::Json(json!(shared.world().approvals.all())))
}

pub(super) async fn start(body: web::Bytes, shared: Data) -> Answer {
    let (new, announce) = read_act::<NewApproval>(&body)?;
    Ok(web::Json(json!(shared.start_approval(new, announce)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Finish {
    result: Decision,
}

pub(super) async fn finish(id: web::Path<String>, body: web::Bytes, shared: Data) -> Answer {
    let (how, announce) = read_act::<Finish>(&body)?;
    let state = ApprovalState::Completed(how.result);
    Ok(web::Json(json!(shared.end_approval(&id, state, announce)?)))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Nothing {}

pub(super) async fn terminate(id: web::Path<String>, body: web::Bytes, shared: Data) -> Answer {
    let (Nothing {}, announce) = read_act(&body)?;
    let state = ApprovalState::Terminated;
    Ok(web::Json(json!(shared.end_approval(&id, state, announce)?)))
}
