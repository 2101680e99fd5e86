//! Texts of the portal.

use super::texts;

texts! {
    /// Texts of the portal.
    pub struct PortalTexts {
        title: "我的主页" | "My page";
        greeting: "{name}，您好" | "Hello, {name}";
        about: "我的信息" | "About me";
        about_hint: "信息来自钉钉通讯录，有误请联系人事。" | "This comes from the DingTalk directory; please tell HR if it is wrong.";
        job_title: "职位" | "Title";
        job_number: "工号" | "Job number";
        mobile: "手机" | "Mobile";
        email: "邮箱" | "E-mail";
        departments: "部门" | "Departments";
        no_departments: "暂无部门" | "No department";
        sessions: "登录中的设备" | "Where I am signed in";
        sessions_hint: "如有不认识的设备，请退出登录并联系管理员。" | "If you do not recognise one of these, please sign out and tell an administrator.";
        address: "来自 {address}" | "From {address}";
        since: "登录于" | "Signed in";
        last_seen: "最近使用" | "Last used";
        by_scan: "扫码登录" | "By scanning";
        in_app: "钉钉内登录" | "Inside DingTalk";
        to_administration: "进入管理后台" | "Open administration";
        to_administration_hint: "您是管理员，可以审核登录、查看员工和同步情况。" | "You are an administrator: review sign-ins, look up staff and syncs.";
    }
}
