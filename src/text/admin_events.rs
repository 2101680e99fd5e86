//! Texts of the pages of the inbox.

use super::texts;
use crate::domain::event::{EventSource, EventState};

texts! {
    /// Texts of the pages of the inbox.
    pub struct EventTexts {
        title: "事件" | "Events";
        purpose: "钉钉推送的全部事件及处理状态。" | "All events received from DingTalk and their processing status.";
        search_label: "姓名、userid 或事件编号" | "Name, userid or event id";
        state: "状态" | "State";
        kind: "类型" | "Type";
        about: "相关人员" | "Affects";
        received: "收到时间" | "Received";
        attempts: "尝试次数" | "Attempts";
        next_attempt: "下次尝试" | "Next attempt";
        error: "错误" | "Error";
        source: "来源" | "Source";
        release: "放行" | "Release";
        release_all: "处理全部补收事件" | "Release all held";
        release_all_ask: "将按发生时间处理 {n} 个补收的事件，其中的离职立即生效。"
            | "{n} held events will be applied in the order in which they happened; departures take effect immediately.";
        release_all_ask_one: "将处理 1 个补收的事件，离职会立即生效。"
            | "One held event will be applied; a departure takes effect immediately.";
        released: "事件 {id} 已放行" | "Event {id} is released";
        released_all: "已放行 {n} 个事件" | "{n} events are released";
        released_one: "已放行 1 个事件" | "One event is released";
        none_parked: "没有待处理的补收事件" | "No held events";
        not_parked: "事件 {id} 已不是待处理状态" | "Event {id} is no longer held";
        retry: "重试" | "Retry";
        retry_all: "重试全部失败事件" | "Retry all failed";
        retry_all_ask: "将重新处理 {n} 个失败的事件。" | "{n} failed events will be tried again.";
        retry_all_ask_one: "将重新处理 1 个失败的事件。" | "One failed event will be tried again.";
        retried: "事件 {id} 已重新排队" | "Event {id} is queued again";
        retried_all: "已有 {n} 个事件重新排队" | "{n} events are queued again";
        retried_one: "已有 1 个事件重新排队" | "One event is queued again";
        none_failed: "没有失败的事件" | "There was no failed event";
        not_failed: "事件 {id} 已不是失败状态，无需重试" | "Event {id} is no longer failed, so there is nothing to retry";
        empty_title: "还没有收到事件" | "No events yet";
        empty_text: "在钉钉开放平台配置事件订阅后，入职、离职和部门变更会显示在这里。"
            | "Once the event subscription is set up in DingTalk’s developer console, joins, leaves and department changes appear here.";
        nothing_title: "没有找到事件" | "No event found";
        nothing_text: "没有符合这些条件的事件。" | "No event matches these filters.";
        detail_title: "事件 {id}" | "Event {id}";
        facts: "基本信息" | "Facts";
        dingtalk_id: "钉钉事件 ID" | "DingTalk’s event id";
        event_time: "发生时间" | "Happened";
        applied_at: "处理时间" | "Applied";
        body: "事件内容" | "Message";
        body_hint: "解密后的原文，保存 {days} 天。" | "The decrypted message, kept for {days} days.";
        body_dropped: "事件内容只保存 {days} 天，现已删除。" | "Messages are kept for {days} days; this one has been deleted.";
        nobody: "未涉及人员或部门" | "No people or departments";
        more: "另有 {n} 项" | "and {n} more";
        other_type: "其他事件" | "Other event";
        other_types: "其他事件" | "Other events";
        joint: "、" | ", ";
        user_add_org: "员工入职" | "Joined the company";
        user_active_org: "员工激活钉钉" | "Activated DingTalk";
        user_modify_org: "员工资料变更" | "Details changed";
        user_leave_org: "员工离职" | "Left the company";
        org_admin_add: "设为钉钉管理员" | "Made a DingTalk administrator";
        org_admin_remove: "取消钉钉管理员" | "No longer a DingTalk administrator";
        org_dept_create: "新建部门" | "Department created";
        org_dept_modify: "部门变更" | "Department changed";
        org_dept_remove: "删除部门" | "Department removed";
        check_url: "地址检查" | "Address check";
    }

    /// Returns a state in words.
    pub fn state_words(state: EventState) {
        Waiting: "等待处理" | "Waiting";
        Applied: "已处理" | "Applied";
        Failed: "处理失败" | "Failed";
        Parked: "暂存" | "Held";
        Ignored: "未采用" | "Not applied";
    }

    /// Returns the source of an event, in words.
    pub fn source_words(source: EventSource) {
        Callback: "钉钉推送" | "Pushed by DingTalk";
        FailedList: "钉钉推送失败，由我们取回" | "Not delivered; fetched from DingTalk’s list";
    }
}

/// The types with words of their own, in the order of the filter.
pub const KNOWN_TYPES: [&str; 10] = [
    "user_add_org",
    "user_active_org",
    "user_modify_org",
    "user_leave_org",
    "org_dept_create",
    "org_dept_modify",
    "org_dept_remove",
    "org_admin_add",
    "org_admin_remove",
    "check_url",
];

impl EventTexts {
    /// Returns a type in plain words.
    pub fn type_words(&self, event_type: &str) -> &'static str {
        match event_type {
            "user_add_org" => self.user_add_org,
            "user_active_org" => self.user_active_org,
            "user_modify_org" => self.user_modify_org,
            "user_leave_org" => self.user_leave_org,
            "org_admin_add" => self.org_admin_add,
            "org_admin_remove" => self.org_admin_remove,
            "org_dept_create" => self.org_dept_create,
            "org_dept_modify" => self.org_dept_modify,
            "org_dept_remove" => self.org_dept_remove,
            "check_url" => self.check_url,
            _ => self.other_type,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::lang::Lang;

    #[test]
    fn every_known_type_has_words_of_its_own() {
        for lang in [Lang::Zh, Lang::En] {
            let t = EventTexts::of(lang);
            let mut words: Vec<_> = KNOWN_TYPES.iter().map(|name| t.type_words(name)).collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), KNOWN_TYPES.len());
            assert!(!words.contains(&t.other_type));
        }
    }
}
