//! Detects whether a page is requested inside DingTalk, or by a phone's browser that can open DingTalk.

use actix_web::http::header::{HeaderMap, USER_AGENT};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

/// Returns whether the browser claims to be DingTalk's own, on desktop or phone. It is only a claim: it decides
/// which page is shown, never whether a person is let in.
pub fn is_inside_dingtalk(headers: &HeaderMap) -> bool {
    user_agent_contains(headers, "DingTalk")
}

/// Returns whether the browser claims to be a phone's. It is only a claim, like [`is_inside_dingtalk`].
pub fn is_phone(headers: &HeaderMap) -> bool {
    // Safari sends no client hint, but the word `Mobile`, as do Chrome on Android phones and HarmonyOS.
    headers
        .get("sec-ch-ua-mobile")
        .is_some_and(|value| value.as_bytes() == b"?1")
        || user_agent_contains(headers, "Mobile")
}

fn user_agent_contains(headers: &HeaderMap, word: &str) -> bool {
    headers
        .get(USER_AGENT)
        .is_some_and(|value| String::from_utf8_lossy(value.as_bytes()).contains(word))
}

/// Returns the link that opens a page in DingTalk on this phone, or an intermediate page of DingTalk that offers to
/// install it. iOS follows it only if the person taps it.
///
/// Source: <https://open.dingtalk.com/document/client/open-normal-page>
pub fn link_into_dingtalk(page: &str) -> String {
    let page = utf8_percent_encode(page, NON_ALPHANUMERIC);
    format!("https://applink.dingtalk.com/page/link?url={page}")
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

    #[test]
    fn phones_say_so_in_one_header_or_the_other() {
        let is_phone = |name: &'static str, value: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(name.parse().unwrap(), value.parse().unwrap());
            super::is_phone(&headers)
        };
        for user_agent in [
            "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 Version/17.4 Mobile/15E148 Safari/604.1",
            "Mozilla/5.0 (Linux; Android 14; K) AppleWebKit/537.36 Chrome/126.0.0.0 Mobile Safari/537.36",
            "Mozilla/5.0 (Phone; OpenHarmony 5.0) AppleWebKit/537.36 Chrome/114.0.0.0 Safari/537.36 ArkWeb/4.1.6.1 Mobile",
        ] {
            assert!(is_phone("user-agent", user_agent), "{user_agent}");
        }
        let desktop = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15";
        assert!(!is_phone("user-agent", desktop));
        assert!(is_phone("sec-ch-ua-mobile", "?1"));
        assert!(!is_phone("sec-ch-ua-mobile", "?0"));
        assert!(!super::is_phone(&HeaderMap::new()));
    }

    #[test]
    fn the_page_is_one_value_of_the_link() {
        assert_eq!(
            link_into_dingtalk("https://gate.example.com/login?rd=%2Fa%3Fb%3D1"),
            "https://applink.dingtalk.com/page/link?url=https%3A%2F%2Fgate%2Eexample%2Ecom%2Flogin%3Frd%3D%252Fa%253Fb%253D1"
        );
    }
}
