//! Texts of the review: the list of people who could not be let in, one case, and bulk decisions.

use super::{interpolate, texts};
use crate::domain::case::{CaseState, MatchReason, MatchedId, Refusal, ReviewAction};
use crate::text::count;
use crate::text::lang::Lang;

pub mod directory;

texts! {
    /// Texts of the review.
    pub struct ReviewTexts {
        title: "登录审核" | "Review queue";
        purpose: "扫了码但没能登录的人。昵称由扫码人自己设置，请核对后再决定。"
            | "People who scanned and were not let in. A nickname is chosen by the person who scans: check before you decide.";
        search_label: "姓名、昵称、工号、userid、unionid 或参考编号" | "Name, nickname, job number, userid, unionid or reference";
        reason: "未能登录的原因" | "Reason";
        state: "状态" | "State";
        company: "本公司人员" | "People in the company";
        pending_review: "不在员工表中" | "Not in the staff table";
        left: "已离职" | "Left the company";
        not_employee: "非本公司人员" | "Not in the company";
        pending_review_more: "钉钉中有此人，但员工表中没有，或者 userid、unionid 对不上。"
            | "DingTalk lists this person in the company, but the staff table does not, or not under these ids.";
        left_more: "员工表显示已离职，或钉钉中已查不到此人。"
            | "The staff table says that this person has left, or DingTalk no longer knows them.";
        not_employee_more: "钉钉中没有此人，或只是外部联系人。"
            | "DingTalk does not list this person in the company, or only as an external contact.";
        waiting: "待审核" | "Waiting";
        approved: "已通过" | "Approved";
        rejected: "已拒绝" | "Rejected";
        closed: "已自动关闭" | "Closed automatically";
        nick: "昵称" | "Nickname";
        nick_chosen: "由扫码人自己设置" | "chosen by the person who scans";
        first_seen: "首次尝试" | "First seen";
        last_seen: "最近尝试" | "Last seen";
        attempts: "次数" | "Attempts";
        candidates: "疑似员工" | "Possible match";
        candidates_title: "疑似匹配" | "Possible matches";
        candidates_more: "昵称可以随意设置，只凭姓名不能确认身份。"
            | "Nicknames are self-chosen. A matching name is not proof of identity.";
        no_candidates: "员工表中没有相似的人" | "No similar staff record";
        empty_title: "没有需要审核的人" | "No one is waiting for review";
        empty_text: "有人扫码但未能登录时，会出现在这里。" | "People who scan but can’t sign in appear here.";
        nothing_title: "没有找到记录" | "No cases found";
        nothing_text: "没有符合这些条件的人。" | "No cases match these filters.";

        facts: "基本信息" | "Facts";
        refusals: "登录尝试" | "Refused logins";
        refusals_more: "最多保留最近 100 次。" | "The last 100 are kept.";
        refused_at: "时间" | "Time";
        refused_address: "来源地址" | "Address";
        history: "历史记录" | "History";
        no_history: "还没有记录" | "Nothing yet";
        reference: "参考编号" | "Reference";
        decided_by: "审核人" | "Reviewed by";
        decided_at: "审核时间" | "Reviewed";
        decision_reason: "审核说明" | "Review reason";
        approve: "通过" | "Approve";
        approve_more: "通过后会向钉钉核实，核实无误即加入员工表。" | "We check with DingTalk, then add this person to the staff table.";
        reject: "拒绝" | "Reject";
        reject_ask: "拒绝后，“{name}”在所有设备上立即下线，重新审核通过前无法登录。"
            | "{name} will be rejected: signed out everywhere, and can’t sign in until you reopen the case.";
        reopen: "重新审核" | "Reopen";
        reopen_more: "恢复为待审核，之后再作决定。" | "Moves the case back to Waiting.";
        link: "关联到此员工" | "Link to this person";
        link_held: "已手动标记为离职，请先恢复" | "Marked as left by hand: restore first";
        reason_missing: "请填写原因，不超过 500 个字。" | "Please give a reason of at most 500 characters.";
        approved_toast: "已通过“{name}”的申请，对方现在可以登录" | "{name} is approved and can sign in now";
        rejected_toast: "已拒绝“{name}”" | "{name} is rejected";
        reopened_toast: "“{name}”已恢复为待审核" | "{name} waits for review again";

        nobody_chosen: "请先选择人员" | "Select at least one person";
        bulk_reject_title: "拒绝 {people}" | "Reject {people}";
        bulk_reject_text: "拒绝后，以下 {people}在所有设备上立即下线，重新审核通过前无法登录。"
            | "These {people} will be rejected: signed out everywhere, and can’t sign in until their cases are reopened.";
        bulk_approve_title: "通过 {people}" | "Approve {people}";
        bulk_approve_text: "逐人向钉钉核实，核实无误的即加入员工表，可以登录。"
            | "We check each person with DingTalk. Those it confirms are added to the staff table and can sign in.";
        too_many: "一次最多选择 {n} 人。" | "At most {n} people can be chosen at a time.";
        unknown_action: "没有“{value}”这个操作。" | "There is no action called “{value}”.";
        job_approve: "批量通过：{people}" | "Approving {people}";
        job_reject: "批量拒绝：{people}" | "Rejecting {people}";
        job_reopen: "批量重新审核：{people}" | "Reopening {people}";
        job_running: "正在处理，已完成 {settled}/{total}。可以离开本页，处理不会中断。"
            | "Processing {settled} of {total}. You can leave this page.";
        job_finished: "处理完毕：成功 {done} 人，失败 {refused} 人。" | "Done: {done} succeeded, {refused} failed.";
        job_progress: "进度" | "Progress";
        job_by: "操作人" | "Started by";
        job_at: "开始时间" | "Started";
        person: "人员" | "Person";
        outcome: "结果" | "Outcome";
        item_waiting: "排队中" | "Queued";
        item_done: "完成" | "Done";
        item_refused: "失败" | "Failed";

        not_waiting: "此人已经审核过，请重新打开页面查看。" | "This case has been decided already. Please open the page again.";
        still_waiting: "此人已经在等待审核。" | "This case is waiting already.";
        not_listed: "钉钉通讯录中没有此人，不能通过。"
            | "DingTalk does not list this person as a member of the company, so they cannot be approved.";
        external: "此人在钉钉中是外部联系人，不能通过。"
            | "DingTalk lists this person as an external contact and not as a member of the company, so they cannot be approved.";
        other_unionid: "钉钉对 {userid} 给出的 unionid 前后不一致，无法确认是同一人。请稍后再试。"
            | "DingTalk now returns another unionid for {userid} than before, so this may not be the same person. Please try again later.";
        held: "员工 {userid} 已由管理员手动标记为离职，请先到员工页面恢复。"
            | "{userid} was marked as left by an administrator. Restore them on the staff page first.";
        left_meanwhile: "此人刚刚离职，不能通过。" | "This person just left, so they cannot be approved.";
        unionid_taken: "在职员工 {userid} 正在使用同一个 unionid，请先处理该员工。"
            | "{userid}, who is employed, has the same unionid. Please deal with that row first.";
        no_such_row: "员工表中没有 {userid}，不能关联。" | "There is no {userid} in the staff table to link to.";
        has_this_unionid: "员工 {userid} 已经是这个 unionid，不需要关联，请直接通过。"
            | "{userid} has this unionid already, so there is nothing to link: approve without linking.";
        somebody_else: "钉钉显示此人是 {userid}，不能关联到其他员工。"
            | "DingTalk says that this person is {userid}, so they cannot be linked to another row.";
        rejected_elsewhere: "同一 userid 的另一条记录已被拒绝，请先重新打开那条记录。"
            | "Another case with this userid has been rejected. Re-open that case first.";
        last_administrator: "此人是最后一位管理员，不能拒绝。请先在服务器上用 dinggate admin grant 添加另一位管理员。"
            | "This person is the last administrator. First add another one on the server with dinggate admin grant.";
        not_limitable: "此人没有被拒绝，或拒绝已仅限该账号。" | "This person is not rejected, or the rejection is limited to the account already.";
        matched: "命中的编号" | "Matched id";
        matched_unionid: "unionid：同一个账号再次尝试登录" | "The unionid: the same account tried again";
        matched_userid: "userid：以另一个账号 {unionid} 尝试登录" | "The userid, under another account: {unionid}";
        not_found: "这条记录已不存在。" | "This case no longer exists.";
        unavailable: "钉钉没有及时响应，请稍后再试。" | "DingTalk did not answer in time. Please try again later.";
        no_longer_admin: "发起人已没有处理权限，因此没有执行。"
            | "Not done: the person who started it no longer has the right to decide.";
        about_administrator: "此人是管理员，只有管理员可以处理。" | "This person is an administrator; only administrators may decide.";
        about_self: "不能处理自己的申请。" | "You cannot decide about yourself.";
        misconfigured: "钉钉拒绝了我们的请求，请先处理页面上方列出的问题。"
            | "DingTalk refuses our request. Fix the problem shown at the top of the page first.";
        fault: "处理时出错，详情请查看日志。" | "Something went wrong. See the server log.";
    }

    pub fn guess_words(guess: MatchReason) {
        UseridWithoutUnionid: "钉钉给出的 userid 相同，该员工还没有 unionid" | "DingTalk returns this userid, and the row has no unionid yet";
        UseridWithOtherUnionid: "钉钉给出的 userid 相同，但 unionid 不同，可能已过期" | "Same userid, different unionid (possibly outdated)";
        SamePerson: "userid 和 unionid 都相同" | "Userid and unionid are both the same";
        UnionidOfLeaver: "unionid 相同，该员工已离职，可能是重新入职" | "Same unionid as a former employee; possibly rehired";
        UnionidElsewhere: "unionid 相同，但 userid 与钉钉给出的不同" | "Same unionid, but another userid than DingTalk says";
        SameName: "只有姓名相同" | "Only the name is the same";
    }
}

impl ReviewTexts {
    /// Returns the reason for a refusal, in a few words.
    pub fn reason_words(&self, reason: Refusal) -> &'static str {
        match reason {
            Refusal::PendingReview => self.pending_review,
            Refusal::Left => self.left,
            Refusal::NotEmployee => self.not_employee,
            Refusal::Rejected => self.rejected,
        }
    }

    /// Returns the reason for a refusal, in a sentence.
    pub fn reason_sentence(&self, reason: Refusal) -> &'static str {
        match reason {
            Refusal::PendingReview => self.pending_review_more,
            Refusal::Left => self.left_more,
            Refusal::NotEmployee => self.not_employee_more,
            Refusal::Rejected => self.rejected,
        }
    }

    pub fn state_words(&self, state: CaseState) -> &'static str {
        match state {
            CaseState::Waiting => self.waiting,
            CaseState::Approved => self.approved,
            CaseState::Rejected => self.rejected,
            CaseState::Closed => self.closed,
        }
    }

    /// Returns why a decision was refused, from the code used by the service and the bulk job table, and the userid
    /// concerned.
    pub fn objection(&self, code: &str, userid: &str) -> String {
        let sentence = match code {
            "not_waiting" => self.not_waiting,
            "still_waiting" => self.still_waiting,
            "not_listed" => self.not_listed,
            "external" => self.external,
            "other_unionid" => self.other_unionid,
            "held" => self.held,
            "left_meanwhile" => self.left_meanwhile,
            "unionid_taken" => self.unionid_taken,
            "no_such_row" => self.no_such_row,
            "has_this_unionid" => self.has_this_unionid,
            "somebody_else" => self.somebody_else,
            "rejected_elsewhere" => self.rejected_elsewhere,
            "not_limitable" => self.not_limitable,
            "last_administrator" => self.last_administrator,
            "about_administrator" => self.about_administrator,
            "about_self" => self.about_self,
            "not_found" => self.not_found,
            "reason" => self.reason_missing,
            "unavailable" => self.unavailable,
            "misconfigured" => self.misconfigured,
            "no_longer_admin" => self.no_longer_admin,
            _ => self.fault,
        };
        interpolate(sentence, &[("userid", &userid)])
    }

    /// Returns which id of a rejected case an attempt matched, and the unionid of that attempt.
    pub fn matched_words(&self, id: MatchedId, unionid: Option<&str>) -> String {
        let sentence = match id {
            MatchedId::Unionid => self.matched_unionid,
            MatchedId::Userid => self.matched_userid,
        };
        interpolate(sentence, &[("unionid", &unionid.unwrap_or_default())])
    }

    /// Returns what a bulk job does, and to how many people.
    pub fn job_title(&self, action: ReviewAction, people: &str) -> String {
        let title = match action {
            ReviewAction::Approve => self.job_approve,
            ReviewAction::Reject => self.job_reject,
            ReviewAction::Reopen => self.job_reopen,
        };
        interpolate(title, &[("people", &people)])
    }
}

/// Returns a number of people, for titles and sentences.
pub fn people(lang: Lang, n: usize) -> String {
    count(
        lang,
        i64::try_from(n).unwrap_or(i64::MAX),
        "人",
        "person",
        "people",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_objection_has_a_sentence_of_its_own() {
        let codes = [
            "not_waiting",
            "still_waiting",
            "not_listed",
            "external",
            "other_unionid",
            "held",
            "left_meanwhile",
            "unionid_taken",
            "no_such_row",
            "has_this_unionid",
            "somebody_else",
            "rejected_elsewhere",
            "not_limitable",
            "last_administrator",
            "about_administrator",
            "about_self",
            "not_found",
            "reason",
            "unavailable",
            "misconfigured",
            "no_longer_admin",
            "fault",
        ];
        for lang in [Lang::Zh, Lang::En] {
            let t = ReviewTexts::of(lang);
            let mut sentences: Vec<_> = codes.iter().map(|code| t.objection(code, "u1")).collect();
            sentences.sort();
            sentences.dedup();
            assert_eq!(sentences.len(), codes.len());
            assert!(
                sentences.iter().all(|sentence| !sentence.contains('{')),
                "{sentences:?}"
            );
        }
    }
}
