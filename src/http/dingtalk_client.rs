//! Detects whether a page is requested inside DingTalk.

use actix_web::http::header::{HeaderMap, USER_AGENT};

/// Returns whether the browser claims to be DingTalk's own, on desktop or phone. It is only a claim: it decides
/// which page is shown, never whether a person is let in.
pub fn is_inside_dingtalk(headers: &HeaderMap) -> bool {
    headers
        .get(USER_AGENT)
        .is_some_and(|value| String::from_utf8_lossy(value.as_bytes()).contains("DingTalk"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_inside(user_agent: &'static str) -> bool {
        let mut headers = HeaderMap::new();
        headers.insert(USER_AGENT, user_agent.parse().unwrap());
        is_inside_dingtalk(&headers)
    }

    #[test]
    fn dingtalk_says_so_on_every_system() {
        for user_agent in [
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 AliApp(DingTalk/7.6.0) com.laiwang.DingTalk/40123456 language/zh-Hans-CN",
            "Mozilla/5.0 (Linux; U; Android 13; zh-CN) AppleWebKit/537.36 Chrome/100.0 UWS/5.12 Mobile Safari/537.36 AliApp(DingTalk/7.6.0) com.alibaba.android.rimet/38123456",
            "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/108.0.0.0 Safari/537.36 dingtalk-win/1.0.0 nw(0.14.7) DingTalk(7.6.0-Release.1)",
        ] {
            assert!(is_inside(user_agent), "{user_agent}");
        }
        assert!(!is_inside(
            "Mozilla/5.0 (X11; Linux x86_64) Chrome/149.0.0.0 Safari/537.36"
        ));
        assert!(!is_inside_dingtalk(&HeaderMap::new()));
    }
}
