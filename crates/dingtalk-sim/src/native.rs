//! The `DingTalk` app around a page: what the npm package `dingtalk-jsapi` finds there on each system, written
//! from that package's source (`lib/bridge/h5Android.js`, `h5Ios.js`, `lib/packages/frame-talk-client-pc`).

use std::time::Duration;

use serde_json::json;

const SCRIPT: &str = include_str!("../assets/native.js");

/// Where the app runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Device {
    Android,
    Ios,
    Desktop,
}

impl Device {
    /// Returns the system that a `User-Agent` of `DingTalk` names.
    pub fn of(user_agent: &str) -> Self {
        if user_agent.contains("Android") {
            Self::Android
        } else if ["iPhone", "iPad"]
            .iter()
            .any(|word| user_agent.contains(word))
        {
            Self::Ios
        } else {
            Self::Desktop
        }
    }

    /// Returns the `User-Agent` of the app's web view.
    pub fn user_agent(self) -> &'static str {
        match self {
            Self::Android => {
                "Mozilla/5.0 (Linux; U; Android 13; zh-CN; 2211133C Build/TKQ1.220905.001) AppleWebKit/537.36 \
                 (KHTML, like Gecko) Version/4.0 Chrome/100.0.4896.58 UWS/5.12.5.0 Mobile Safari/537.36 \
                 AliApp(DingTalk/7.6.0) com.alibaba.android.rimet/39168542 Channel/227200 language/zh-CN"
            }
            Self::Ios => {
                "Mozilla/5.0 (iPhone; CPU iPhone OS 17_4 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                 Mobile/15E148 AliApp(DingTalk/7.6.0) com.laiwang.DingTalk/39170822 Channel/201200 \
                 language/zh-Hans-CN WK"
            }
            Self::Desktop => {
                "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
                 Chrome/108.0.5359.125 Safari/537.36 dingtalk-win/1.0.0 nw(0.14.7) \
                 DingTalk(7.6.0-Release.240822004) Mojo/1.0.0 Native AppType(release)"
            }
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Android => "android",
            Self::Ios => "ios",
            Self::Desktop => "desktop",
        }
    }
}

/// The app's response when a page requests a code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NativeAnswer {
    Code(String),
    /// `{errorCode, errorMessage}`, as `requestAuthCode` fails in practice.
    Failure {
        code: &'static str,
        message: &'static str,
    },
    /// No response, ever.
    Silence,
}

/// The app around a page. It refuses a code to a page that names another company.
#[derive(Clone, Debug)]
pub struct NativeClient {
    device: Device,
    corp_id: String,
    answer: NativeAnswer,
    /// How long it takes to respond.
    pub delay: Duration,
    /// How long after the page starts loading the bridge is available; phones announce it by an event.
    pub ready_after: Duration,
}

impl NativeClient {
    pub fn new(device: Device, corp_id: &str, answer: NativeAnswer) -> Self {
        Self {
            device,
            corp_id: corp_id.to_owned(),
            answer,
            delay: Duration::ZERO,
            ready_after: Duration::ZERO,
        }
    }

    /// Returns the script that puts the app around a page; it must run before the page's own scripts.
    pub fn script(&self) -> String {
        let answer = match &self.answer {
            NativeAnswer::Code(code) => json!({"code": code}),
            NativeAnswer::Failure { code, message } => {
                json!({"failure": {"errorCode": code, "errorMessage": message}})
            }
            NativeAnswer::Silence => json!({}),
        };
        let client = json!({
            "device": self.device.name(),
            "corpId": self.corp_id,
            "answer": answer,
            "delay": millis(self.delay),
            "readyAfter": millis(self.ready_after),
        });
        format!("{}({client});\n", SCRIPT.trim_end())
    }
}

fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
