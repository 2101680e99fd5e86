//! HTTP to DingTalk's hosts: connections, timeouts, and whole responses of bounded size.

use std::time::Duration;

use reqwest::redirect;
use url::Url;

use crate::bounds::MAX_ANSWER_BYTES;
use crate::clock::{self, unix_millis};
use crate::error::ApiError;
use crate::proxy::proxy_for;

/// Timeout for connecting.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// Timeout for a whole call.
const CALL_TIMEOUT: Duration = Duration::from_secs(5);
/// An idle connection is not reused after this time. Servers commonly close one after 5 s or more; a call sent at
/// that moment is lost, and one that redeems a code cannot be repeated.
const IDLE_TIMEOUT: Duration = Duration::from_secs(3);

/// An HTTP response, from DingTalk or from anything in between.
pub(super) struct HttpAnswer {
    pub status: u16,
    pub body: Vec<u8>,
    /// How many milliseconds the responder's clock is ahead of ours.
    pub ahead_ms: Option<i64>,
}

/// Creates the HTTP client for one of DingTalk's hosts.
pub(super) fn http_client(root: &Url, user_agent: &str) -> Result<reqwest::Client, reqwest::Error> {
    // Fails if a provider is already installed, which is just as good.
    let _installed_before = rustls::crypto::ring::default_provider().install_default();
    let mut builder = reqwest::Client::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .timeout(CALL_TIMEOUT)
        .pool_idle_timeout(IDLE_TIMEOUT)
        .redirect(redirect::Policy::none())
        .no_proxy()
        .user_agent(user_agent);
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
    #[cfg(feature = "fuzzing")]
    if let Some(answer) = crate::fuzzing::take_answer() {
        return Ok(answer);
    }
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
        let http = http_client(&Url::parse(&root).unwrap(), "test").unwrap();
        for wait in [Duration::ZERO, IDLE_TIMEOUT + Duration::from_millis(200)] {
            tokio::time::sleep(wait).await;
            let answer = exchange("api", http.post(&root).body("{}")).await;
            assert_eq!(answer.map(|answer| answer.status).ok(), Some(200));
        }
    }
}
