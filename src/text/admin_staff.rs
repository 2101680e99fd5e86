//! Texts of the staff pages.

use super::{interpolate, texts};
use crate::domain::session::LoginMethod;
use crate::domain::timeline::TimelineKind;
use crate::text::count;
use crate::text::lang::Lang;

texts! {
    /// Texts of the staff pages.
    pub struct StaffTexts {
        title: "员工" | "Staff";
        purpose: "员工表中的所有人。只有在职的人可以登录。" | "Everyone in the staff table. Only current employees can sign in.";
        search_label: "姓名、userid、unionid、工号、手机、邮箱或职位"
            | "Name, userid, unionid, job number, mobile, e-mail or title";
        status: "状态" | "Status";
        department: "部门（含下级）" | "Department (incl. sub-departments)";
        who_sees: "可见应用“{name}”的部门" | "Departments that see the app “{name}”";
        name: "姓名" | "Name";
        departments: "部门" | "Departments";
        job_title: "职位" | "Title";
        job_number: "工号" | "Job number";
        left_at: "离职时间" | "Left";
        held: "手动" | "By hand";
        empty_title: "员工表还是空的" | "The staff table is empty";
        empty_text: "第一次全量同步之后，公司的员工会出现在这里。" | "The first full sync brings the company’s people here.";
        nothing_title: "没有找到员工" | "No staff found";
        nothing_text: "没有符合这些条件的人。" | "Nobody matches these filters.";

        facts: "基本信息" | "Facts";
        mobile: "手机" | "Mobile";
        email: "邮箱" | "E-mail";
        hired_date: "入职日期" | "Hired";
        cause: "离职依据" | "Source";
        held_by: "操作人" | "Decided by";
        held_reason: "原因" | "Reason";
        observed_at: "最近向钉钉核实" | "Last confirmed by DingTalk";
        created_at: "加入员工表" | "Added to the table";
        no_department: "没有部门" | "In no department";
        unknown_department: "部门 {id}" | "Department {id}";
        order: "排序 {n}" | "Order {n}";
        sessions: "已登录设备" | "Signed-in devices";
        no_sessions: "没有已登录设备" | "No active sessions";
        signed_in: "登录于" | "since";
        last_seen: "最近活动" | "last seen";
        no_history: "还没有记录" | "Nothing yet";
        timeline: "时间线" | "Timeline";
        timeline_more: "登录、拒绝、事件、资料变更、会话和管理操作，最新的在前。"
            | "Sign-ins, refusals, events, changes, sessions and decisions, the latest first.";
        kind: "类型" | "Kind";
        changed: "资料变更" | "Details changed in DingTalk";
        session_started: "会话开始（仍在线）" | "Session started (still active)";

        leave: "标记为离职" | "Mark as left";
        leave_ask: "{name}会被标记为离职，并在 {devices}上退出登录。钉钉事件和同步不会自动恢复其在职状态，只能在本页手动恢复。"
            | "{name} will be marked as left and signed out of {devices}. Events and syncs won’t undo this; you can only restore them here.";
        leave_ask_quietly: "{name}会被标记为离职。钉钉事件和同步不会自动恢复其在职状态，只能在本页手动恢复。"
            | "{name} will be marked as left. Events and syncs won’t undo this; you can only restore them here.";
        leave_again_ask: "{name}已经离职。再手动标记后，钉钉事件和同步不会自动恢复其在职状态，只能在本页手动恢复。"
            | "{name} has left already. Marked by hand as well, no event or sync brings them back: only restoring here does.";
        restore: "恢复在职" | "Restore";
        restore_ask: "会先向钉钉核实，{name}仍是本公司员工才会恢复为在职。"
            | "DingTalk is asked first: {name} becomes employed again only if they are listed there.";
        end_all: "全部下线" | "Sign out everywhere";
        end_all_ask: "{name}会在 {devices}上强制下线，之后可以重新登录。"
            | "{name} will be signed out of {devices} and can sign in again.";
        end_one: "强制下线" | "Sign out";
        end_one_ask: "{name}会在 {device} 上强制下线，之后可以重新登录。"
            | "{name} will be signed out of {device} and can sign in again.";
        left_toast: "已将{name}标记为离职，退出了 {devices}" | "{name} is marked as left and signed out of {devices}";
        left_toast_quietly: "已将{name}标记为离职" | "{name} is marked as left";
        restored_toast: "{name}已恢复在职" | "{name} is employed again";
        ended_toast: "{name}已在 {devices}上退出登录" | "{name} is signed out of {devices}";
        none_ended_toast: "没有需要下线的设备" | "No active sessions";
        rejected_note: "此人在审核中被拒绝，重新审核之前不能登录。" | "This person was rejected in review and cannot sign in until the case is re-opened.";
        to_case: "查看审核记录" | "See the case";

        many_leave_title: "将 {people}标记为离职" | "Mark {people} as left";
        many_leave_ask: "以下 {people}会被标记为离职，并在共 {devices}上退出登录。事件和同步都不会恢复，只能逐个恢复。"
            | "These {people} will be marked as left and signed out of {devices} in all. No event or sync takes this back: only restoring each of them does.";
        many_end_title: "将 {people}强制下线" | "Sign out {people}";
        many_end_ask: "以下 {people}会在共 {devices}上强制下线，之后可以重新登录。"
            | "These {people} will be signed out of {devices} in all and can sign in again.";
        many_left_toast: "已将 {people}标记为离职" | "Marked {people} as left";
        many_ended_toast: "已将 {people}强制下线" | "Signed out: {people}";
        many_refused: "；{people}未处理：{list}" | "; skipped {people}: {list}";
        many_refused_one: "{name}（{why}）" | "{name} ({why})";
        many_joint: "、" | "; ";
        many_more: "等" | " …";
        nobody_chosen: "请先选择员工。" | "Select at least one person.";
        unknown_action: "没有“{value}”这个操作。" | "There is no action called “{value}”.";
        too_many: "一次最多选择 {n} 项。" | "At most {n} can be chosen at once.";
        unknown_person: "员工表中没有此人" | "is not in the staff table";

        reason_missing: "请填写原因，不超过 500 个字。" | "Please give a reason of at most 500 characters.";
        oneself: "不能把自己标记为离职。" | "You cannot mark yourself as left.";
        about_administrator: "此人是管理员，只有管理员可以处理。" | "This person is an administrator; only administrators may do this.";
        about_self: "不能处理自己的账号。" | "You cannot do this to yourself.";
        held_already: "此人已经手动标记为离职。" | "This person has been marked as left by hand already.";
        last_administrator: "此人是最后一位管理员，不能标记为离职。请先在服务器上用 dinggate admin grant 添加另一位管理员。"
            | "This person is the last administrator. First add another one on the server with dinggate admin grant.";
        rejected: "此人已被审核拒绝，恢复后仍不能登录。请先在审核页面重新打开此人的记录。"
            | "This person was rejected in the review and could not sign in. Re-open their case first.";
        held_elsewhere: "员工 {userid} 与此人的 unionid 相同，且已手动标记为离职，请先处理该员工。"
            | "{userid} has the same unionid and was marked as left by hand. Please deal with that row first.";
        not_left: "此人在职，不需要恢复。" | "This person is employed: there is nothing to restore.";
        not_listed: "钉钉通讯录中没有此人，不能恢复。"
            | "DingTalk does not list this person as a member of the company, so they cannot be restored.";
        unionid_taken: "在职员工 {userid} 正在使用同一个 unionid，不能恢复。"
            | "{userid}, who is employed, has the same unionid, so this row cannot be restored.";
        left_meanwhile: "此人刚刚又离职了，不能恢复。" | "This person just left, so they cannot be restored.";
        unavailable: "钉钉没有及时响应，请稍后再试。" | "DingTalk did not answer in time. Please try again later.";
        misconfigured: "钉钉拒绝了我们的请求，请先处理页面上方列出的问题。"
            | "DingTalk refuses our request. Fix the problem shown at the top of the page first.";
    }

    /// Returns the label of a kind of entries.
    pub fn kind_words(kind: TimelineKind) {
        Login: "登录和拒绝" | "Sign-ins and refusals";
        Session: "在线会话" | "Active sessions";
        Event: "钉钉事件" | "DingTalk events";
        Change: "资料变更" | "Changes";
        Decision: "管理操作" | "Decisions";
    }

    /// Returns a login method in words.
    pub fn method_words(method: LoginMethod) {
        Qr: "扫码登录" | "QR code";
        OAuth2: "钉钉登录页" | "DingTalk’s page";
        InApp: "钉钉内登录" | "Inside DingTalk";
    }
}

impl StaffTexts {
    /// Returns a sentence about a person and the number of their devices.
    pub fn devices_sentence(&self, sentence: &str, lang: Lang, name: &str, n: usize) -> String {
        let n = i64::try_from(n).unwrap_or(i64::MAX);
        interpolate(sentence, &[("name", &name), ("devices", &devices(lang, n))])
    }
}

/// Returns a number of devices.
pub fn devices(lang: Lang, n: i64) -> String {
    count(lang, n, "台设备", "device", "devices")
}
