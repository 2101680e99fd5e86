//! Texts of the login inside DingTalk, which needs no scan.

use super::notice::{ErrorKind, NoticeText};
use super::texts;
use crate::text::lang::Lang;

texts! {
    /// Texts of the page that signs in inside DingTalk.
    pub struct InAppTexts {
        title: "钉钉登录" | "Sign in with DingTalk";
        lead: "正在向钉钉确认您的身份，请稍候。" | "Asking DingTalk who you are…";
        checking: "正在核对，请稍候…" | "DingTalk has answered, checking…";
        again: "再试一次" | "Try again";
        scan: "扫码登录" | "Use the QR code";
        go: "打开页面" | "Open the page";
        account: "本次登录的钉钉账号" | "DingTalk account of this sign-in";
        wrong_account: "不是您？请在钉钉里切换账号，再试一次。" | "Not you? Switch accounts in DingTalk, then try again.";
        quote: "联系管理员时，请提供这个编号。" | "Please quote it when you contact an administrator.";
        answer: "钉钉的答复" | "DingTalk said";
        no_script: "这里没有启用脚本，不能自动登录，请扫码登录。" | "JavaScript is turned off here, so you cannot be signed in automatically. Please use the QR code.";
        out_title: "您已退出登录" | "You are signed out";
        out_lead: "再次登录时，使用的是当前的钉钉账号。" | "To sign in again, your current DingTalk account is used.";
        sign_in: "用钉钉登录" | "Sign in with DingTalk";
        outside_title: "请在钉钉中打开" | "This page is not open in DingTalk";
        outside_text: "自动登录只能在钉钉客户端里进行。" | "You can be signed in automatically only inside the DingTalk app.";
        outside_next: "请扫码登录，或从钉钉工作台重新打开。" | "Please use the QR code, or open this page again from DingTalk.";
        script_title: "钉钉组件加载失败" | "DingTalk’s component failed to load";
        script_text: "网络连接失败，或者钉钉的脚本地址被拦截。" | "The network is down, or the address of DingTalk’s script is blocked.";
        script_next: "请检查网络后再试，也可以扫码登录。" | "Please check the network and try again, or use the QR code.";
        slow_title: "登录用时太久" | "This is taking too long";
        slow_text: "钉钉没有及时给出登录码，这次登录没有完成。" | "DingTalk did not answer in time, so you are not signed in.";
        slow_next: "请再试一次，也可以扫码登录。" | "Please try again, or use the QR code.";
        waiting_title: "登录用时较长" | "This takes longer than usual";
        waiting_text: "登录服务还没有答复，收到后会自动继续。" | "The sign-in service has not answered yet. When it does, this page continues automatically.";
        waiting_next: "您也可以再试一次，或扫码登录。" | "You may also try again, or use the QR code.";
        setup_title: "应用的设置有误" | "This app is not set up correctly";
        setup_text: "钉钉不认可本应用的 CorpId 或网址，与您的账号无关。" | "DingTalk does not accept this app’s CorpId or address; it has nothing to do with your account.";
        setup_next: "请把下面的答复转给管理员，核对 CorpId 和应用首页地址。您可以先扫码登录。" | "Please show an administrator the line below and ask them to check the CorpId and the app’s home page URL. Meanwhile, use the QR code.";
        old_title: "钉钉的版本太旧" | "This DingTalk is too old";
        old_text: "您的钉钉还不支持自动登录。" | "Your version of DingTalk cannot sign you in automatically.";
        old_next: "请升级钉钉后再试，也可以扫码登录。" | "Please update DingTalk and try again, or use the QR code.";
        refused_title: "钉钉没有给出登录码" | "DingTalk did not let this page sign you in";
        refused_text: "可能是取消了授权，或钉钉暂时有故障。" | "The request was cancelled, or DingTalk has a fault at the moment.";
        refused_next: "请再试一次，也可以扫码登录。" | "Please try again, or use the QR code.";
        offline_title: "网络连接失败" | "You’re offline";
        offline_text: "没有连上登录服务，这次登录没有完成。" | "The sign-in service could not be reached, so you are not signed in.";
        offline_next: "请检查网络后再试一次。" | "Please check the network and try again.";
        server_title: "登录服务没有正常答复" | "The sign-in service did not answer properly";
        server_text: "登录服务暂时有故障，这次登录没有完成。" | "It has a fault at the moment, so you are not signed in.";
        server_next: "请过几分钟再试；一再出现时，请联系系统管理员。" | "Please try again in a few minutes; if it happens again, contact an administrator.";
        cookies_title: "登录状态没有保存下来" | "You are not kept signed in";
        cookies_text: "刚才已登录成功，但这里没有保存登录信息（Cookie），又回到了登录页。" | "You were signed in a moment ago, but cookies are not kept here, which led you back to this page.";
        cookies_next: "请允许本站保存 Cookie，然后再试一次。" | "Please allow cookies for this site, then try again.";
        blocked_title: "Cookie 已被禁用" | "Cookies are turned off";
        blocked_text: "这里不能保存登录信息（Cookie），所以没有登录。" | "Cookies cannot be kept here, so you were not signed in.";
        entered_title: "您已登录" | "You are signed in";
        entered_text: "要打开的内容还没有显示；如果是下载，文件已开始保存。" | "What you asked for has not appeared yet. If it is a download, it has begun.";
        entered_next: "如果一直没有打开，请点下面的按钮。" | "If nothing opens, please use the button below.";
    }
}

/// The text for a state that the page detects itself: a failure, or that it is still waiting.
#[derive(Debug, Clone, Copy)]
pub struct Failure {
    /// The name that the script uses.
    pub name: &'static str,
    pub title: &'static str,
    pub text: &'static str,
    pub next_step: &'static str,
    /// Whether a retry will not help, so that the QR code is the first choice.
    pub wants_scan: bool,
}

impl InAppTexts {
    /// Returns the texts of all states that the page detects itself.
    pub fn failures(&self) -> [Failure; 12] {
        macro_rules! failure {
            ($name:literal, $title:ident, $text:ident, $next:ident $(, $wants_scan:literal)?) => {
                Failure {
                    name: $name,
                    title: self.$title,
                    text: self.$text,
                    next_step: self.$next,
                    wants_scan: false $(|| $wants_scan)?,
                }
            };
        }
        [
            failure!("outside", outside_title, outside_text, outside_next, true),
            failure!("script", script_title, script_text, script_next),
            failure!("slow", slow_title, slow_text, slow_next),
            failure!("waiting", waiting_title, waiting_text, waiting_next),
            failure!("setup", setup_title, setup_text, setup_next, true),
            failure!("old", old_title, old_text, old_next, true),
            failure!("refused", refused_title, refused_text, refused_next),
            failure!("offline", offline_title, offline_text, offline_next),
            failure!("server", server_title, server_text, server_next),
            failure!("cookies", cookies_title, cookies_text, cookies_next),
            failure!("blocked", blocked_title, blocked_text, cookies_next),
            failure!("entered", entered_title, entered_text, entered_next),
        ]
    }
}

macro_rules! in_app_notices {
    ($($notice:ident {
        title: $title_zh:literal | $title_en:literal;
        explanation: $explanation_zh:literal | $explanation_en:literal;
        next_step: $next_step_zh:literal | $next_step_en:literal;
    })+) => {
        /// Returns an error page's text for the login inside DingTalk: the usual one, unless that mentions a scan.
        pub fn notice_text(notice: ErrorKind, lang: Lang) -> NoticeText {
            let usual = NoticeText::of(notice, lang);
            let (title, explanation, next_step) = match (notice, lang) {
                $(
                    (ErrorKind::$notice, Lang::Zh) => ($title_zh, $explanation_zh, $next_step_zh),
                    (ErrorKind::$notice, Lang::En) => ($title_en, $explanation_en, $next_step_en),
                )+
                _ => (usual.title, usual.explanation, usual.next_step),
            };
            NoticeText { title, explanation, next_step, button: usual.button }
        }
    };
}

in_app_notices! {
    InvalidCode {
        title: "登录码已失效" | "The sign-in code is no longer valid";
        explanation: "钉钉没有认可这次的登录码，可能已过期或用过。" | "DingTalk did not accept the code of this sign-in; it may have expired or been used already.";
        next_step: "请再试一次；一再出现时，请联系系统管理员。" | "Please try again; if it happens again, contact an administrator.";
    }
    NotEmployee {
        title: "您不是本公司成员" | "You are not a member of this company";
        explanation: "这个钉钉账号不在本公司的通讯录里。" | "This DingTalk account is not in the company’s directory.";
        next_step: "请确认钉钉登录的是您的工作账号；如刚入职，请联系人事将您加入企业通讯录。" | "Please make sure that DingTalk is signed in with your work account; if you are new, ask HR to add you.";
    }
    PendingReview {
        title: "您的登录正在等待审核" | "Your sign-in is waiting for review";
        explanation: "您已加入公司钉钉，但尚未开通登录权限，已提交管理员审核。" | "You are in the company’s DingTalk but not yet on the list of those who may sign in; an administrator has been asked.";
        next_step: "本页每 15 秒自动查询审核结果，通过后会自动登录。" | "This page checks for the result every 15 seconds and signs you in once you have been approved.";
    }
    DingTalkUnavailable {
        title: "暂时连不上钉钉" | "DingTalk cannot be reached";
        explanation: "钉钉没有及时回应，这次登录没有完成。" | "DingTalk did not answer in time, so the sign-in was not completed.";
        next_step: "请稍等片刻，再试一次。" | "Please wait a moment and try again.";
    }
    Misconfigured {
        title: "登录服务的设置有误" | "The sign-in service is not set up correctly";
        explanation: "登录服务的钉钉配置有误，与您的账号无关。" | "DingTalk refused a request of this system; it has nothing to do with your account.";
        next_step: "请联系系统管理员，修复后重新打开本页。" | "Please tell an administrator; once it’s fixed, open this page again.";
    }
    Csrf {
        title: "打开的网址不对" | "This page was opened under another address";
        explanation: "这不是本系统的正式网址，所以没有登录。" | "It is not the official address of this site, so you were not signed in.";
        next_step: "请从钉钉工作台重新打开；仍然不行时，请联系系统管理员。" | "Please open it again from DingTalk; if that does not help, contact an administrator.";
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_inside_dingtalk_reads_of_a_scan_that_was_never_made() {
        let login = |notice: &&ErrorKind| !matches!(notice, ErrorKind::InvalidState);
        for notice in ErrorKind::ALL.iter().filter(login) {
            for lang in [Lang::Zh, Lang::En] {
                let text = notice_text(*notice, lang);
                for words in [text.title, text.explanation, text.next_step] {
                    assert!(!words.contains("扫") && !words.contains("scan"), "{words}");
                }
            }
        }
    }
}
