//! Texts for a person who waits for a review.

use super::texts;
use crate::domain::case::ReviewState;

texts! {
    /// Texts of the page of a person who waits.
    pub struct WaitingTexts {
        waiting_title: "您的登录正在等待审核" | "Your sign-in is waiting for review";
        waiting_text: "已提交管理员审核。本页每 15 秒自动查询一次，审核后会立即显示结果。"
            | "An administrator has been asked to review it. This page checks every 15 seconds and shows the result.";
        waiting_next: "您可以保持本页打开，也可以稍后再来；24 小时内有效。"
            | "Keep this page open, or come back to it within 24 hours.";
        approved_title: "审核已通过" | "You have been approved";
        approved_in_app: "正在登录…" | "Signing you in…";
        approved_scan: "请重新扫码登录。" | "Please scan again to sign in.";
        declined_title: "您的登录申请未通过" | "Your request was declined";
        declined_text: "管理员没有批准您登录。" | "An administrator declined it.";
        declined_next: "如有疑问，请联系您的主管或系统管理员。" | "If you think this is wrong, please talk to your manager or an administrator.";
        sign_in: "用钉钉登录" | "Sign in with DingTalk";
        scan: "扫码登录" | "Scan to sign in";
        another_login: "重新登录" | "Sign in again";
        follow: "查看审核结果" | "See the review’s result";
    }
}

/// The sentences about a state.
#[derive(Debug, Clone, Copy)]
pub struct WaitingText {
    pub title: &'static str,
    pub text: &'static str,
    pub next_step: &'static str,
}

impl WaitingTexts {
    /// Returns the sentences about a state; inside DingTalk nobody scans.
    pub fn text(&self, state: ReviewState, is_inside_dingtalk: bool) -> WaitingText {
        match state {
            ReviewState::Waiting => WaitingText {
                title: self.waiting_title,
                text: self.waiting_text,
                next_step: self.waiting_next,
            },
            ReviewState::Approved => WaitingText {
                title: self.approved_title,
                text: if is_inside_dingtalk {
                    self.approved_in_app
                } else {
                    self.approved_scan
                },
                next_step: "",
            },
            ReviewState::Declined => WaitingText {
                title: self.declined_title,
                text: self.declined_text,
                next_step: self.declined_next,
            },
        }
    }
}
