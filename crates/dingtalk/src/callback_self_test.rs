//! Sends a message to a URL and checks the reply, both as DingTalk does.

use std::time::{Duration, Instant};

use reqwest::header::LOCATION;
use reqwest::redirect;
use url::Url;

use crate::callback::{CallbackCrypto, EncryptedCallback, Reply};
use crate::transport::innermost;

/// Result of one test message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SelfTestResult {
    /// The encrypted `success` with the same owner key; holds the response time.
    Accepted(Duration),
    /// No connection; holds the reason as the system reports it.
    NoConnection(String),
    /// The certificate of the URL is not trusted; holds the reason.
    Certificate(String),
    /// No complete reply within four seconds.
    TimedOut,
    /// A redirect to this URL; DingTalk does not follow redirects.
    Redirected(String),
    /// Any HTTP status other than 200.
    Status(u16),
    /// An HTML page.
    Page,
    /// Neither a page nor a well-formed reply.
    OtherForm,
    /// A well-formed reply, but not made with our token, key or owner key.
    OtherKey,
}

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// DingTalk waits 1.5 s; waiting longer distinguishes slow from silent.
const TIMEOUT: Duration = Duration::from_secs(4);
/// Size limit in bytes; none of our replies is near it.
const MAX_ANSWER: usize = 64 * 1024;

/// Creates a client that follows no redirects and uses no proxy, because the callback's own URL is not DingTalk's.
pub fn client(user_agent: &str) -> Result<reqwest::Client, reqwest::Error> {
    // Fails if a provider is already installed, which is just as good.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent(user_agent)
        .build()
}

/// Sends one signed message. `crypto` must accept the owner key of the message and no other.
pub async fn send(
    http: &reqwest::Client,
    address: &Url,
    message: &Reply,
    crypto: &CallbackCrypto,
) -> SelfTestResult {
    let query = [
        ("signature", message.msg_signature.as_str()),
        ("msg_signature", &message.msg_signature),
        ("timestamp", &message.time_stamp),
        ("nonce", &message.nonce),
    ];
    let body = serde_json::json!({ "encrypt": message.encrypt });
    let begun = Instant::now();
    let request = http.post(address.clone()).query(&query).json(&body);
    let mut answer = match request.send().await {
        Ok(answer) => answer,
        Err(error) => return failure(&error),
    };
    let status = answer.status();
    if status.is_redirection() {
        let to = answer.headers().get(LOCATION);
        let to = to.map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
        return SelfTestResult::Redirected(to.unwrap_or_default());
    }
    if status != 200 {
        return SelfTestResult::Status(status.as_u16());
    }
    let mut text = Vec::new();
    loop {
        match answer.chunk().await {
            Ok(Some(chunk)) if text.len() < MAX_ANSWER => text.extend_from_slice(&chunk),
            Ok(_) => break,
            Err(error) => return failure(&error),
        }
    }
    judge(&text, crypto, begun.elapsed())
}

fn failure(error: &reqwest::Error) -> SelfTestResult {
    let why = innermost(error);
    if why.contains("certificate") {
        SelfTestResult::Certificate(why)
    } else if error.is_timeout() {
        SelfTestResult::TimedOut
    } else {
        SelfTestResult::NoConnection(why)
    }
}

fn judge(text: &[u8], crypto: &CallbackCrypto, took: Duration) -> SelfTestResult {
    let Ok(reply) = serde_json::from_slice::<Reply>(text) else {
        let is_page = text.iter().find(|byte| !byte.is_ascii_whitespace()) == Some(&b'<');
        return if is_page {
            SelfTestResult::Page
        } else {
            SelfTestResult::OtherForm
        };
    };
    let push = EncryptedCallback {
        signature: &reply.msg_signature,
        timestamp: &reply.time_stamp,
        nonce: &reply.nonce,
        encrypt: &reply.encrypt,
    };
    let opened = crypto
        .verify(&push)
        .and_then(|()| crypto.open(&reply.encrypt));
    match opened {
        Ok((words, _)) if words == b"success" => SelfTestResult::Accepted(took),
        _ => SelfTestResult::OtherKey,
    }
}

#[cfg(test)]
mod tests {
    use super::super::callback::OwnerKeys;
    use super::*;

    const KEY: &str = "q7Wm2ZsX9cVbN4KpLr8TgYh3JdFa6EuQoR1iMxC5wSz";

    fn crypto(token: &str, owner: &str) -> CallbackCrypto {
        CallbackCrypto::new(token, KEY, OwnerKeys::new(Some(owner), "", "")).unwrap()
    }

    fn answer(by: &CallbackCrypto, words: &[u8], owner: &str) -> Vec<u8> {
        serde_json::to_vec(&by.seal(words, owner, 1, "nonce", &[7; 16])).unwrap()
    }

    #[test]
    fn only_the_encrypted_success_with_the_same_owner_key_is_accepted() {
        let ours = crypto("token", "corp");
        let judged = |text: &[u8]| judge(text, &ours, Duration::ZERO);
        assert_eq!(
            judged(&answer(&ours, b"success", "corp")),
            SelfTestResult::Accepted(Duration::ZERO)
        );
        for wrong in [
            answer(&ours, b"success", "app"),
            answer(&ours, b"failure", "corp"),
            answer(&crypto("other", "corp"), b"success", "corp"),
        ] {
            assert_eq!(judged(&wrong), SelfTestResult::OtherKey);
        }
        assert_eq!(judged(b" \n<!doctype html>"), SelfTestResult::Page);
        for other in [&b""[..], b"success", b"{}", br#"{"code":200,"msg":"ok"}"#] {
            assert_eq!(judged(other), SelfTestResult::OtherForm);
        }
    }
}
