//! `POST /topapi/processinstance/get`: one approval with its form, its history and its task.

use serde_json::{Value, json};

use super::{
    answer::{Fields, Refusal},
    desk::Desk,
};
use crate::{
    approval::{Approval, ApprovalState, Decision},
    china,
    directory::ROOT,
};

/// Returns an approval; 820005 for an unknown id.
pub(crate) fn get(desk: &mut Desk<'_>) -> Result<Fields, Refusal> {
    let id = desk.required("process_instance_id", 400_002)?;
    let approval = desk.world.approvals.find(&id);
    let approval = approval.ok_or(Refusal::Code(820_005))?;
    let mut fields = Fields::new();
    fields.insert("process_instance".into(), instance(approval));
    Ok(fields)
}

fn instance(approval: &Approval) -> Value {
    let (status, result) = match approval.state {
        ApprovalState::Running => ("RUNNING", ""),
        ApprovalState::Completed(decision) => ("COMPLETED", decision.word()),
        ApprovalState::Terminated => ("TERMINATED", ""),
    };
    // The root has a special id here.
    let department = match approval.originator_dept_id {
        ROOT => -1,
        id => id,
    };
    let mut instance = json!({
        "title": approval.title,
        "create_time": china::clock(approval.created_at, china::FULL),
        "originator_userid": approval.originator,
        "originator_dept_id": department.to_string(),
        "originator_dept_name": approval.originator_dept_name,
        "status": status, "result": result,
        "approver_userids": [approval.approver], "cc_userids": [],
        "business_id": approval.business_id, "biz_action": "NONE",
        "attached_process_instance_ids": [],
        "form_component_values": form(approval),
        "operation_records": history(approval),
        "tasks": [task(approval)],
    });
    put_end(&mut instance, approval);
    instance
}

fn put_end(record: &mut Value, approval: &Approval) {
    if let (Some(fields), Some(time)) = (record.as_object_mut(), approval.finished_at) {
        let time = china::clock(time, china::FULL);
        fields.insert("finish_time".into(), json!(time));
    }
}

fn form(approval: &Approval) -> Vec<Value> {
    let fields = (1..).zip(&approval.form);
    fields
        .map(|(number, field)| {
            json!({"id": format!("TextField-{number}"), "name": field.name,
                   "value": field.value, "component_type": "TextField"})
        })
        .collect()
}

fn history(approval: &Approval) -> Vec<Value> {
    let record = |userid: &str, at: i64, kind: &str, result: &str| {
        json!({"userid": userid, "date": china::clock(at, china::FULL),
               "operation_type": kind, "operation_result": result})
    };
    let (asker, end) = (
        &approval.originator,
        approval.finished_at.unwrap_or_default(),
    );
    let mut history = vec![record(
        asker,
        approval.created_at,
        "START_PROCESS_INSTANCE",
        "NONE",
    )];
    match approval.state {
        ApprovalState::Running => {}
        ApprovalState::Completed(decision) => {
            let result = capital(decision);
            history.push(record(
                &approval.approver,
                end,
                "EXECUTE_TASK_NORMAL",
                result,
            ));
        }
        ApprovalState::Terminated => {
            history.push(record(asker, end, "TERMINATE_PROCESS_INSTANCE", "NONE"));
        }
    }
    history
}

fn task(approval: &Approval) -> Value {
    let status = match approval.state {
        ApprovalState::Running => "RUNNING",
        ApprovalState::Completed(_) => "COMPLETED",
        ApprovalState::Terminated => "CANCELED",
    };
    let mut task = json!({
        "taskid": approval.task_id.to_string(), "userid": approval.approver,
        "task_status": status,
        "create_time": china::clock(approval.created_at, china::FULL),
        "url": format!("aflow.dingtalk.com?procInsId={}", approval.id),
        "activity_id": "sid-approve",
    });
    put_end(&mut task, approval);
    if let (Some(fields), ApprovalState::Completed(decision)) =
        (task.as_object_mut(), approval.state)
    {
        fields.insert("task_result".into(), json!(capital(decision)));
    }
    task
}

fn capital(decision: Decision) -> &'static str {
    match decision {
        Decision::Agree => "AGREE",
        Decision::Refuse => "REFUSE",
    }
}
