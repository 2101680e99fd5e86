//! The events of approvals; unlike others they carry `corpId` in either spelling.

use serde_json::{Map, Value, json};

use super::Teller;
use crate::{
    approval::{Approval, ApprovalState},
    config::FieldNames,
    crypto::{hex, random16},
};

const PAGE: &str = "https://aflow.dingtalk.com/dingtalk/mobile/homepage.htm?procInstId=";

impl Teller<'_> {
    /// Returns the event that the instance started, finished or was terminated, depending on its state.
    pub(crate) fn tell_instance(&self, approval: &Approval, now: i64) -> Value {
        let mut event = self.approval_head("bpms_instance_change", approval, now);
        event.insert("url".into(), json!(format!("{PAGE}{}", approval.id)));
        event.insert("staffId".into(), json!(approval.originator));
        let kind = match approval.state {
            ApprovalState::Running => "start",
            ApprovalState::Completed(_) => "finish",
            ApprovalState::Terminated => "terminate",
        };
        end(event, kind, approval)
    }

    /// Returns the event that its task started, finished or was cancelled.
    pub(crate) fn tell_task(&self, approval: &Approval, now: i64) -> Value {
        let mut event = self.approval_head("bpms_task_change", approval, now);
        event.insert("taskId".into(), json!(approval.task_id));
        event.insert("staffId".into(), json!(approval.approver));
        let kind = match approval.state {
            ApprovalState::Running => "start",
            ApprovalState::Completed(_) => "finish",
            ApprovalState::Terminated => "cancel",
        };
        end(event, kind, approval)
    }

    fn approval_head(&self, tag: &str, approval: &Approval, now: i64) -> Map<String, Value> {
        let mut event = Map::new();
        for (key, value) in [
            ("EventType", json!(tag)),
            ("corpId", json!(self.corp_id)),
            ("processInstanceId", json!(approval.id)),
            ("businessId", json!(approval.business_id)),
            ("title", json!(approval.title)),
            ("createTime", json!(approval.created_at)),
            ("processCode", json!(approval.process_code)),
            ("bizCategoryId", json!(approval.biz_category_id)),
        ] {
            event.insert(key.into(), value);
        }
        if self.fields == FieldNames::Camel {
            event.insert("EventTime".into(), json!(now));
            event.insert("CorpId".into(), json!(self.corp_id));
            event.insert("BizId".into(), json!(approval.id));
            event.insert("eventId".into(), json!(hex(&random16())));
        }
        event
    }
}

/// Completes the event with its `type`, and with time and result if there are any.
fn end(mut event: Map<String, Value>, kind: &str, approval: &Approval) -> Value {
    event.insert("type".into(), json!(kind));
    if let Some(time) = approval.finished_at {
        event.insert("finishTime".into(), json!(time));
    }
    if let ApprovalState::Completed(decision) = approval.state {
        event.insert("result".into(), json!(decision.word()));
    }
    Value::Object(event)
}
