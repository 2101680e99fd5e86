//! Texts of the login page.

use super::texts;

texts! {
    /// Texts of the login page.
    pub struct LoginTexts {
        title: "扫码登录" | "Sign in by scanning";
        approved: "审核已通过，请扫码登录。" | "You have been approved. Please scan to sign in.";
        lead: "请用手机钉钉扫描二维码" | "Scan the code with DingTalk on your phone";
        steps: "打开手机钉钉，点右上角“＋”，选“扫一扫”。" | "Open DingTalk on your phone, tap + at the top right, then Scan.";
        frame: "钉钉登录二维码" | "DingTalk sign-in QR code";
        scanned: "已确认，正在登录…" | "Confirmed, signing you in…";
        slow: "登录用时较长。如果没有跳转，请重新打开本页。" | "This is taking long. If nothing happens, please open this page again.";
        failed: "二维码出了问题，请刷新本页，或到钉钉页面登录。" | "Something is wrong with the code. Reload this page, or use DingTalk’s own page.";
        full_page: "看不到二维码？到钉钉页面登录" | "No code? Use DingTalk’s own page";
        no_script: "浏览器没有启用脚本，请到钉钉页面登录。" | "Scripts are off in this browser. Please sign in on DingTalk’s page.";
        privacy: "您的钉钉身份仅用于核实您是否为本公司在职员工。" | "Your DingTalk identity is only used to confirm that you work here.";
    }
}
