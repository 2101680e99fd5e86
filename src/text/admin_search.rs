//! Texts of the search over people, and of the explanations of reference numbers.

use super::texts;
use crate::domain::case::Refusal;

texts! {
    /// Texts of the search over people.
    pub struct SearchTexts {
        title: "搜索" | "Search";
        purpose: "输入姓名、拼音、编号或联系方式的开头，查找员工和登录记录。"
            | "Find a person by the beginning of a name, an id or a number, or a refused sign-in by its reference.";
        search_label: "姓名、拼音、昵称、手机、工号、userid、unionid、邮箱或参考编号"
            | "Name, pinyin, nickname, mobile, job number, userid, unionid, e-mail or reference";
        name: "姓名" | "Name";
        departments: "部门" | "Departments";
        job_title: "职位" | "Title";
        job_number: "工号" | "Job number";
        status: "状态" | "Status";
        case: "登录审核：{state}" | "Review: {state}";
        empty_title: "请输入要查找的内容" | "Enter what to look for";
        empty_text: "支持全拼、首字母和多音字，例如 zhangsan、zs；参考编号不分大小写，可省略连字符。"
            | "Pinyin works in full and by initials, for example zhangsan or zs. A reference works in any spelling.";
        nothing_title: "没有找到" | "Nothing found";
        nothing_text: "没有以“{q}”开头的姓名、拼音、昵称、编号或联系方式。"
            | "No name, pinyin, nickname, id or number begins with “{q}”.";
        in_staff: "在员工列表中搜索" | "Search the staff list";
        in_review: "在登录审核中搜索" | "Search the review queue";

        attempt_title: "参考编号 {reference}" | "Reference {reference}";
        was_refused: "{at}，登录被拒绝：{reason}。" | "{at}: sign-in refused ({reason}).";
        was_in: "{at}，登录成功，没有被拒绝。" | "{at}: this sign-in succeeded; nobody was refused.";
        was_out: "{at}，退出登录。" | "{at}: signed out.";
        attempt_of_nobody: "这次登录的人已没有员工记录和审核记录。"
            | "Neither a staff record nor a review case of this person is left.";
        to_case: "查看审核记录" | "See the review case";
        log_title: "没有登录记录使用参考编号 {reference}" | "No sign-in of a known person has the reference {reference}";
        log_text: "这次请求没有涉及任何人，例如二维码过期或钉钉没有响应，也可能不在您的权限范围内。原因写在服务器日志中，请搜索："
            | "The request named nobody, for example because the QR code had expired or DingTalk did not answer, or it is outside of what you may see. The server log has the cause. Search it for:";

        pending_review: "钉钉中有此人，但员工表中没有，或者 userid、unionid 与员工表不符。在登录审核中通过后即可登录。"
            | "DingTalk lists this person in the company, but the staff table does not, or not under these ids. Approve the case to let them sign in.";
        left: "员工表显示此人已离职，或钉钉中已查不到此人。如仍在职，请在登录审核中通过，或恢复其在职状态。"
            | "The staff table says that this person left, or DingTalk no longer knows them. If they still work here, approve the case or restore them.";
        not_employee: "扫码的钉钉账号不在公司通讯录中，或只是外部联系人。请确认扫码时使用的是公司所在的钉钉账号。"
            | "The DingTalk account that scanned is not in the company’s directory, or only as an external contact. Check that the right account was used.";
        rejected: "管理员拒绝过此人，重新审核之前不能登录。"
            | "An administrator rejected this person, who cannot sign in until the case is re-opened.";
        may_sign_in: "此人现在在职，重新登录即可。" | "This person is employed now and can sign in again.";
    }
}

impl SearchTexts {
    /// Returns why a login was refused, and what ends it.
    pub fn explanation(&self, refusal: Refusal) -> &'static str {
        match refusal {
            Refusal::PendingReview => self.pending_review,
            Refusal::Left => self.left,
            Refusal::NotEmployee => self.not_employee,
            Refusal::Rejected => self.rejected,
        }
    }
}
