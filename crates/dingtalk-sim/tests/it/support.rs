//! A client that speaks like an app of the company, and a receiver of events.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
    time::Duration,
};

use actix_web::{App, HttpRequest, HttpResponse, HttpServer, dev::ServerHandle, web};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use dingtalk_sim::{CallbackCrypto, Sim, SimConfig, SimHandle};
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;

/// A stand-in and somebody who calls it.
pub struct Caller {
    pub sim: SimHandle,
    pub http: reqwest::Client,
}

impl Caller {
    /// Without a limit of calls worth mentioning.
    pub fn new() -> Self {
        Self::with(SimConfig {
            calls_per_second: 10_000,
            ..SimConfig::default()
        })
    }

    pub fn with(config: SimConfig) -> Self {
        Self {
            sim: Sim::start(config).unwrap(),
            http: client(),
        }
    }

    pub async fn get(&self, path: &str) -> Value {
        let answer = self
            .http
            .get(format!("{}{path}", self.sim.url()))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    pub async fn post(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.sim.url());
        let answer = self.http.post(url).json(body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.json().await.unwrap()
    }

    /// A page's status, `Location` and text; redirects are not followed.
    pub async fn page(&self, path: &str) -> (u16, String, String) {
        let url = format!("{}{path}", self.sim.url());
        read(self.http.get(url).send().await.unwrap()).await
    }

    /// A page as a browser in English gets it.
    pub async fn page_in_english(&self, path: &str) -> String {
        let url = format!("{}{path}", self.sim.url());
        let request = self.http.get(url).header("Accept-Language", "en-GB, en");
        read(request.send().await.unwrap()).await.2
    }

    /// A form sent to the page.
    pub async fn submit(&self, path: &str, form: &[(&str, &str)]) -> (u16, String, String) {
        let url = format!("{}{path}", self.sim.url());
        let body = encode(form);
        let request = self
            .http
            .post(url)
            .header("Content-Type", "application/x-www-form-urlencoded");
        read(request.body(body).send().await.unwrap()).await
    }

    pub async fn token(&self) -> String {
        let config = self.sim.config();
        let query = encode(&[
            ("appkey", &config.app_key),
            ("appsecret", &config.app_secret),
        ]);
        let answer = self.get(&format!("/gettoken?{query}")).await;
        assert_eq!(answer["errcode"], 0, "{answer}");
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// A call of a `/topapi/` interface with a good token.
    pub async fn topapi(&self, path: &str, body: Value) -> Value {
        let token = self.token().await;
        self.post(&format!("/topapi/{path}?access_token={token}"), &body)
            .await
    }

    /// The error code of such a call.
    pub async fn refused(&self, path: &str, body: Value) -> i64 {
        let answer = self.topapi(path, body).await;
        assert!(answer.get("result").is_none(), "{answer}");
        assert!(answer["request_id"].is_string(), "{answer}");
        answer["errcode"].as_i64().unwrap()
    }

    /// The result of such a call.
    pub async fn result(&self, path: &str, body: Value) -> Value {
        let mut answer = self.topapi(path, body).await;
        assert_eq!(answer["errcode"], 0, "{answer}");
        answer["result"].take()
    }

    /// A login's code, redeemed as it should be.
    pub async fn redeem(&self, code: &str) -> Value {
        let path = self.sns_path(&now().to_string());
        self.post(&path, &json!({"tmp_auth_code": code})).await
    }

    /// The signed address for this timestamp.
    pub fn sns_path(&self, timestamp: &str) -> String {
        let config = self.sim.config();
        let signature = sign(&config.login_app_secret, timestamp);
        let query = encode(&[
            ("accessKey", &config.login_app_id),
            ("timestamp", timestamp),
            ("signature", &signature),
        ]);
        format!("/sns/getuserinfo_bycode?{query}")
    }
}

async fn read(answer: reqwest::Response) -> (u16, String, String) {
    let location = answer
        .headers()
        .get("Location")
        .map(|value| value.to_str().unwrap().to_owned());
    (
        answer.status().as_u16(),
        location.unwrap_or_default(),
        answer.text().await.unwrap(),
    )
}

pub fn client() -> reqwest::Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(5))
        .build()
        .unwrap()
}

pub fn encode(pairs: &[(&str, &str)]) -> String {
    url::form_urlencoded::Serializer::new(String::new())
        .extend_pairs(pairs)
        .finish()
}

pub fn sign(secret: &str, timestamp: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(timestamp.as_bytes());
    STANDARD.encode(mac.finalize().into_bytes())
}

#[allow(
    clippy::disallowed_methods,
    reason = "signatures must be of the present"
)]
pub fn now() -> i64 {
    chrono::Utc::now().timestamp_millis()
}

/// How a receiver answers one push.
#[derive(Clone)]
pub enum Reply {
    Success,
    Status(u16),
    Text(&'static str),
    OtherOwner,
    Slow(Duration),
}

/// An app's side of the callback.
#[derive(Clone)]
pub struct Receiver {
    pub url: String,
    crypto: CallbackCrypto,
    other: CallbackCrypto,
    seen: Arc<Mutex<Vec<Seen>>>,
    script: Arc<Mutex<VecDeque<Reply>>>,
    server: Arc<Mutex<Option<ServerHandle>>>,
}

/// One push that arrived.
#[derive(Clone, Debug)]
pub struct Seen {
    pub query: Vec<(String, String)>,
    pub event: Value,
}

impl Receiver {
    /// Answers with the script's replies in turn, then always with `success`.
    pub fn start(config: &SimConfig, script: &[Reply]) -> Self {
        let crypto = |owner: &str| {
            CallbackCrypto::new(&config.callback_token, &config.callback_aes_key, owner).unwrap()
        };
        let mut receiver = Self {
            url: String::new(),
            crypto: crypto(config.owner_key_value()),
            other: crypto("dingsomebodyelse"),
            seen: Arc::default(),
            script: Arc::new(Mutex::new(script.iter().cloned().collect())),
            server: Arc::default(),
        };
        let data = web::Data::new(receiver.clone());
        let server = HttpServer::new(move || {
            App::new()
                .app_data(data.clone())
                .route("/events", web::post().to(receive))
        })
        .workers(1)
        .disable_signals()
        .bind("127.0.0.1:0")
        .unwrap();
        receiver.url = format!("http://{}/events", server.addrs()[0]);
        let server = server.run();
        *receiver.server.lock().unwrap() = Some(server.handle());
        actix_web::rt::spawn(server);
        receiver
    }

    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The types of all events that arrived, in order.
    pub fn types(&self) -> Vec<String> {
        let seen = self.seen();
        seen.iter()
            .map(|seen| seen.event["EventType"].as_str().unwrap().to_owned())
            .collect()
    }
}

async fn receive(
    request: HttpRequest,
    body: web::Bytes,
    receiver: web::Data<Receiver>,
) -> HttpResponse {
    let query: Vec<(String, String)> =
        url::form_urlencoded::parse(request.query_string().as_bytes())
            .into_owned()
            .collect();
    let get = |name: &str| query.iter().find(|(key, _)| key == name).unwrap().1.clone();
    let body: Value = serde_json::from_slice(&body).unwrap();
    let encrypt = body["encrypt"].as_str().unwrap();
    let signature = receiver
        .crypto
        .signature(&get("timestamp"), &get("nonce"), encrypt);
    if query.iter().any(|(key, _)| key == "msg_signature") {
        assert_eq!(signature, get("msg_signature"));
    }
    assert_eq!(signature, get("signature"));
    let event = serde_json::from_slice(&receiver.crypto.decrypt(encrypt).unwrap()).unwrap();
    receiver.seen.lock().unwrap().push(Seen { query, event });
    let reply = receiver
        .script
        .lock()
        .unwrap()
        .pop_front()
        .unwrap_or(Reply::Success);
    match reply {
        Reply::Success => success(&receiver.crypto),
        Reply::OtherOwner => success(&receiver.other),
        Reply::Status(status) => HttpResponse::build(status.try_into().unwrap()).finish(),
        Reply::Text(text) => HttpResponse::Ok().body(text),
        Reply::Slow(delay) => {
            actix_web::rt::time::sleep(delay).await;
            success(&receiver.crypto)
        }
    }
}

fn success(crypto: &CallbackCrypto) -> HttpResponse {
    let signed = crypto.sign(b"success", &now().to_string(), "replynonce");
    HttpResponse::Ok().json(json!({
        "msg_signature": signed.signature, "timeStamp": signed.timestamp,
        "nonce": signed.nonce, "encrypt": signed.encrypt,
    }))
}
