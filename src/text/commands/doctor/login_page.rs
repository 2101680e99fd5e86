//! Texts of the checks of DingTalk's login page.

use crate::text::messages;

messages! {
    SAME_COMPANY = "the scan-login app and the internal app agree about people: somebody has signed in by a scan";
    SCAN_ONCE =
        "whether the scan-login app belongs to the same company as the internal app shows only when somebody scans: sign in once";
    NO_SETTINGS = "DINGGATE_PUBLIC_URL or the scan-login app's settings are missing or wrong";
    newer_page(back) =
        "the newer login page shows an error only to people who sign in there: {back} must stand under 重定向URL in the developer console (开发配置 › 安全设置)";
    enter_login_app(back) =
        "enter {back} as 回调域名 of the scan-login app in the developer console (应用开发 › 移动接入应用 › 登录), and check DINGTALK_LOGIN_APP_ID";
    enter_internal_app(back) =
        "enter {back} as 重定向URL（回调域名） of the internal app in the developer console (开发配置 › 安全设置)";
    refused(back, status) = "DingTalk's login page refuses to lead back to {back} (HTTP {status})";
    odd_status(status, back) = "DingTalk's login page answers with HTTP {status}, which says nothing of {back}";
    TRY_AGAIN = "run doctor again";
    error_page(back) = "DingTalk leads a login for {back} to a page that speaks of an error";
    redirects_back(back) = "as far as can be known without a scan, DingTalk leads back to {back}";
}

/// Words by which DingTalk's pages are known to report an error.
pub const ERROR_WORDS: [&str; 5] = ["错误", "出错", "失败", "无效", "不合法"];

pub fn titled(back: &str, title: &str) -> String {
    format!("DingTalk's login page for {back} is titled {title:?}")
}
