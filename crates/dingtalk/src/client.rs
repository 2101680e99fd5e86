//! The HTTP client for DingTalk: sends requests, parses responses, classifies failures.

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use url::Url;

use crate::clock::Clock;
use crate::error::ApiError;
use crate::response::parse_response;
use crate::transport::{exchange, http_client, without_slash};
use crate::v1::V1Client;

/// The credentials of one DingTalk app.
#[derive(Clone)]
pub struct App {
    /// `AppKey` or client id.
    pub key: String,
    /// `AppSecret` or client secret.
    pub secret: SecretString,
}

/// The settings of a [`Client`].
#[derive(Clone)]
pub struct ClientConfig {
    /// Root URL of the older APIs; a path is kept.
    pub oapi_url: Url,
    /// Root URL of the newer APIs; a path is kept.
    pub api_url: Url,
    /// The internal app, whose access token the calls carry.
    pub app: App,
    /// The app that people sign in with on DingTalk's login page.
    pub login_app: App,
    /// The `User-Agent` of all requests.
    pub user_agent: String,
}

impl ClientConfig {
    /// Creates the settings of one internal app that is also the login app, at DingTalk's own URLs.
    pub fn new(app: App) -> Result<Self, url::ParseError> {
        Ok(Self {
            oapi_url: Url::parse("https://oapi.dingtalk.com")?,
            api_url: Url::parse("https://api.dingtalk.com")?,
            login_app: app.clone(),
            app,
            user_agent: concat!("dingtalk-rs/", env!("CARGO_PKG_VERSION")).to_owned(),
        })
    }
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

impl Client {
    /// Creates a client; does not connect yet. The proxy that the environment sets in `HTTPS_PROXY` is used, except
    /// for hosts in `NO_PROXY` and for loopback.
    pub fn new(config: ClientConfig) -> Result<Self, reqwest::Error> {
        let clock = Clock::default();
        let user_agent = &config.user_agent;
        Ok(Self {
            http: http_client(&config.oapi_url, user_agent)?,
            root: without_slash(&config.oapi_url),
            v1: V1Client::new(&config.api_url, user_agent, clock.clone())?,
            app: config.app,
            login_app: config.login_app,
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
        self.send(api, self.http.post(self.url(api)).query(&query).json(&body))
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
        self.send(api, self.http.get(self.url(api)).query(query))
            .await
    }

    pub(super) async fn post_signed(
        &self,
        api: &'static str,
        query: &[(&str, &str)],
        body: Value,
    ) -> Result<Value, ApiError> {
        self.send(api, self.http.post(self.url(api)).query(query).json(&body))
            .await
    }

    pub(super) fn url(&self, api: &str) -> String {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_repeats_nothing_secret_that_was_sent() {
        let address = Url::parse("https://oapi.example.com/topapi/v2/user/getuserinfo").unwrap();
        let request = http_client(&address, "test")
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
