//! Texts of the portal.

use super::texts;
use crate::domain::session::LoginMethod;

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
        hired_date: "入职日期" | "Hired";
        departments: "部门" | "Departments";
        no_departments: "暂无部门" | "No department";
        sessions: "已登录设备" | "Your devices";
        sessions_hint: "如有不认识的设备，请退出该设备并告知管理员。" | "If you do not recognise one of these, please sign it out and tell an administrator.";
        address: "来自 {address}" | "From {address}";
        since: "登录于" | "Signed in";
        last_seen: "最近使用" | "Last used";
        by_scan: "扫码登录" | "By scanning";
        by_oauth2: "钉钉登录页" | "DingTalk’s page";
        in_app: "钉钉内登录" | "Inside DingTalk";
        this_device: "本设备" | "This device";
        end: "退出该设备" | "Sign out this device";
        end_ask: "您将在 {browser}（{address}）上退出登录。" | "You will be signed out on {browser} ({address}).";
        end_others: "退出其他所有设备" | "Sign out all other devices";
        end_others_ask: "您将在其他 {n} 台设备上退出登录，本设备不受影响。" | "You will be signed out on {n} other devices. This one stays signed in.";
        end_others_ask_one: "您将在另外 1 台设备上退出登录，本设备不受影响。" | "You will be signed out on 1 other device. This one stays signed in.";
        ended: "已在 {browser} 上退出登录" | "You have been signed out on {browser}";
        ended_others: "已在其他 {n} 台设备上退出登录" | "You have been signed out on {n} other devices";
        ended_others_one: "已在另外 1 台设备上退出登录" | "You have been signed out on 1 other device";
        already_ended: "该设备已经退出登录" | "That device was signed out already";
        no_others: "没有其他已登录设备" | "You are not signed in anywhere else";
        apps: "应用" | "Apps";
        find_app: "查找应用" | "Find an app";
        no_such_app: "没有找到应用" | "No app found";
        no_apps: "暂无可用应用。如需使用某个系统，请联系管理员。" | "There are no apps for you yet. If one is missing, please ask an administrator.";
        no_apps_at_all: "还没有应用。添加后会显示在员工的主页上。" | "There are no apps yet. Those that you add appear on people’s portal.";
        add_first_app: "添加第一个应用" | "Add the first app";
        to_administration: "进入管理后台" | "Open administration";
        to_administration_hint: "您是管理员，可以审核登录、查看员工和同步情况。" | "You are an administrator: review sign-ins, look up staff and syncs.";
    }
}

impl PortalTexts {
    /// Returns the words for a login method.
    pub fn method(&self, method: LoginMethod) -> &'static str {
        match method {
            LoginMethod::Qr => self.by_scan,
            LoginMethod::OAuth2 => self.by_oauth2,
            LoginMethod::InApp => self.in_app,
        }
    }
}
