//! Texts of the page of sessions.

use super::texts;
use crate::domain::session::LoginMethod;

texts! {
    /// Texts of the page of sessions.
    pub struct SessionTexts {
        title: "在线会话" | "Sessions";
        purpose: "当前已登录的浏览器。结束会话后，那台设备须重新扫码登录。"
            | "Active sessions. Ending one signs that device out.";
        search_label: "姓名、userid 或 IP 地址" | "Name, userid or address";
        method: "登录方式" | "Signed in by";
        who: "员工" | "Person";
        since: "登录时间" | "Signed in";
        last_seen: "最近访问" | "Last seen";
        from: "来源" | "From";
        ends: "到期" | "Expires";
        end: "结束会话" | "End session";
        end_label: "结束{name}在{browser}上的会话" | "End the session of {name} on {browser}";
        end_ask: "{name}将在 {browser} 上退出登录。" | "{name} will be signed out on {browser}.";
        end_ask_self: "这是您当前的会话，结束后您将退出登录。" | "This is your own session: you will be signed out.";
        ended: "已结束{name}的会话" | "The session of {name} has been ended";
        gone: "该会话已经结束" | "That session was already over";
        many_title: "结束 {n} 个会话" | "End sessions: {n}";
        many_ask: "以下 {n} 台设备将退出登录，之后可以重新登录。" | "The devices below, {n} in all, will be signed out and can sign in again.";
        many_ended: "已结束 {people}的 {n} 个会话" | "Ended {n} sessions ({people})";
        none_chosen: "请先选择会话。" | "Select at least one session.";
        too_many: "一次最多选择 {n} 项。" | "At most {n} can be chosen at once.";
        empty_title: "没有已登录的会话" | "Nobody is signed in";
        empty_text: "员工登录后，其浏览器会显示在这里。" | "Browsers appear here when people sign in.";
        nothing_title: "没有找到会话" | "No session found";
        nothing_text: "没有符合这些条件的会话。" | "No session matches these filters.";
    }

    /// Returns a login method in words.
    pub fn method_words(method: LoginMethod) {
        Qr: "扫码" | "QR code";
        OAuth2: "钉钉登录页" | "DingTalk’s page";
        InApp: "钉钉内登录" | "Inside DingTalk";
    }
}
