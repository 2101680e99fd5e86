//! Texts of the audit trail.

use super::{interpolate, texts};
use crate::domain::audit::AuditAction;
use crate::domain::case::Refusal;
use crate::domain::person::LeftCause;
use crate::domain::session::LoginMethod;
use crate::text::count;
use crate::text::lang::Lang;

texts! {
    /// Texts of the audit trail.
    pub struct AuditTexts {
        title: "审计日志" | "Audit";
        purpose: "登录、审核和管理操作的完整记录，不可修改或删除。" | "Every sign-in, decision and administrative action. Entries can’t be edited or deleted.";
        search_label: "操作人、姓名、userid、unionid 或参考编号" | "Actor, name, userid, unionid or reference";
        action: "操作" | "Action";
        from: "开始日期（北京时间）" | "From (UTC+8)";
        to: "结束日期（北京时间）" | "To (UTC+8)";
        at: "时间" | "When";
        actor: "操作人" | "Who";
        subject: "对象" | "Target";
        outcome: "结果" | "Outcome";
        reason: "原因" | "Reason";
        trace: "参考编号 / IP 地址" | "Reference / IP address";
        system: "系统" | "System";
        command: "命令行（{name}）" | "Command line ({name})";
        empty_title: "还没有记录" | "Nothing on the trail yet";
        empty_text: "登录、拒绝、审核和员工变动都会记录在这里。" | "Logins, refusals, reviews and staff changes are recorded here.";
        nothing_title: "没有找到记录" | "Nothing found";
        nothing_text: "没有符合这些条件的记录。" | "Nothing on the trail matches these filters.";

        status_in: "成功" | "success";
        status_out: "已退出" | "signed out";
        status_left: "已离职" | "left";
        status_rejected: "已拒绝" | "rejected";
        status_not_employee: "不是本公司员工" | "not in the company";
        status_pending_review: "等待审核" | "waiting for review";
        status_approved: "已通过" | "approved";
        status_waiting: "等待审核" | "waiting for review";
        status_employed: "在职" | "employed";
        status_event: "钉钉离职事件" | "by DingTalk’s event";
        status_sync: "全量同步" | "by the full sync";
        status_manual: "手动" | "manual";
        status_unknown_to_dingtalk: "钉钉中已查不到" | "no longer known to DingTalk";
        status_granted: "已授予" | "granted";
        status_changed: "已变更" | "changed";
        status_revoked: "已撤销" | "revoked";
        status_restored: "已恢复" | "restored";
        status_account_changed: "账号已更换" | "the account changed";
        status_no_unionid: "员工表中没有其 unionid" | "the unionid is not known";
        status_no_row: "不在员工表中" | "not in the staff table";
        status_bound: "已绑定" | "bound";
        status_unknown: "钉钉中没有此人" | "unknown to DingTalk";
        status_contradicted: "与钉钉不一致" | "DingTalk names another account";
        status_dismissed: "已关闭" | "dismissed";
        status_shown: "显示中" | "shown";
        status_hidden: "已隐藏" | "hidden";
        status_deleted: "已删除" | "deleted";
    }

    /// Returns an action in words.
    pub fn action_words(action: AuditAction) {
        Login: "登录" | "Signed in";
        Refusal: "登录被拒绝" | "Sign-in refused";
        Logout: "退出登录" | "Signed out";
        SessionEnd: "结束会话" | "Ended a session";
        ReviewApprove: "审核通过" | "Approved";
        ReviewReject: "审核拒绝" | "Rejected";
        ReviewReopen: "重新审核" | "Reopened";
        ReviewLimit: "拒绝仅限该账号" | "Rejection limited to the account";
        StaffAdded: "新增员工" | "Staff added";
        StaffReturned: "员工重新入职" | "Staff returned";
        StaffLeft: "员工离职" | "Staff left";
        StaffRestored: "恢复员工" | "Staff restored";
        StaffUnionid: "员工 unionid 变更" | "Staff unionid changed";
        AdminGrant: "授予管理角色" | "Granted a role";
        AdminRevoke: "撤销管理角色" | "Revoked a role";
        AdminBind: "绑定配置中的管理员" | "Bound an administrator of the settings";
        StaffExport: "导出员工" | "Exported staff";
        ReviewExport: "导出审核记录" | "Exported review cases";
        AuditExport: "导出审计记录" | "Exported the audit trail";
        DepartmentExport: "导出部门" | "Exported departments";
        EventExport: "导出事件" | "Exported events";
        SyncExport: "导出同步记录" | "Exported syncs";
        WebhookExport: "导出推送记录" | "Exported webhook messages";
        SessionExport: "导出在线会话" | "Exported sessions";
        AlertDismiss: "关闭告警" | "Dismissed an alert";
        EventRetry: "重试失败事件" | "Retried failed events";
        EventRelease: "放行暂存事件" | "Released held events";
        SyncApprove: "确认同步标记的离职" | "Approved a sync’s departures";
        SyncDiscard: "不采纳同步标记的离职" | "Discarded a sync’s departures";
        WebhookResend: "重新推送" | "Sent webhooks again";
        AppCreate: "添加应用" | "Added an app";
        AppUpdate: "修改应用" | "Changed an app";
        AppDelete: "删除应用" | "Deleted an app";
    }

    /// Returns a login method in words.
    pub fn method_words(method: LoginMethod) {
        Qr: "扫码" | "QR code";
        OAuth2: "钉钉登录页" | "DingTalk’s page";
        InApp: "钉钉内登录" | "inside DingTalk";
    }
}

impl AuditTexts {
    /// Returns the result of an action in words; an unknown one is returned unchanged. Ended sessions are counted.
    pub fn status_words(&self, action: AuditAction, status: &str, lang: Lang) -> String {
        match (action, status.parse()) {
            (AuditAction::SessionEnd, Ok(n)) => count(lang, n, "个会话", "session", "sessions"),
            (AuditAction::EventRetry | AuditAction::EventRelease, Ok(n)) => {
                count(lang, n, "个事件", "event", "events")
            }
            (AuditAction::WebhookResend, Ok(n)) => count(lang, n, "条消息", "message", "messages"),
            _ => self.known_status(status).to_owned(),
        }
    }

    fn known_status<'a>(&self, status: &'a str) -> &'a str {
        match status {
            "in" => self.status_in,
            "out" => self.status_out,
            "left" => self.status_left,
            "rejected" => self.status_rejected,
            "not_employee" => self.status_not_employee,
            "pending_review" => self.status_pending_review,
            "approved" => self.status_approved,
            "waiting" => self.status_waiting,
            "employed" => self.status_employed,
            "event" => self.status_event,
            "sync" => self.status_sync,
            "manual" => self.status_manual,
            "unknown_to_dingtalk" => self.status_unknown_to_dingtalk,
            "granted" => self.status_granted,
            "changed" => self.status_changed,
            "revoked" => self.status_revoked,
            "restored" => self.status_restored,
            "account_changed" => self.status_account_changed,
            "no_unionid" => self.status_no_unionid,
            "no_row" => self.status_no_row,
            "bound" => self.status_bound,
            "unknown" => self.status_unknown,
            "contradicted" => self.status_contradicted,
            "dismissed" => self.status_dismissed,
            "shown" => self.status_shown,
            "hidden" => self.status_hidden,
            "deleted" => self.status_deleted,
            other => other,
        }
    }

    /// Returns the reason for a refusal, in words.
    pub fn refusal_words(&self, refusal: Refusal) -> &'static str {
        match refusal {
            Refusal::PendingReview => self.status_pending_review,
            Refusal::Left => self.status_left,
            Refusal::NotEmployee => self.status_not_employee,
            Refusal::Rejected => self.status_rejected,
        }
    }

    /// Returns what ended an employment, in words.
    pub fn cause_words(&self, cause: LeftCause) -> &'static str {
        match cause {
            LeftCause::Event => self.status_event,
            LeftCause::Sync => self.status_sync,
            LeftCause::Manual => self.status_manual,
            LeftCause::UnknownToDingTalk => self.status_unknown_to_dingtalk,
        }
    }

    /// Returns a reason in readable form: a login method in words; any other text was written by a person.
    pub fn reason_words<'a>(&self, reason: &'a str) -> &'a str {
        LoginMethod::parse(reason).map_or(reason, |method| self.method_words(method))
    }

    /// Returns the words for a command and the login name of its user.
    pub fn command_line(&self, actor: &str) -> String {
        let name = actor.strip_prefix("command:").unwrap_or(actor);
        interpolate(self.command, &[("name", &name)])
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn each_action_has_its_own_label_in_both_languages() {
        for lang in [Lang::Zh, Lang::En] {
            let labels = AuditAction::ALL.map(|action| AuditTexts::of(lang).action_words(action));
            let distinct: HashSet<&str> = labels.into_iter().filter(|l| !l.is_empty()).collect();
            assert_eq!(distinct.len(), AuditAction::ALL.len(), "{lang:?}");
        }
    }
}
