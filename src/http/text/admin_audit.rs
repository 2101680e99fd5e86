//! Texts of the audit trail.

use super::{interpolate, texts};
use crate::http::lang::Lang;
use crate::http::view::count;

texts! {
    /// Texts of the audit trail.
    pub struct AuditTexts {
        title: "审计" | "Audit";
        purpose: "谁在什么时候对谁做了什么。记录只增不改。" | "Who did what to whom, and when. Lines are added and never changed.";
        search_label: "操作人、姓名、userid、unionid 或参考编号" | "Actor, name, userid, unionid or reference";
        action: "操作" | "Action";
        from: "开始日期（北京时间）" | "From (UTC+8)";
        to: "结束日期（北京时间）" | "To (UTC+8)";
        at: "时间" | "When";
        actor: "操作人" | "Who";
        whom: "对象" | "To whom";
        outcome: "结果" | "Outcome";
        reason: "原因" | "Reason";
        trace: "编号和地址" | "Reference and address";
        system: "系统" | "The system";
        command: "命令行（{name}）" | "Command line ({name})";
        empty_title: "还没有记录" | "Nothing on the trail yet";
        empty_text: "登录、拒绝、审核和员工变动都会记录在这里。" | "Logins, refusals, reviews and staff changes are recorded here.";
        nothing_title: "没有找到记录" | "Nothing found";
        nothing_text: "没有符合这些条件的记录。" | "Nothing on the trail matches these filters.";

        login: "登录" | "Signed in";
        refusal: "登录被拒绝" | "Was refused";
        logout: "退出登录" | "Signed out";
        session_end: "结束会话" | "Ended a session";
        review_approve: "审核通过" | "Approved";
        review_reject: "审核拒绝" | "Rejected";
        review_reopen: "重新审核" | "Re-opened";
        staff_added: "新增员工" | "Staff added";
        staff_returned: "员工重新入职" | "Staff returned";
        staff_left: "员工离职" | "Staff left";
        staff_restored: "恢复员工" | "Staff restored";
        staff_unionid: "员工 unionid 变更" | "Staff unionid changed";
        admin_grant: "授予管理角色" | "Granted a role";
        webhook_resend: "重新推送" | "Sent webhooks again";
        admin_revoke: "撤销管理角色" | "Revoked a role";
        admin_bind: "绑定配置中的管理员" | "Bound an administrator of the settings";
        staff_export: "导出员工" | "Exported staff";
        review_export: "导出审核记录" | "Exported review cases";
        audit_export: "导出审计记录" | "Exported the audit trail";
        alert_dismiss: "关闭告警" | "Dismissed an alert";
        event_retry: "重试失败事件" | "Retried failed events";
        event_release: "放行暂存事件" | "Released held events";
        sync_approve: "确认同步标记的离职" | "Let the leavers of a sync go";
        sync_discard: "不采纳同步标记的离职" | "Kept the leavers of a sync";
        app_create: "添加应用" | "Added an app";
        app_update: "修改应用" | "Changed an app";
        app_delete: "删除应用" | "Deleted an app";

        status_in: "已登录" | "let in";
        status_out: "已退出" | "signed out";
        status_left: "已离职" | "left";
        status_rejected: "已拒绝" | "rejected";
        status_not_employee: "不是本公司员工" | "not of this company";
        status_pending_review: "等待审核" | "waits for review";
        status_approved: "已通过" | "approved";
        status_waiting: "等待审核" | "waits for review";
        status_employed: "在职" | "employed";
        status_event: "钉钉离职事件" | "by DingTalk’s event";
        status_sync: "全量同步" | "by the full sync";
        status_manual: "手动" | "by hand";
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
        method_qr: "扫码" | "QR code";
        method_oauth2: "钉钉登录页" | "DingTalk’s page";
        method_in_app: "钉钉内登录" | "inside DingTalk";
    }
}

impl AuditTexts {
    /// Returns an action in words; an unknown one is returned unchanged.
    pub fn action_words<'a>(&self, action: &'a str) -> &'a str {
        match action {
            "login" => self.login,
            "refusal" => self.refusal,
            "logout" => self.logout,
            "session.end" => self.session_end,
            "review.approve" => self.review_approve,
            "review.reject" => self.review_reject,
            "review.reopen" => self.review_reopen,
            "staff.added" => self.staff_added,
            "staff.returned" => self.staff_returned,
            "staff.left" => self.staff_left,
            "staff.restored" => self.staff_restored,
            "staff.unionid" => self.staff_unionid,
            "admin.grant" => self.admin_grant,
            "admin.revoke" => self.admin_revoke,
            "admin.bind" => self.admin_bind,
            "staff.export" => self.staff_export,
            "review.export" => self.review_export,
            "audit.export" => self.audit_export,
            "alert.dismiss" => self.alert_dismiss,
            "event.retry" => self.event_retry,
            "event.release" => self.event_release,
            "sync.approve" => self.sync_approve,
            "sync.discard" => self.sync_discard,
            "webhook.resend" => self.webhook_resend,
            "app.create" => self.app_create,
            "app.update" => self.app_update,
            "app.delete" => self.app_delete,
            other => other,
        }
    }

    /// Returns the result of an action in words; an unknown one is returned unchanged. Ended sessions are counted.
    pub fn status_words(&self, action: &str, status: &str, lang: Lang) -> String {
        match (action, status.parse()) {
            ("session.end", Ok(n)) => count(lang, n, "个会话", "session", "sessions"),
            ("event.retry" | "event.release", Ok(n)) => count(lang, n, "个事件", "event", "events"),
            ("webhook.resend", Ok(n)) => count(lang, n, "条消息", "message", "messages"),
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
    pub fn refusal_words(&self, status: &str) -> &'static str {
        match status {
            "pending_review" => self.status_pending_review,
            "left" => self.status_left,
            "not_employee" => self.status_not_employee,
            _ => self.status_rejected,
        }
    }

    /// Returns a reason in readable form: a login method in words; any other text was written by a person.
    pub fn reason_words<'a>(&self, reason: &'a str) -> &'a str {
        match reason {
            "qr" => self.method_qr,
            "oauth2" => self.method_oauth2,
            "in_app" => self.method_in_app,
            other => other,
        }
    }

    /// Returns the words for a command and the login name of its user.
    pub fn command_line(&self, actor: &str) -> String {
        let name = actor.strip_prefix("command:").unwrap_or(actor);
        interpolate(self.command, &[("name", &name)])
    }
}
