//! Texts about the person of a case in DingTalk's directory, and about what the page of a case offers.

use crate::domain::case::DecisionScope;
use crate::text::texts;

texts! {
    /// Texts about the person in the directory.
    pub struct DirectoryTexts {
        title: "钉钉通讯录" | "DingTalk directory";
        name: "姓名" | "Name";
        departments: "部门" | "Departments";
        job_title: "职位" | "Job title";
        job_number: "工号" | "Job number";
        hired_date: "入职日期" | "Hire date";
        checked: "核实时间" | "Checked";
        unlisted: "钉钉通讯录中没有此人" | "Not in DingTalk’s directory";
        external: "此人是钉钉外部联系人，不是公司成员" | "An external contact in DingTalk, not a member of the company";
        pending: "正在钉钉通讯录中核实，请稍候。" | "Looking this person up in DingTalk’s directory…";
        failing: "钉钉暂时没有答复，系统会自动重试。" | "DingTalk has not answered yet. Dinggate keeps trying.";
        not_checked: "尚未在钉钉通讯录中核实。" | "Not looked up in DingTalk’s directory yet.";
        nick: "昵称 {nick}" | "Nickname {nick}";
        number: "工号 {number}" | "No. {number}";
        hired: "{day} 入职" | "joined {day}";
        check_again: "重新核实" | "Check again";
        scan: "扫码信息" | "The scan";
        cannot_approve: "不能通过：{why}" | "Cannot be approved: {why}";
        held: "该员工已由管理员手动标记为离职，请先恢复" | "an administrator marked this person as left. Restore them first";
        restore: "去员工页面恢复" | "Restore on the staff page";
        rejected_elsewhere: "同一 userid 的另一条记录已被拒绝" | "another case with this userid was rejected";
        other_case: "查看那条记录" | "See that case";
        next_case: "下一个" | "Next case";
        previous_case: "上一个" | "Previous case";
        key_next: "下一个" | "next";
        key_previous: "上一个" | "previous";
        key_approve: "通过（再按回车确认）" | "approve (then Enter)";
        key_reject: "拒绝" | "reject";
        key_open: "打开" | "open";
        limit: "仅限该账号" | "Limit to this account";
        limit_ask: "拒绝以后只针对这个账号（unionid）：使用同一 userid 的其他账号可以正常登录或接受审核。请只在该 userid 已分配给他人时使用。"
            | "The rejection will bind this account (unionid) alone: other accounts with the same userid can sign in or be reviewed. Use this only if the userid now belongs to somebody else.";
        limited_toast: "对“{name}”的拒绝已仅限该账号" | "The rejection of {name} is limited to the account";
        scope: "拒绝范围" | "Rejection applies to";
        scope_person: "此人：unionid 和 userid" | "The person: unionid and userid";
        scope_account: "仅该账号：unionid" | "The account alone: unionid";
    }
}

impl DirectoryTexts {
    /// Returns who is bound by a rejection.
    pub fn scope_words(&self, scope: DecisionScope) -> &'static str {
        match scope {
            DecisionScope::Person => self.scope_person,
            DecisionScope::Account => self.scope_account,
        }
    }
}
