//! Texts of signing out.

use super::texts;

texts! {
    /// Texts of a failed sign-out.
    pub struct SignOutTexts {
        conflicting: "没有退出：浏览器为本站保存了多个不同的登录 Cookie，无法确定要结束哪一个会话。请清除本站的 Cookie，再重新登录。" | "You were not signed out: your browser has several different sign-in cookies for this site, so it is not clear which session to end. Please clear the cookies of this site, then sign in again.";
    }
}
