//! The approvals page and its forms.

use actix_web::{HttpRequest, HttpResponse, web};
use anyhow::bail;
use askama::Template;

use super::{form::Form, pages::html, view::Top};
use crate::{
    approval::{Approval, ApprovalState, Decision, FormValue, NewApproval},
    china,
    lang::Lang,
    shared::Shared,
};

/// Number of approvals shown, newest first.
const SHOWN: usize = 100;

#[derive(Template)]
#[template(path = "approvals.html")]
struct ApprovalsPage {
    top: Top,
    approvals: Vec<Row>,
}

struct Row {
    approval: Approval,
    time: String,
    class: &'static str,
    state: &'static str,
    running: bool,
}

impl Row {
    fn new(approval: &Approval, lang: Lang) -> Self {
        let (class, state) = match approval.state {
            ApprovalState::Running => ("idle", lang.say("审批中", "running")),
            ApprovalState::Completed(Decision::Agree) => ("ok", lang.say("已同意", "agreed")),
            ApprovalState::Completed(Decision::Refuse) => ("bad", lang.say("已拒绝", "refused")),
            ApprovalState::Terminated => ("idle", lang.say("已撤销", "terminated")),
        };
        Self {
            approval: approval.clone(),
            time: china::clock(approval.created_at, "%m-%d %H:%M:%S"),
            class,
            state,
            running: approval.state == ApprovalState::Running,
        }
    }
}

pub(super) async fn page(request: HttpRequest, shared: web::Data<Shared>) -> HttpResponse {
    let world = shared.world();
    let newest = world.approvals.all().iter().rev().take(SHOWN);
    html(&ApprovalsPage {
        top: Top::new(&shared, &world, &request),
        approvals: newest
            .map(|approval| Row::new(approval, Lang::of(&request)))
            .collect(),
    })
}

/// Handles one of the page's forms; the returned text says what was done.
pub(super) fn act(name: &str, form: &Form, shared: &Shared) -> anyhow::Result<String> {
    let announce = form.announce();
    if name == "approval-start" {
        let approval = shared.start_approval(wanted(form)?, announce)?;
        let started = form.lang.say("审批已发起，id", "Approval started, id");
        return Ok(format!("{started} {}", approval.id));
    }
    let id = form.required("id")?;
    let state = match name {
        "approval-agree" => ApprovalState::Completed(Decision::Agree),
        "approval-refuse" => ApprovalState::Completed(Decision::Refuse),
        "approval-terminate" => ApprovalState::Terminated,
        _ => bail!(
            "{}",
            form.lang.say("没有这个操作", "There is no such action")
        ),
    };
    shared.end_approval(&id, state, announce)?;
    Ok(match form.lang {
        Lang::Chinese => format!("审批 {id} 已结束"),
        Lang::English => format!("Approval {id} has ended"),
    })
}

fn wanted(form: &Form) -> anyhow::Result<NewApproval> {
    let fields = form.text("fields").unwrap_or_default();
    let fields = fields.lines().filter_map(|line| line.split_once('='));
    Ok(NewApproval {
        process_code: form.required("process_code")?,
        biz_category_id: form.text("biz_category_id").unwrap_or_default(),
        title: form.required("title")?,
        originator: form.required("originator")?,
        approver: form.required("approver")?,
        form: fields
            .map(|(name, value)| FormValue {
                name: name.trim().to_owned(),
                value: value.trim().to_owned(),
            })
            .collect(),
    })
}
