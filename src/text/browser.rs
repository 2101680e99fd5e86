//! A short name for a browser, derived from its `User-Agent`.

use crate::text::lang::Lang;

/// The substrings that identify a browser; the first match wins, since most browsers claim to be others as well.
const BROWSERS: [(&str, &str, &str); 12] = [
    ("DingTalk", "钉钉", "DingTalk"),
    ("MicroMessenger", "微信", "WeChat"),
    ("Edg", "Edge", "Edge"),
    ("OPR/", "Opera", "Opera"),
    ("QQBrowser", "QQ 浏览器", "QQ Browser"),
    ("QihooBrowser", "360 浏览器", "360 Browser"),
    ("SamsungBrowser", "三星浏览器", "Samsung Internet"),
    ("Firefox/", "Firefox", "Firefox"),
    ("FxiOS", "Firefox", "Firefox"),
    ("CriOS", "Chrome", "Chrome"),
    ("Chrome/", "Chrome", "Chrome"),
    ("Safari/", "Safari", "Safari"),
];

const SYSTEMS: [(&str, &str, &str); 9] = [
    ("HarmonyOS", "鸿蒙", "HarmonyOS"),
    ("OpenHarmony", "鸿蒙", "HarmonyOS"),
    ("iPhone", "iPhone", "iPhone"),
    ("iPad", "iPad", "iPad"),
    ("Android", "安卓", "Android"),
    ("Windows", "Windows", "Windows"),
    ("Mac OS X", "Mac", "Mac"),
    ("CrOS", "ChromeOS", "ChromeOS"),
    ("Linux", "Linux", "Linux"),
];

/// Returns the browser and the system, e.g. `Chrome · Windows`; unknown parts are named as such.
pub fn browser_name(user_agent: &str, lang: Lang) -> String {
    let parts: Vec<&str> = [
        find(&BROWSERS, user_agent, lang),
        find(&SYSTEMS, user_agent, lang),
    ]
    .into_iter()
    .flatten()
    .collect();
    if parts.is_empty() {
        let unknown = match lang {
            Lang::Zh => "未知浏览器",
            Lang::En => "Unknown browser",
        };
        return unknown.to_owned();
    }
    parts.join(" · ")
}

fn find(
    known: &[(&str, &'static str, &'static str)],
    user_agent: &str,
    lang: Lang,
) -> Option<&'static str> {
    let (_, zh, en) = known
        .iter()
        .find(|(mark, _, _)| user_agent.contains(mark))?;
    Some(match lang {
        Lang::Zh => zh,
        Lang::En => en,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn browsers_are_told_apart_though_they_claim_to_be_others() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36 Edg/131.0.0.0";
        let safari = "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/14.0 Safari/605.1.15";
        let ding = "Mozilla/5.0 (iPhone; CPU iPhone OS 16_0 like Mac OS X) AppleWebKit/605.1.15 AliApp(DingTalk/7.0.40) com.laiwang.DingTalk/1";
        let chrome = "Mozilla/5.0 (Linux; Android 13; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36";
        assert_eq!(browser_name(edge, Lang::En), "Edge · Windows");
        assert_eq!(browser_name(safari, Lang::En), "Safari · Mac");
        assert_eq!(browser_name(ding, Lang::Zh), "钉钉 · iPhone");
        assert_eq!(browser_name(chrome, Lang::Zh), "Chrome · 安卓");
    }

    #[test]
    fn what_is_not_known_is_said_to_be_so() {
        assert_eq!(browser_name("", Lang::Zh), "未知浏览器");
        assert_eq!(browser_name("curl/8.1", Lang::En), "Unknown browser");
        assert_eq!(browser_name("Thing (Linux)", Lang::En), "Linux");
    }
}
