//! The kinds of error pages, and their texts.

use super::texts;
use crate::domain::case::Refusal;
use crate::text::lang::Lang;

texts! {
    /// Texts that all error pages share.
    pub struct NoticeTexts {
        scanned_as: "本次扫码的钉钉昵称" | "Scanned as";
        signed_in_as: "当前登录" | "Signed in as";
        wrong_account: "不是您？请在手机钉钉上切换账号，再重新扫码。" | "Not you? Switch accounts in DingTalk on your phone, then scan again.";
        wait_seconds: "请在 {n} 秒后再试。" | "Please try again in {n} seconds.";
        wait_minutes: "请在 {n} 分钟后再试。" | "Please try again in {n} minutes.";
        retries_in: "请不要关闭本页，{n} 秒后会自动重试。" | "Keep this page open. It tries again in {n} seconds.";
        quote: "联系管理员时，请提供这个编号。" | "Please quote it when you contact an administrator.";
    }
}

/// The reason for an error page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    InvalidState,
    InvalidCode,
    /// The person cancelled the login on DingTalk's page.
    Cancelled,
    Rejected,
    Left,
    NotEmployee,
    PendingReview,
    DingTalkUnavailable,
    Misconfigured,
    RateLimited,
    Unavailable,
    /// Not an administrator.
    Forbidden,
    Csrf,
    NotFound,
    MethodNotAllowed,
    Conflict,
    BadRequest,
    TooLarge,
    Internal,
}

impl ErrorKind {
    #[cfg(test)]
    pub const ALL: [Self; 19] = [
        Self::InvalidState,
        Self::InvalidCode,
        Self::Cancelled,
        Self::Rejected,
        Self::Left,
        Self::NotEmployee,
        Self::PendingReview,
        Self::DingTalkUnavailable,
        Self::Misconfigured,
        Self::RateLimited,
        Self::Unavailable,
        Self::Forbidden,
        Self::Csrf,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::Conflict,
        Self::BadRequest,
        Self::TooLarge,
        Self::Internal,
    ];

    /// Returns the value of `error` in a JSON response.
    pub fn code(self) -> &'static str {
        match self {
            Self::InvalidState => "invalid_state",
            Self::InvalidCode | Self::Cancelled => "invalid_code",
            Self::Rejected => "rejected",
            Self::Left => "left",
            Self::NotEmployee => "not_employee",
            Self::PendingReview => "pending_review",
            Self::DingTalkUnavailable => "dingtalk_unavailable",
            Self::Misconfigured => "misconfigured",
            Self::RateLimited => "rate_limited",
            Self::Unavailable => "unavailable",
            Self::Forbidden => "forbidden",
            Self::Csrf => "csrf",
            Self::NotFound => "not_found",
            Self::MethodNotAllowed => "method_not_allowed",
            Self::Conflict => "conflict",
            Self::BadRequest => "bad_request",
            Self::TooLarge => "too_large",
            Self::Internal => "internal",
        }
    }

    pub fn text(self, lang: Lang) -> &'static NoticeText {
        NoticeText::of(self, lang)
    }

    /// Returns what happened, in one sentence.
    #[cfg(test)]
    pub fn message(self, lang: Lang) -> &'static str {
        self.text(lang).explanation
    }
}

impl From<Refusal> for ErrorKind {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Rejected => Self::Rejected,
            Refusal::Left => Self::Left,
            Refusal::NotEmployee => Self::NotEmployee,
            Refusal::PendingReview => Self::PendingReview,
        }
    }
}

/// The text of one error page.
#[derive(Debug)]
pub struct NoticeText {
    pub title: &'static str,
    /// What happened, in one sentence.
    pub explanation: &'static str,
    /// What to do next.
    pub next_step: &'static str,
    /// The label of the button for the next step.
    pub button: &'static str,
}

macro_rules! notices {
    ($($notice:ident {
        title: $title_zh:literal | $title_en:literal;
        explanation: $explanation_zh:literal | $explanation_en:literal;
        next_step: $next_step_zh:literal | $next_step_en:literal;
        button: $button_zh:literal | $button_en:literal;
    })+) => {
        impl NoticeText {
            /// Returns the text of an error page; an error without a text does not compile.
            pub fn of(notice: ErrorKind, lang: Lang) -> &'static Self {
                match (notice, lang) {
                    $(
                        (ErrorKind::$notice, Lang::Zh) => &Self {
                            title: $title_zh,
                            explanation: $explanation_zh,
                            next_step: $next_step_zh,
                            button: $button_zh,
                        },
                        (ErrorKind::$notice, Lang::En) => &Self {
                            title: $title_en,
                            explanation: $explanation_en,
                            next_step: $next_step_en,
                            button: $button_en,
                        },
                    )+
                }
            }
        }
    };
}

notices! {
    InvalidState {
        title: "这次登录已失效" | "This sign-in is no longer valid";
        explanation: "登录页打开太久、已经用过，或不是在这个浏览器中打开的。" | "It was open for too long, has been used already, or was started in another browser.";
        next_step: "请回到登录页，重新扫码。" | "Please go back and scan again.";
        button: "重新登录" | "Sign in again";
    }
    InvalidCode {
        title: "扫码登录失败" | "The scan did not work";
        explanation: "二维码已过期或已使用。" | "DingTalk did not accept this scan; it may have expired or been used already.";
        next_step: "请重新扫码。" | "Please scan once more.";
        button: "再试一次" | "Try again";
    }
    Cancelled {
        title: "登录已取消" | "The sign-in was cancelled";
        explanation: "您在钉钉页面上取消了，或钉钉没有同意这次登录。" | "You cancelled on DingTalk’s page, or DingTalk declined.";
        next_step: "如需登录，请重新开始，并在钉钉页面上同意授权。" | "To sign in, please start again and agree on DingTalk’s page.";
        button: "重新登录" | "Sign in again";
    }
    Rejected {
        title: "您的登录申请未通过" | "Your request was declined";
        explanation: "管理员没有批准您登录。" | "An administrator declined it.";
        next_step: "如有疑问，请联系您的主管或系统管理员。" | "If you think this is wrong, please talk to your manager or an administrator.";
        button: "换个账号登录" | "Use another account";
    }
    Left {
        title: "您的账号显示已离职" | "Our records show you’ve left the company";
        explanation: "公司记录显示您已离职，无法登录。" | "The company’s records say that you no longer work here, so you cannot sign in.";
        next_step: "如果您仍在职，请联系人事或系统管理员，他们能看到这次登录。" | "If you still work here, please contact HR or an administrator, who can see this attempt.";
        button: "换个账号登录" | "Use another account";
    }
    NotEmployee {
        title: "您不是本公司成员" | "You are not a member of this company";
        explanation: "这个钉钉账号不在本公司的通讯录里。" | "This DingTalk account is not in the company’s directory.";
        next_step: "请确认手机钉钉登录的是您的工作账号；如刚入职，请联系人事将您加入企业通讯录。" | "Please make sure that DingTalk on your phone is signed in with your work account; if you are new, ask HR to add you.";
        button: "换个账号登录" | "Use another account";
    }
    PendingReview {
        title: "您的登录正在等待审核" | "Your sign-in is waiting for review";
        explanation: "您已加入公司钉钉，但尚未开通登录权限，已提交管理员审核。" | "You are in the company’s DingTalk but not yet on the list of those who may sign in; an administrator has been asked.";
        next_step: "本页每 15 秒自动查询审核结果，通过后请重新扫码登录。" | "This page checks for the result every 15 seconds. Once you have been approved, please scan again.";
        button: "重新登录" | "Sign in again";
    }
    DingTalkUnavailable {
        title: "暂时连不上钉钉" | "DingTalk cannot be reached";
        explanation: "钉钉没有及时回应，这次登录没有完成。" | "DingTalk did not answer in time, so the sign-in was not completed.";
        next_step: "请稍等片刻，再扫一次。" | "Please wait a moment and scan again.";
        button: "再试一次" | "Try again";
    }
    Misconfigured {
        title: "登录服务的设置有误" | "The sign-in service is not set up correctly";
        explanation: "登录服务的钉钉配置有误，与您的账号无关。" | "DingTalk refused a request of this system; it has nothing to do with your account.";
        next_step: "请联系系统管理员，修复后再扫码登录。" | "Please tell an administrator; once it’s fixed, scan again.";
        button: "再试一次" | "Try again";
    }
    RateLimited {
        title: "尝试次数太多" | "Too many attempts";
        explanation: "您所在的网络在短时间内登录失败的次数太多。" | "There were too many failed sign-ins from your network in a short time.";
        next_step: "请稍等片刻，再重新登录。" | "Please wait a little, then sign in again.";
        button: "重新登录" | "Sign in again";
    }
    Unavailable {
        title: "服务暂时不可用" | "The service is not available";
        explanation: "系统正在维护或遇到故障。" | "The system is being maintained or has a fault.";
        next_step: "请过几分钟再试。" | "Please try again in a few minutes.";
        button: "再试一次" | "Try again";
    }
    Forbidden {
        title: "您没有权限" | "You do not have access";
        explanation: "您的角色不能打开这个页面，也不能进行这项操作。" | "Your role does not include this page or action.";
        next_step: "如果工作需要，请向系统管理员申请权限。" | "If your work needs it, please ask an administrator for access.";
        button: "返回我的主页" | "Go to my page";
    }
    Csrf {
        title: "页面已过期" | "This page has expired";
        explanation: "页面打开之后登录状态有了变化，所以没有执行您的操作。" | "Your sign-in has changed since the page was opened, so nothing was done.";
        next_step: "请重新打开页面，再操作一次。" | "Please open the page again and repeat what you did.";
        button: "返回" | "Go back";
    }
    NotFound {
        title: "找不到这个页面" | "This page does not exist";
        explanation: "地址可能有误，或内容已不存在。" | "The address may be wrong, or what was here is gone.";
        next_step: "请检查地址，或从主页重新进入。" | "Please check the address, or start again from your page.";
        button: "返回我的主页" | "Go to my page";
    }
    MethodNotAllowed {
        title: "不能这样打开这个地址" | "This address cannot be opened like this";
        explanation: "这个地址只接受页面上的按钮提交的操作。" | "This address only takes what a button on a page sends.";
        next_step: "请回到页面上操作。" | "Please go back to the page and use the button there.";
        button: "返回我的主页" | "Go to my page";
    }
    Conflict {
        title: "操作没有执行" | "Nothing was done";
        explanation: "当前情况不允许这项操作。" | "The action is not possible as things stand.";
        next_step: "请返回查看最新情况，再决定怎么做。" | "Please go back and look at how things stand now.";
        button: "返回" | "Go back";
    }
    BadRequest {
        title: "无法处理这个请求" | "This request cannot be handled";
        explanation: "提交的内容不完整或格式不对。" | "What was sent is incomplete or malformed.";
        next_step: "请返回检查后再试。" | "Please go back, check it and try again.";
        button: "返回" | "Go back";
    }
    TooLarge {
        title: "提交的内容太大" | "Too much was sent";
        explanation: "提交的内容超过了允许的大小。" | "What was sent is larger than allowed.";
        next_step: "请返回，减少内容后再试。" | "Please go back, send less and try again.";
        button: "返回" | "Go back";
    }
    Internal {
        title: "系统出错了" | "Something went wrong";
        explanation: "系统遇到意外问题，这次操作可能没有完成。" | "An unexpected error occurred; what you did may not have been completed.";
        next_step: "请稍后再试；如果一再出现，请联系系统管理员。" | "Please try again later; if it happens again, contact an administrator.";
        button: "返回我的主页" | "Go to my page";
    }
}
