//! A browser that signs in by a QR code.

use std::time::Duration;

use actix_web::cookie::Cookie;
use dingtalk_sim::SimHandle;
use reqwest::header::{COOKIE, HeaderMap, LOCATION, SET_COOKIE};
use reqwest::redirect::Policy;
use url::Url;
use url::form_urlencoded::Serializer;

/// The settings with which Dinggate signs people in at a simulated DingTalk, behind a proxy that names the clients.
pub fn login_settings(sim: &SimHandle) -> [(&'static str, String); 5] {
    let cloud = sim.config();
    [
        ("DINGTALK_LOGIN_APP_ID", cloud.login_app_id.clone()),
        ("DINGTALK_LOGIN_APP_SECRET", cloud.login_app_secret.clone()),
        ("DINGTALK_LOGIN_URL", sim.url()),
        ("DINGGATE_TRUSTED_PROXIES", "127.0.0.1".to_owned()),
        ("DINGGATE_LOGIN_RATE", "100000000/h".to_owned()),
    ]
}

/// Returns a client that keeps connections open, follows no redirect and keeps no cookie.
pub fn http_client() -> reqwest::Client {
    let client = reqwest::Client::builder().no_proxy();
    client.redirect(Policy::none()).build().unwrap()
}

/// One browser with its cookies.
pub struct Browser {
    http: reqwest::Client,
    root: String,
    address: String,
    cookies: Vec<String>,
}

/// The answer to a return from DingTalk.
pub enum Answer {
    SignedIn,
    /// There are too many logins now; the page asks again after this many seconds.
    Later(u64),
    /// The person has to scan again.
    Failed,
}

/// A login that has ended with a session.
#[derive(Debug, Clone, Copy)]
pub struct Login {
    pub scans: usize,
    /// How often the browser has returned with a code.
    pub tries: usize,
}

const MAX_SCANS: usize = 5;

impl Browser {
    /// Returns a browser at an IP address, which the proxy reports.
    pub fn new(http: &reqwest::Client, root: &str, number: usize) -> Self {
        Self {
            http: http.clone(),
            root: root.to_owned(),
            address: format!(
                "10.{}.{}.{}",
                number >> 16 & 255,
                number >> 8 & 255,
                number & 255
            ),
            cookies: Vec::new(),
        }
    }

    /// Begins a login; returns its state.
    pub async fn begin(&mut self) -> String {
        let answer = self.get("/login/qr?rd=%2F").await;
        assert_eq!(answer.status(), 302);
        let target = answer.headers()[LOCATION].to_str().unwrap();
        let target = Url::parse(target).unwrap();
        let mut pairs = target.query_pairs();
        let (_, state) = pairs.find(|(name, _)| name == "state").unwrap();
        state.into_owned()
    }

    /// Returns from DingTalk with the code of a scan.
    pub async fn come_back(&mut self, state: &str, code: &str) -> Answer {
        let query = Serializer::new(String::new())
            .extend_pairs([("code", code), ("state", state)])
            .finish();
        let path = format!("/login/callback?{query}");
        let answer = self.get(&path).await;
        if answer.status() == 303 {
            return Answer::SignedIn;
        }
        let refresh = answer.headers().get("retry-after");
        match refresh.filter(|_| answer.status() == 503) {
            Some(wait) => Answer::Later(wait.to_str().unwrap().parse().unwrap()),
            None => Answer::Failed,
        }
    }

    /// Signs in as the owner of a unionid, who scans until there is a session, five times at most.
    pub async fn sign_in(&mut self, sim: &SimHandle, unionid: &str) -> Login {
        let mut login = Login { scans: 0, tries: 0 };
        loop {
            let state = self.begin().await;
            let code = sim.sns_code(unionid);
            login.scans += 1;
            assert!(login.scans <= MAX_SCANS, "nobody is signed in by a scan");
            loop {
                login.tries += 1;
                match self.come_back(&state, &code).await {
                    Answer::SignedIn => return login,
                    Answer::Later(seconds) => {
                        tokio::time::sleep(Duration::from_secs(seconds)).await;
                    }
                    Answer::Failed => break,
                }
            }
        }
    }

    /// Returns the `Cookie` header of this browser.
    pub fn cookies(&self) -> String {
        self.cookies.join("; ")
    }

    async fn get(&mut self, path: &str) -> reqwest::Response {
        let request = self.http.get(format!("{}{path}", self.root));
        let request = request
            .header("x-forwarded-for", &self.address)
            .header("accept-language", "en")
            .header(COOKIE, self.cookies());
        let answer = request.send().await.unwrap();
        self.keep_cookies(answer.headers());
        answer
    }

    fn keep_cookies(&mut self, headers: &HeaderMap) {
        for header in headers.get_all(SET_COOKIE) {
            let cookie = Cookie::parse(header.to_str().unwrap()).unwrap();
            let name = format!("{}=", cookie.name());
            self.cookies.retain(|kept| !kept.starts_with(&name));
            self.cookies.push(format!("{name}{}", cookie.value()));
        }
    }
}
