//! Texts of the webhook pages.

use super::{interpolate, texts};
use crate::domain::webhook::{DeliveryError, DeliveryState, ReviewMessage, StaffMessage};

texts! {
    /// Texts of the webhook pages.
    pub struct WebhookTexts {
        title: "Webhook 推送" | "Webhooks";
        purpose: "推送到公司内部系统的消息及送达情况。" | "Messages to your systems and their delivery status.";
        search_label: "姓名、审批标题、userid 或编号" | "Name, approval, userid or id";
        state: "状态" | "State";
        kind: "类型" | "Type";
        about: "内容" | "About";
        attempts: "尝试次数" | "Attempts";
        created: "产生时间" | "Created";
        next_attempt: "下次尝试" | "Next attempt";
        delivered_at: "送达时间" | "Delivered";
        last_result: "最近结果" | "Last result";
        waiting: "等待发送" | "Waiting";
        delivered: "已送达" | "Delivered";
        failed: "发送失败" | "Failed";
        send_again: "重新发送" | "Send again";
        send_now: "立即发送" | "Send now";
        all_again: "重新发送全部失败消息" | "Send all failed again";
        all_again_ask: "将重新发送 {n} 条失败的消息。" | "{n} failed messages will be sent again.";
        all_again_ask_one: "将重新发送 1 条失败的消息。" | "One failed message will be sent again.";
        queued: "消息 {id} 已重新排队" | "Message {id} is queued again";
        queued_all: "已有 {n} 条消息重新排队" | "{n} messages are queued again";
        queued_one: "已有 1 条消息重新排队" | "One message is queued again";
        none_failed: "没有可以重新发送的失败消息" | "There was no failed message that is still kept";
        not_queued: "消息 {id} 正在发送，或内容已删除" | "Message {id} is being sent at this moment, or is no longer kept";
        not_configured: "尚未配置 Webhook，无法发送" | "No webhook is configured, so nothing can be sent";
        off_note: "当前没有配置 Webhook：不会产生新消息，等待中的消息也不会发送。" | "No webhook is configured: nothing new is stored, and what waits is not sent.";
        off_title: "尚未配置 Webhook" | "No webhook is configured";
        off_text: "设置 DINGGATE_WEBHOOK_URL 和 DINGGATE_WEBHOOK_SECRET 并重启服务后，审批事件和员工变动会推送到该地址，并显示在这里。"
            | "Set DINGGATE_WEBHOOK_URL and DINGGATE_WEBHOOK_SECRET and restart the service: approvals and changes of the staff are then sent to that address, and appear here.";
        empty_title: "还没有消息" | "No messages yet";
        empty_text: "审批事件和员工变动发生后会立即推送，并显示在这里。" | "Approvals and changes of the staff are sent as they happen, and appear here.";
        nothing_title: "没有找到消息" | "No message found";
        nothing_text: "没有符合这些条件的消息。" | "No message matches these filters.";
        detail_title: "消息 {id}" | "Message {id}";
        facts: "基本信息" | "Facts";
        event: "事件 {id}" | "Event {id}";
        headers: "请求" | "Request";
        each_time: "每次发送时重新生成" | "new for every attempt";
        body: "消息内容" | "Body";
        body_hint: "每次发送的内容都相同；送达 {days} 天后删除。" | "The same on every attempt; deleted {days} days after delivery.";
        body_unmade: "内容尚未生成。" | "The body has not been made yet.";
        body_dropped: "消息内容只保存到送达后 {days} 天，现已删除。" | "Bodies are kept for {days} days after delivery; this one has been deleted.";
        history: "发送记录" | "Attempts";
        no_history: "还没有发送过。" | "Nothing has been sent yet.";
        took: "耗时 {ms} 毫秒" | "took {ms} ms";
        accepted: "对方已接收（HTTP {status}）" | "Accepted (HTTP {status})";
        error_status: "对方返回 HTTP {status}" | "The receiver answered with HTTP {status}";
        error_redirect: "对方返回重定向（HTTP {status}），不予跟随" | "The receiver redirects (HTTP {status}), which is not followed";
        error_gone: "对方不再接收（HTTP {status}）" | "Receiver returned {status} Gone";
        error_timeout: "对方 10 秒内没有应答" | "The receiver did not answer within 10 seconds";
        error_connect: "无法连接到对方" | "The receiver could not be reached";
        error_dingtalk: "暂时无法从钉钉取得审批详情" | "DingTalk does not yet give the approval’s details";
        error_event_dropped: "事件内容已删除，无法发送" | "The event has been deleted, so there is nothing to send";
        other_type: "其他事件" | "Other event";
        other_types: "其他事件" | "Other events";
        bpms_instance_change: "审批实例变更" | "Approval changed";
        bpms_task_change: "审批任务变更" | "Approval task changed";
        staff_added: "新增员工" | "Staff added";
        staff_changed: "员工资料变更" | "Staff changed";
        staff_returned: "员工重新入职" | "Staff returned";
        staff_left: "员工离职" | "Staff left";
        review_waiting: "等待审核" | "Waiting for review";
        review_decided: "审核结果" | "Review decided";
        case: "审核记录 {id}" | "Review case {id}";
    }
}

/// The types with words of their own, in the order of the filter.
pub const KNOWN_TYPES: [&str; 8] = [
    "bpms_instance_change",
    "bpms_task_change",
    "staff.added",
    "staff.changed",
    "staff.returned",
    "staff.left",
    "review.waiting",
    "review.decided",
];

impl WebhookTexts {
    /// Returns a type in plain words.
    pub fn type_words(&self, message_type: &str) -> &'static str {
        match message_type {
            "bpms_instance_change" => self.bpms_instance_change,
            "bpms_task_change" => self.bpms_task_change,
            other => match StaffMessage::parse(other) {
                Some(StaffMessage::Added) => self.staff_added,
                Some(StaffMessage::Changed) => self.staff_changed,
                Some(StaffMessage::Returned) => self.staff_returned,
                Some(StaffMessage::Left) => self.staff_left,
                None => match ReviewMessage::parse(other) {
                    Some(ReviewMessage::Waiting) => self.review_waiting,
                    Some(ReviewMessage::Decided) => self.review_decided,
                    None => self.other_type,
                },
            },
        }
    }

    /// Returns a state in words.
    pub fn state_words(&self, state: DeliveryState) -> &'static str {
        match state {
            DeliveryState::Waiting => self.waiting,
            DeliveryState::Delivered => self.delivered,
            DeliveryState::Failed => self.failed,
        }
    }

    /// Returns the result of an attempt in words, or `None` before there is one.
    pub fn result_words(
        &self,
        status: Option<i16>,
        error: Option<DeliveryError>,
    ) -> Option<String> {
        let sentence = match (error, status) {
            (None, None) => return None,
            (None, Some(_)) => self.accepted,
            (Some(DeliveryError::Redirect), _) => self.error_redirect,
            (Some(DeliveryError::Gone), _) => self.error_gone,
            (Some(DeliveryError::Status), _) => self.error_status,
            (Some(DeliveryError::Timeout), _) => self.error_timeout,
            (Some(DeliveryError::Connect), _) => self.error_connect,
            (Some(DeliveryError::DingTalk), _) => self.error_dingtalk,
            (Some(DeliveryError::EventDropped), _) => self.error_event_dropped,
        };
        let status = status.unwrap_or_default();
        Some(interpolate(sentence, &[("status", &status)]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::lang::Lang;

    #[test]
    fn every_known_type_has_words_of_its_own() {
        for lang in [Lang::Zh, Lang::En] {
            let t = WebhookTexts::of(lang);
            let mut words: Vec<_> = KNOWN_TYPES.iter().map(|name| t.type_words(name)).collect();
            words.sort_unstable();
            words.dedup();
            assert_eq!(words.len(), KNOWN_TYPES.len());
            assert!(!words.contains(&t.other_type));
        }
    }

    #[test]
    fn results_name_the_status_where_there_is_one() {
        let t = WebhookTexts::of(Lang::En);
        assert_eq!(t.result_words(None, None), None);
        for (status, error, words) in [
            (Some(204), None, "204"),
            (Some(500), Some(DeliveryError::Status), "500"),
            (Some(302), Some(DeliveryError::Redirect), "302"),
            (Some(410), Some(DeliveryError::Gone), "410"),
            (None, Some(DeliveryError::Timeout), "10 seconds"),
            (None, Some(DeliveryError::Connect), "reached"),
            (None, Some(DeliveryError::DingTalk), "DingTalk"),
        ] {
            let said = t.result_words(status, error).unwrap();
            assert!(said.contains(words), "{said}");
        }
    }
}
