//! What a browser does: keeps cookies, sends forms with the token of the page, scans.

use std::collections::HashMap;

use dingtalk_sim::SimHandle;
use reqwest::Method;
use reqwest::header::{HeaderMap, SET_COOKIE};
use url::Url;

use super::app::reqwest_client;

/// An answer, read whole.
#[derive(Debug, Clone)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: String,
    /// The body as it came.
    pub bytes: Vec<u8>,
}

impl Answer {
    pub async fn read(answer: reqwest::Response) -> Self {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let bytes = answer.bytes().await.unwrap().to_vec();
        Self {
            status,
            headers,
            body: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        }
    }

    /// A header's value, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }

    pub fn location(&self) -> &str {
        self.header("location")
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.body).unwrap()
    }
}

/// A browser with cookies of its own.
#[derive(Clone)]
pub struct Browser {
    root: String,
    sim: SimHandle,
    http: reqwest::Client,
    pub cookies: HashMap<String, String>,
    /// Headers that go with every request.
    pub headers: Vec<(&'static str, String)>,
}

impl Browser {
    pub fn new(root: &str, sim: SimHandle) -> Self {
        let headers = vec![
            ("accept-language", "en".to_owned()),
            ("user-agent", "Mozilla/5.0 (test)".to_owned()),
        ];
        Self {
            root: root.to_owned(),
            sim,
            http: reqwest_client(),
            cookies: HashMap::new(),
            headers,
        }
    }

    /// The same cookies, at another instance.
    pub fn at(&self, root: &str) -> Self {
        Self {
            root: root.to_owned(),
            ..self.clone()
        }
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Method::GET, path, None).await
    }

    /// Posts a form with the token that the pages of this session have.
    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.csrf_token().await;
        let mut fields = fields.to_vec();
        fields.push(("csrf_token", &token));
        self.post_bare(path, &fields).await
    }

    /// Posts a form as it is.
    pub async fn post_bare(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs(fields)
            .finish();
        self.send(
            Method::POST,
            path,
            Some(("application/x-www-form-urlencoded", body)),
        )
        .await
    }

    pub async fn post_json(&mut self, path: &str, body: &serde_json::Value) -> Answer {
        self.send(
            Method::POST,
            path,
            Some(("application/json", body.to_string())),
        )
        .await
    }

    pub async fn send(
        &mut self,
        method: Method,
        path: &str,
        body: Option<(&str, String)>,
    ) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.root));
        for (name, value) in &self.headers {
            request = request.header(*name, value);
        }
        if !self.cookies.is_empty() {
            let cookies: Vec<String> = self
                .cookies
                .iter()
                .map(|(name, value)| format!("{name}={value}"))
                .collect();
            request = request.header("cookie", cookies.join("; "));
        }
        if let Some((content_type, body)) = body {
            request = request.header("content-type", content_type).body(body);
        }
        let answer = Answer::read(request.send().await.unwrap()).await;
        self.keep_cookies(&answer.headers);
        answer
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for cookie in headers.get_all(SET_COOKIE) {
            let cookie = cookie.to_str().unwrap();
            let (name, value) = cookie.split(';').next().unwrap().split_once('=').unwrap();
            if value.is_empty() || cookie.to_ascii_lowercase().contains("max-age=0") {
                self.cookies.remove(name);
            } else {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
    }

    /// The token of this session's pages; empty without a session.
    pub async fn csrf_token(&mut self) -> String {
        let page = self.get("/").await;
        let tail = page
            .body
            .split_once("name=\"csrf-token\" content=\"")
            .map(|(_, tail)| tail.to_owned());
        tail.and_then(|tail| tail.split_once('"').map(|(token, _)| token.to_owned()))
            .unwrap_or_default()
    }

    /// Begins a login and gives its state.
    pub async fn begin(&mut self, rd: &str) -> String {
        let rd: String = url::form_urlencoded::byte_serialize(rd.as_bytes()).collect();
        let answer = self.get(&format!("/login/qr?rd={rd}")).await;
        assert_eq!(answer.status, 302, "{}", answer.body);
        let target = Url::parse(answer.location()).unwrap();
        target
            .query_pairs()
            .find(|(name, _)| name == "state")
            .unwrap()
            .1
            .into_owned()
    }

    /// Comes back from DingTalk with a state and a code.
    pub async fn come_back(&mut self, state: &str, code: &str) -> Answer {
        let query = url::form_urlencoded::Serializer::new(String::new())
            .extend_pairs([("code", code), ("state", state)])
            .finish();
        self.get(&format!("/login/callback?{query}")).await
    }

    /// Scans as the person of a unionid, all the way.
    pub async fn scan(&mut self, unionid: &str, rd: &str) -> Answer {
        let state = self.begin(rd).await;
        let code = self.sim.sns_code(unionid);
        self.come_back(&state, &code).await
    }

    /// Whether the portal opens.
    pub async fn is_in(&mut self) -> bool {
        let answer = self.get("/").await;
        assert!(
            answer.status == 200
                || (answer.status == 303 && answer.location().starts_with("/login")),
            "{}",
            answer.status
        );
        answer.status == 200
    }
}
