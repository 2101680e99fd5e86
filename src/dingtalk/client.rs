//! The only HTTP client for DingTalk: sends requests, parses responses, classifies failures.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use reqwest::redirect;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use super::clock::{self, Clock};
use super::error::ApiError;
use super::proxy::proxy_for;
use super::response::parse_response;
use super::v1::V1Client;
use crate::domain::bounds::MAX_ANSWER_BYTES;

/// Timeout for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout for a whole call.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// An idle connection is not reused after this time. Servers commonly close one after 5 s or more; a call sent at
/// that moment is lost, and one that redeems a code cannot be repeated.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);

/// The credentials of one DingTalk app.
#[derive(Clone)]
pub struct App {
    pub key: String,
    pub secret: SecretString,
}

/// A client of the APIs at `oapi.dingtalk.com` and the newer ones at `api.dingtalk.com`. Cheap to clone.
#[derive(Clone)]
pub struct Client {
    pub(super) http: reqwest::Client,
    root: String,
    pub(super) v1: V1Client,
    pub(super) app: App,
    pub(super) login_app: App,
    /// Shared with the client of the newer APIs.
    pub(super) clock: Clock,
}

/// An HTTP response, from DingTalk or from anything in between.
pub(super) struct HttpAnswer {
    pub status: u16,
    pub body: Vec<u8>,
    /// How many milliseconds the responder's clock is ahead of ours.
    pub ahead_ms: Option<i64>,
}

/// Returns this machine's current time in Unix milliseconds.
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
    /// Creates a client of the APIs under `root` and of the newer ones under `newer_root`; does not connect yet.
    pub fn new(
        root: &Url,
        newer_root: &Url,
        app: App,
        login_app: App,
    ) -> Result<Self, reqwest::Error> {
        let clock = Clock::default();
        Ok(Self {
            http: http_client(root)?,
            root: without_slash(root),
            v1: V1Client::new(newer_root, clock.clone())?,
            app,
            login_app,
            clock,
        })
    }

    /// Returns DingTalk's clock, as learned from its responses.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// Returns the root URL of the APIs, without a trailing slash.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Returns the internal app, whose access token the calls carry.
    pub fn app(&self) -> &App {
        &self.app
    }

    /// Calls an API that takes its token in the query and a JSON body; returns the whole response.
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

    /// Calls an API that takes only a token.
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
        let secrets = secrets_in(&request);
        let answer = exchange(api, request).await?;
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        let (status, now_ms) = (answer.status, self.clock.now_ms());
        let result = parse_response(api, status, &answer.body, &secrets, now_ms);
        self.clock.learn(&result, answer.ahead_ms);
        result
    }
}

/// Collects the request's secrets so that they can be redacted from error messages.
fn secrets_in(request: &reqwest::RequestBuilder) -> Vec<String> {
    const IN_QUERY: [&str; 3] = ["access_token", "appsecret", "signature"];
    const IN_BODY: [&str; 2] = ["code", "tmp_auth_code"];
    let Some(Ok(request)) = request.try_clone().map(reqwest::RequestBuilder::build) else {
        return Vec::new();
    };
    let body = request.body().and_then(reqwest::Body::as_bytes);
    let body: Value = body
        .and_then(|body| serde_json::from_slice(body).ok())
        .unwrap_or_default();
    let in_body = IN_BODY.iter().filter_map(|name| body.get(*name)?.as_str());
    let query = request.url().query_pairs();
    query
        .filter(|(name, _)| IN_QUERY.contains(&name.as_ref()))
        .map(|(_, value)| value.into_owned())
        .chain(in_body.map(str::to_owned))
        .collect()
}

/// Creates the HTTP client for one of DingTalk's hosts.
pub(super) fn http_client(root: &Url) -> Result<reqwest::Client, reqwest::Error> {
    // Fails if a provider is already installed, which is just as good.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent(concat!("dinggate/", env!("CARGO_PKG_VERSION")));
    if let Some(proxy) = proxy_for(root) {
        builder = builder.proxy(proxy);
    }
    builder.build()
}

/// Returns a root URL without trailing slashes, so that a slash and a path can be appended.
pub(super) fn without_slash(root: &Url) -> String {
    root.as_str().trim_end_matches('/').to_owned()
}

/// Sends a request and reads the whole response.
pub(super) async fn exchange(
    api: &'static str,
    request: reqwest::RequestBuilder,
) -> Result<HttpAnswer, ApiError> {
    let request = request.header(reqwest::header::ACCEPT, "application/json");
    let asked_at = unix_millis();
    let mut answer = request.send().await.map_err(|e| failure(api, &e))?;
    let ahead_ms = clock::ahead_ms(answer.headers(), asked_at, unix_millis());
    let status = answer.status().as_u16();
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|e| failure(api, &e))? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(ApiError::Malformed {
                api,
                what: "an end",
            });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(HttpAnswer {
        status,
        body,
        ahead_ms,
    })
}

/// Returns the innermost cause of a network error, as the system or TLS reports it. The outer messages contain
/// the whole URL.
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

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::*;

    /// Answers the first request of each connection and closes it on the second, like a server whose idle timeout
    /// has expired.
    async fn answers_once(listener: TcpListener) {
        while let Ok((mut socket, _)) = listener.accept().await {
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _first = socket.read(&mut request).await?;
                socket
                    .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n{}")
                    .await?;
                let _second = socket.read(&mut request).await?;
                socket.shutdown().await
            });
        }
    }

    #[tokio::test]
    async fn a_connection_that_the_server_may_be_closing_is_not_used_for_another_call() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let root = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(answers_once(listener));
        let http = http_client(&Url::parse(&root).unwrap()).unwrap();
        for wait in [Duration::ZERO, IDLE_TIMEOUT + Duration::from_millis(200)] {
            tokio::time::sleep(wait).await;
            let answer = exchange("api", http.post(&root).body("{}")).await;
            assert_eq!(answer.map(|answer| answer.status).ok(), Some(200));
        }
    }

    #[test]
    fn an_error_repeats_nothing_secret_that_was_sent() {
        let address = Url::parse("https://oapi.example.com/topapi/v2/user/getuserinfo").unwrap();
        let request = http_client(&address)
            .unwrap()
            .post(address)
            .query(&[("access_token", "t0ken+t0ken/"), ("accessKey", "dingkey")])
            .json(&serde_json::json!({"code": "c0dec0de"}));
        let secrets = secrets_in(&request);
        let secrets: Vec<&str> = secrets.iter().map(String::as_str).collect();
        assert_eq!(secrets, ["t0ken+t0ken/", "c0dec0de"]);
        let said = format!("{} c0dec0de of dingkey, t0ken+t0ken/", "很".repeat(90));
        let body = serde_json::json!({"errcode": 40078, "errmsg": said}).to_string();
        let error = parse_response("api", 200, body.as_bytes(), &secrets, 0).unwrap_err();
        let shown = error.to_string();
        assert!(
            !shown.contains("c0de") && !shown.contains("t0ken"),
            "{shown}"
        );
        assert!(shown.contains("*** of dingkey"), "{shown}");
    }
}
