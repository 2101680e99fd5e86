//! The company's own system: takes requests, answers as it is told, verifies with code of its own.

use std::collections::VecDeque;
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;
use sha2::{Digest as _, Sha256};

use super::SOON;
use crate::support::eventually;

/// 32 bytes.
pub const SECRET: &str = "whsec_dGhlLXJlY2VpdmVyLWFuZC1kaW5nZ2F0ZS1rbm93LWl0";

/// How the receiver answers one request.
#[derive(Debug, Clone, Copy)]
pub enum Reply {
    Status(u16),
    /// A status and one more header.
    With(u16, &'static str, &'static str),
    /// Nothing for so long, then 200.
    After(Duration),
    Close,
}

/// One request as it came.
#[derive(Debug, Clone)]
pub struct Request {
    pub path: String,
    pub headers: Vec<(String, String)>,
    pub body: String,
}

impl Request {
    pub fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(key, _)| key == name);
        found.map_or("", |(_, value)| value)
    }

    pub fn id(&self) -> &str {
        self.header("webhook-id")
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn kind(&self) -> String {
        self.json()["type"].as_str().unwrap().to_owned()
    }

    /// Checks the signature by the letter of the specification.
    #[track_caller]
    pub fn verify(&self) {
        let key = STANDARD
            .decode(SECRET.strip_prefix("whsec_").unwrap())
            .unwrap();
        let (id, timestamp) = (self.id(), self.header("webhook-timestamp"));
        let signed = format!("{id}.{timestamp}.{}", self.body);
        let wanted = format!(
            "v1,{}",
            STANDARD.encode(hmac_sha256(&key, signed.as_bytes()))
        );
        assert_eq!(self.header("webhook-signature"), wanted);
        let sent: i64 = timestamp.parse().unwrap();
        let now = dinggate::upstream::unix_millis() / 1000;
        assert!((now - sent).abs() < 60, "sent at {sent}, now {now}");
        assert!(id.starts_with("msg_") && !id.contains('.'), "{id}");
        assert_eq!(self.header("content-type"), "application/json");
        assert_eq!(self.path, "/hook");
    }
}

/// RFC 2104, written out.
fn hmac_sha256(key: &[u8], message: &[u8]) -> Vec<u8> {
    assert!(key.len() <= 64);
    let pad = |byte: u8| -> Vec<u8> {
        let padded = key.iter().copied().chain(std::iter::repeat(0));
        padded.take(64).map(|k| k ^ byte).collect()
    };
    let inner = Sha256::digest([pad(0x36), message.to_vec()].concat());
    Sha256::digest([pad(0x5c), inner.to_vec()].concat()).to_vec()
}

#[derive(Default)]
struct State {
    requests: Vec<Request>,
    replies: VecDeque<Reply>,
    always: Option<Reply>,
}

/// A running receiver; without orders it answers 204.
pub struct Receiver {
    port: u16,
    state: Arc<Mutex<State>>,
}

impl Receiver {
    pub fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let state = Arc::new(Mutex::new(State::default()));
        let shared = Arc::clone(&state);
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let state = Arc::clone(&shared);
                std::thread::spawn(move || serve(stream, &state));
            }
        });
        Self { port, state }
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}/hook", self.port)
    }

    /// Answers the next requests so, one each.
    pub fn reply(&self, replies: &[Reply]) {
        self.state.lock().unwrap().replies.extend(replies);
    }

    /// Answers every request so that has no reply of its own.
    pub fn always(&self, reply: Reply) {
        self.state.lock().unwrap().always = Some(reply);
    }

    pub fn forget(&self) {
        self.state.lock().unwrap().requests.clear();
    }

    /// All requests so far; every one must be signed.
    #[track_caller]
    pub fn requests(&self) -> Vec<Request> {
        let requests = self.state.lock().unwrap().requests.clone();
        requests.iter().for_each(Request::verify);
        requests
    }

    pub fn kinds(&self) -> Vec<String> {
        self.requests().iter().map(Request::kind).collect()
    }

    /// Waits for so many requests and gives them.
    pub async fn wait_for(&self, count: usize) -> Vec<Request> {
        let what = format!("{count} requests");
        eventually(&what, SOON, async || {
            self.state.lock().unwrap().requests.len() >= count
        })
        .await;
        let requests = self.requests();
        assert_eq!(requests.len(), count, "{requests:#?}");
        requests
    }
}

fn serve(mut stream: TcpStream, state: &Mutex<State>) {
    let Some(request) = read(&stream) else { return };
    let reply = {
        let mut state = state.lock().unwrap();
        state.requests.push(request);
        let next = state.replies.pop_front();
        next.or(state.always).unwrap_or(Reply::Status(204))
    };
    let answer = match reply {
        Reply::Close => return,
        Reply::Status(status) => line(status, ""),
        Reply::With(status, name, value) => line(status, &format!("{name}: {value}\r\n")),
        Reply::After(wait) => {
            std::thread::sleep(wait);
            line(200, "")
        }
    };
    // The sender may have given up by now.
    let _ = stream.write_all(answer.as_bytes());
}

fn line(status: u16, header: &str) -> String {
    format!("HTTP/1.1 {status} So\r\n{header}content-length: 0\r\nconnection: close\r\n\r\n")
}

fn read(stream: &TcpStream) -> Option<Request> {
    let mut reader = BufReader::new(stream);
    let mut first = String::new();
    reader.read_line(&mut first).ok()?;
    let path = first.split(' ').nth(1)?.to_owned();
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let Some((name, value)) = line.trim_end().split_once(": ") else {
            break;
        };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let length = headers.iter().find(|(name, _)| name == "content-length")?;
    let mut body = vec![0; length.1.parse().ok()?];
    reader.read_exact(&mut body).ok()?;
    let body = String::from_utf8(body).ok()?;
    Some(Request {
        path,
        headers,
        body,
    })
}
