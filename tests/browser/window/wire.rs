//! How to talk to chromedriver: the browser's settings, and commands beyond the standard's.

use std::path::Path;

use fantoccini::wd::{Capabilities, WebDriverCompatibleCommand};
use fantoccini::{Client, ClientBuilder};
use hyper_util::client::legacy::connect::HttpConnector;
use reqwest::Method;
use serde_json::{Value, json};
use url::{ParseError, Url};

use super::Visitor;
use crate::driver::chromium;

/// Starts a browser with its first window.
pub async fn connect(driver: &str, capabilities: &Capabilities) -> Client {
    let mut builder = ClientBuilder::new(HttpConnector::new());
    let client = builder
        .capabilities(capabilities.clone())
        .connect(driver)
        .await;
    client.unwrap_or_else(|error| panic!("Chromium does not start: {error}"))
}

/// A browser that shows nothing on a screen, has no past, and reaches this machine only.
pub fn capabilities(visitor: Visitor, profile: &Path) -> Capabilities {
    let profile = format!("--user-data-dir={}", profile.display());
    let args = [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
        "--no-proxy-server",
        "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
        "--window-size=1280,900",
        &profile,
    ];
    let language = if visitor == Visitor::Chinese {
        "zh-CN,zh"
    } else {
        "en-GB,en"
    };
    let mut prefs = json!({"intl.accept_languages": language});
    if visitor == Visitor::WithoutScript {
        prefs["profile.managed_default_content_settings.javascript"] = json!(2);
    }
    let wanted = json!({
        "browserName": "chrome",
        "goog:chromeOptions": {"binary": chromium(), "args": args, "prefs": prefs},
        "goog:loggingPrefs": {"browser": "ALL"},
    });
    serde_json::from_value(wanted).unwrap()
}

/// A command of chromedriver's own.
#[derive(Debug)]
pub struct Post {
    pub path: &'static str,
    pub body: Value,
}

impl WebDriverCompatibleCommand for Post {
    fn endpoint(&self, base: &Url, session: Option<&str>) -> Result<Url, ParseError> {
        base.join(&format!(
            "session/{}/{}",
            session.unwrap_or_default(),
            self.path
        ))
    }

    fn method_and_body(&self, _: &Url) -> (Method, Option<String>) {
        (Method::POST, Some(self.body.to_string()))
    }
}
