//! The one HTTP client of DingTalk: sends, reads, and tells failures apart.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::{NoProxy, Proxy, redirect};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::error::ApiError;
use super::newer::Newer;
use super::penalty;
use crate::domain::json;

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a whole call may take.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// No answer that we ask for is near this size, in bytes.
const MAX_ANSWER: usize = 8 * 1024 * 1024;

/// The credentials of one DingTalk app.
#[derive(Clone)]
pub struct App {
    pub key: String,
    pub secret: SecretString,
}

/// A client of the interfaces at `oapi.dingtalk.com` and the newer ones at `api.dingtalk.com`. Cheap
/// to clone.
#[derive(Clone)]
pub struct Client {
    pub(super) http: reqwest::Client,
    root: String,
    pub(super) newer: Newer,
    pub(super) app: App,
    pub(super) login_app: App,
}

/// The present time in Unix milliseconds, as DingTalk's signatures want it.
#[expect(
    clippy::disallowed_methods,
    reason = "DingTalk compares signatures with the wall clock"
)]
pub fn unix_millis() -> i64 {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
}

impl Client {
    /// Prepares a client of the interfaces under `root` and of the newer ones under `newer_root`;
    /// connects to nothing yet.
    pub fn new(
        root: &Url,
        newer_root: &Url,
        app: App,
        login_app: App,
    ) -> Result<Self, reqwest::Error> {
        Ok(Self {
            http: http_client(root)?,
            root: without_slash(root),
            newer: Newer::new(newer_root)?,
            app,
            login_app,
        })
    }

    /// The root address of the interfaces, without a trailing slash.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// The internal app whose access token the calls bear.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Calls an interface that takes its token in the query and a JSON body; gives the whole answer.
    pub async fn post(
        &self,
        api: &'static str,
        token: &SecretString,
        body: Value,
    ) -> Result<Value, ApiError> {
        let query = [("access_token", token.expose_secret())];
        self.send(
            api,
            self.http.post(self.address(api)).query(&query).json(&body),
        )
        .await
    }

    /// Calls an interface that takes only a token.
    pub async fn get_with_token(
        &self,
        api: &'static str,
        token: &SecretString,
    ) -> Result<Value, ApiError> {
        self.get(api, &[("access_token", token.expose_secret())])
            .await
    }

    pub(super) async fn get(
        &self,
        api: &'static str,
        query: &[(&str, &str)],
    ) -> Result<Value, ApiError> {
        self.send(api, self.http.get(self.address(api)).query(query))
            .await
    }

    pub(super) async fn post_signed(
        &self,
        api: &'static str,
        query: &[(&str, &str)],
        body: Value,
    ) -> Result<Value, ApiError> {
        self.send(
            api,
            self.http.post(self.address(api)).query(query).json(&body),
        )
        .await
    }

    pub(super) fn address(&self, api: &str) -> String {
        format!("{}/{api}", self.root)
    }

    async fn send(
        &self,
        api: &'static str,
        request: reqwest::RequestBuilder,
    ) -> Result<Value, ApiError> {
        let (status, body) = exchange(api, request).await?;
        read_answer(api, status, &body)
    }
}

/// The HTTP client for one of DingTalk's hosts.
pub(super) fn http_client(root: &Url) -> Result<reqwest::Client, reqwest::Error> {
    // Whoever comes second finds the provider in place, which is as good.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("dinggate/", env!("CARGO_PKG_VERSION")));
    if let Some(proxy) = proxy_for(root) {
        builder = builder.proxy(proxy);
    }
    builder.build()
}

/// A root address, ready for a slash and a path to be put behind it.
pub(super) fn without_slash(root: &Url) -> String {
    root.as_str().trim_end_matches('/').to_owned()
}

/// Sends a request and reads its answer whole: the HTTP status and the body.
pub(super) async fn exchange(
    api: &'static str,
    request: reqwest::RequestBuilder,
) -> Result<(u16, Vec<u8>), ApiError> {
    let request = request.header(reqwest::header::ACCEPT, "application/json");
    let mut answer = request.send().await.map_err(|e| failure(api, &e))?;
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| failure(api, &e))? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(ApiError::Malformed {
                api,
                what: "an end",
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok((status, body))
}

/// What the environment says about a proxy for calls to DingTalk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ProxySetting {
    Unset,
    /// The calls go through this address, shown without its password, but for what `NO_PROXY` names.
    Set(String),
    /// It cannot be used, so that no proxy is.
    Malformed {
        variable: &'static str,
    },
}

/// Reads the proxy of the environment.
pub fn proxy_setting() -> ProxySetting {
    match chosen_proxy() {
        None => ProxySetting::Unset,
        Some((variable, address)) => match usable_proxy(&address) {
            Some((_, shown)) => ProxySetting::Set(shown),
            None => ProxySetting::Malformed { variable },
        },
    }
}

/// The proxy of the environment for calls to this address; loopback is never proxied.
pub fn proxy_for(root: &Url) -> Option<Proxy> {
    if crate::domain::net::is_loopback(root) {
        return None;
    }
    let (proxy, _) = usable_proxy(&chosen_proxy()?.1)?;
    Some(proxy.no_proxy(NoProxy::from_env()))
}

fn chosen_proxy() -> Option<(&'static str, String)> {
    ["HTTPS_PROXY", "https_proxy"]
        .into_iter()
        .find_map(|name| Some((name, environment(name)?)))
}

/// The proxy at an address, and the address without name and password; none where no proxy that we can
/// speak to is named.
fn usable_proxy(address: &str) -> Option<(Proxy, String)> {
    let with_scheme = if address.contains("://") {
        address.to_owned()
    } else {
        format!("http://{address}")
    };
    let url = Url::parse(&with_scheme).ok()?;
    let is_usable = matches!(url.scheme(), "http" | "https") && url.has_host();
    let shown = format!(
        "{}://{}:{}",
        url.scheme(),
        url.host_str()?,
        url.port_or_known_default()?
    );
    let proxy = Proxy::https(url).ok()?;
    is_usable.then_some((proxy, shown))
}

#[expect(
    clippy::disallowed_methods,
    reason = "the proxy variables are the system's, not settings of ours"
)]
fn environment(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The cause behind an error of the network, in the words of the system or of TLS. The outer words
/// name the whole address.
pub(super) fn innermost(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause = std::error::Error::source(error);
    let mut words = "the connection broke".to_owned();
    while let Some(inner) = cause {
        words = inner.to_string();
        cause = inner.source();
    }
    words
}

pub(super) fn failure(api: &'static str, error: &reqwest::Error) -> ApiError {
    if error.is_connect() {
        ApiError::Connect { api }
    } else if error.is_timeout() {
        ApiError::Timeout { api }
    } else {
        ApiError::Broken { api }
    }
}

/// Makes of an HTTP answer either DingTalk's JSON object or what went wrong.
pub(super) fn read_answer(api: &'static str, status: u16, body: &[u8]) -> Result<Value, ApiError> {
    let parsed = json::read(body).ok();
    let Some(answer) = parsed.filter(Value::is_object) else {
        return Err(not_json(api, status, body));
    };
    if is_ban(&answer) {
        return Err(ApiError::Banned { api });
    }
    match code_of(&answer) {
        Some(0) | None if (200..300).contains(&status) => Ok(answer),
        Some(0) | None => Err(ApiError::Http { api, status }),
        Some(code) => Err(refusal(api, code, &answer)),
    }
}

fn not_json(api: &'static str, status: u16, body: &[u8]) -> ApiError {
    let looks_like_html = body.iter().find(|b| !b.is_ascii_whitespace()) == Some(&b'<');
    match status {
        200 if looks_like_html => ApiError::Banned { api },
        200..300 => ApiError::Malformed { api, what: "JSON" },
        _ => ApiError::Http { api, status },
    }
}

/// The gateway's own answer to a banned address: `{"status":1111,"punish":"deny",…}`.
pub(super) fn is_ban(answer: &Value) -> bool {
    answer.get("errcode").is_none() && number(answer.get("status")) == Some(1111)
}

/// The code that counts: `sub_code`, a string, where `errcode` is the wrapper 88.
fn code_of(answer: &Value) -> Option<i64> {
    match number(answer.get("errcode"))? {
        88 => Some(number(answer.get("sub_code")).unwrap_or(88)),
        code => Some(code),
    }
}

fn number(value: Option<&Value>) -> Option<i64> {
    match value? {
        Value::Number(n) => n.as_i64(),
        Value::String(s) => s.trim().parse().ok(),
        _ => None,
    }
}

fn refusal(api: &'static str, code: i64, answer: &Value) -> ApiError {
    match code {
        -1 => ApiError::Busy { api },
        40014 | 42001 => ApiError::TokenRejected { api, code },
        // At `gettoken` it means a wrong secret.
        40001 if api != "gettoken" => ApiError::TokenRejected { api, code },
        90001..=90014 | 90017 | 90018 => ApiError::Throttled {
            api,
            code,
            wait: penalty::left(answer, unix_millis()),
        },
        _ => ApiError::Refused {
            api,
            code,
            message: message(answer),
        },
    }
}

/// DingTalk's own words, cut short: they help an operator and quote nothing that we sent but ids.
fn message(answer: &Value) -> String {
    let text = ["sub_msg", "errmsg"]
        .iter()
        .find_map(|key| answer.get(*key)?.as_str())
        .unwrap_or_default();
    text.chars().filter(|c| !c.is_control()).take(120).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_proxy_is_shown_without_its_password_and_an_unusable_one_is_none() {
        for (given, shown) in [
            (
                "http://proxy.example.com:3128",
                Some("http://proxy.example.com:3128"),
            ),
            ("http://u:hunter2@proxy:3128/", Some("http://proxy:3128")),
            ("proxy:3128", Some("http://proxy:3128")),
            ("u:hunter2@proxy:3128", Some("http://proxy:3128")),
            ("http://proxy:port", None),
            ("socks5://proxy:1080", None),
            ("http://", None),
        ] {
            assert_eq!(
                usable_proxy(given).map(|(_, shown)| shown).as_deref(),
                shown,
                "{given}"
            );
        }
    }

    fn read(status: u16, body: &str) -> Result<Value, ApiError> {
        read_answer("api", status, body.as_bytes())
    }

    #[test]
    fn a_good_answer_is_given_whole() {
        assert_eq!(read(200, r#"{"errcode":0,"x":1}"#).unwrap()["x"], 1);
        assert_eq!(read(200, r#"{"errcode":"0","x":1}"#).unwrap()["x"], 1);
    }

    #[test]
    fn the_code_inside_the_wrapper_counts() {
        let throttled = read(200, r#"{"errcode":88,"sub_code":"90018","sub_msg":"慢"}"#);
        assert_eq!(
            throttled,
            Err(ApiError::Throttled {
                wait: None,
                api: "api",
                code: 90018
            })
        );
        let token = read(200, r#"{"errcode":88,"sub_code":"40014"}"#);
        assert_eq!(
            token,
            Err(ApiError::TokenRejected {
                api: "api",
                code: 40014
            })
        );
        assert_eq!(
            read(200, r#"{"errcode":88,"sub_code":"x"}"#)
                .unwrap_err()
                .code(),
            Some(88)
        );
    }

    #[test]
    fn half_a_character_does_not_cost_the_answer() {
        let answer = read(200, r#"{"errcode":0,"name":"\ud83d","x":1}"#).unwrap();
        assert_eq!(
            (&answer["x"], &answer["name"]),
            (&1.into(), &"\u{fffd}".into())
        );
        let answer = read_answer("api", 200, b"{\"errcode\":0,\"name\":\"\xff\",\"x\":1}").unwrap();
        assert_eq!(answer["x"], 1);
    }

    #[test]
    fn a_ban_comes_as_html_or_as_status_1111() {
        assert_eq!(
            read(200, " <!doctype html><p>x"),
            Err(ApiError::Banned { api: "api" })
        );
        assert_eq!(
            read(200, r#"{"status":1111,"wait":5,"punish":"deny"}"#),
            Err(ApiError::Banned { api: "api" })
        );
    }

    #[test]
    fn a_gateways_page_is_no_ban() {
        assert_eq!(
            read(502, "<html>"),
            Err(ApiError::Http {
                api: "api",
                status: 502
            })
        );
        assert_eq!(
            read(200, "{\"errcode\":0"),
            Err(ApiError::Malformed {
                api: "api",
                what: "JSON"
            })
        );
        assert_eq!(
            read(200, ""),
            Err(ApiError::Malformed {
                api: "api",
                what: "JSON"
            })
        );
    }

    #[test]
    fn codes_are_sorted_by_what_to_do() {
        assert_eq!(
            read(200, r#"{"errcode":-1}"#),
            Err(ApiError::Busy { api: "api" })
        );
        assert!(
            read(200, r#"{"errcode":90002}"#)
                .unwrap_err()
                .is_unavailable()
        );
        assert!(
            !read(200, r#"{"errcode":90020,"errmsg":"quota"}"#)
                .unwrap_err()
                .is_unavailable()
        );
        assert!(
            read(200, r#"{"errcode":60121,"errmsg":"找不到该用户"}"#)
                .unwrap_err()
                .is_unknown_person()
        );
        assert!(
            read(200, r#"{"errcode":40078}"#)
                .unwrap_err()
                .is_spent_code()
        );
        assert_eq!(
            read(404, r#"{"errcode":404,"errmsg":"x"}"#)
                .unwrap_err()
                .code(),
            Some(404)
        );
    }
}
