//! Texts of the page of the queue.

use super::texts;
use crate::domain::queue::LaneName;

texts! {
    /// Texts of the page of the queue.
    pub struct QueueTexts {
        title: "队列" | "Queue";
        purpose: "后台任务的排队和处理情况，包括所有实例。" | "Background work of all instances: what waits, what is in progress, and the last error of each lane.";
        lane: "任务" | "Lane";
        pending: "等待" | "Pending";
        oldest: "最早" | "Oldest";
        in_progress: "处理中" | "In progress";
        last_run: "上次处理" | "Last run";
        last_error: "上次错误" | "Last error";
        events: "事件" | "Events";
        events_hint: "向钉钉查询事件涉及的员工和部门" | "Looks up the people and departments that events name";
        rechecks: "复查" | "Rechecks";
        rechecks_hint: "稍后再次向钉钉查询员工" | "Asks DingTalk about a person again later";
        reviews: "批量审核" | "Bulk reviews";
        reviews_hint: "逐人处理管理员的批量决定" | "Carries out decisions about many people, one by one";
        review_lookups: "核实待审人员" | "Review lookups";
        review_lookups_hint: "向钉钉通讯录查询等待审核的人" | "Looks up people under review in DingTalk’s directory";
        staff_changes: "员工变更" | "Staff changes";
        staff_changes_hint: "将员工变更生成推送消息" | "Turns changes of the staff into webhook messages";
        webhook_payloads: "推送内容" | "Webhook payloads";
        webhook_payloads_hint: "为事件的推送消息生成内容" | "Renders the bodies of messages about events";
        webhook_deliveries: "推送发送" | "Webhook deliveries";
        webhook_deliveries_hint: "将消息发送到接收方，失败后重试" | "Sends messages to the receiver, again after failures";
    }
}

impl QueueTexts {
    /// Returns the name of a lane, and what it does.
    pub fn lane_words(&self, lane: LaneName) -> (&'static str, &'static str) {
        match lane {
            LaneName::Events => (self.events, self.events_hint),
            LaneName::Rechecks => (self.rechecks, self.rechecks_hint),
            LaneName::Reviews => (self.reviews, self.reviews_hint),
            LaneName::ReviewLookups => (self.review_lookups, self.review_lookups_hint),
            LaneName::StaffChanges => (self.staff_changes, self.staff_changes_hint),
            LaneName::WebhookPayloads => (self.webhook_payloads, self.webhook_payloads_hint),
            LaneName::WebhookDeliveries => (self.webhook_deliveries, self.webhook_deliveries_hint),
        }
    }
}
