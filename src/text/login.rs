//! Texts of the login page.

use super::texts;

texts! {
    /// Texts of the login page.
    pub struct LoginTexts {
        title: "扫码登录" | "Sign in with DingTalk";
        approved: "审核已通过，请扫码登录。" | "You have been approved. Please scan to sign in.";
        lead: "请用手机钉钉扫描二维码" | "Scan the code with DingTalk on your phone";
        steps: "打开手机钉钉，点右上角“＋”，选“扫一扫”。" | "Open DingTalk on your phone, tap + at the top right, then Scan.";
        open_title: "用钉钉登录" | "Sign in with DingTalk";
        open: "在钉钉中打开" | "Open in DingTalk";
        open_lead: "在这部手机上，用钉钉打开即可登录，无需扫码。" | "On this phone, open the page in DingTalk and you are signed in there. No scan needed.";
        scan_instead: "在此浏览器登录：用另一部手机的钉钉扫码" | "To sign in to this browser, scan with DingTalk on another phone";
        frame: "钉钉登录二维码" | "DingTalk sign-in QR code";
        scanned: "已确认，正在登录…" | "Confirmed, signing you in…";
        slow: "登录用时较长。如果没有跳转，请重新打开本页。" | "This is taking long. If nothing happens, please open this page again.";
        failed: "二维码出了问题，请刷新本页，或到钉钉页面登录。" | "Something is wrong with the code. Reload this page, or use DingTalk’s own page.";
        full_page: "看不到二维码？到钉钉页面登录" | "Can’t see the code? Continue on DingTalk";
        no_script: "浏览器没有启用脚本，请到钉钉页面登录。" | "JavaScript is turned off in this browser. Please sign in on DingTalk’s page.";
        privacy: "您的钉钉身份仅用于核实您是否为本公司在职员工。" | "Your DingTalk identity is only used to confirm that you work here.";
    }
}
