//! The HTTP client of the webhook receiver.

use crate::domain::webhook::DeliveryError;
use std::time::Duration;

use chrono::DateTime;
use reqwest::header::{CONTENT_TYPE, HeaderMap, RETRY_AFTER};
use reqwest::{Response, redirect};
use url::Url;

use super::signature::sign;
use crate::config::{WebhookConfig, WebhookSecret};
use crate::store::webhook::ReadyDelivery;
use crate::upstream::proxy_for;

const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Timeout of one request.
const TIMEOUT: Duration = Duration::from_secs(10);
/// Maximum number of response bytes that are read, and ignored, to keep the connection reusable.
const MAX_ANSWER: usize = 64 * 1024;

/// A client of the one receiver.
pub struct Receiver {
    http: reqwest::Client,
    url: Url,
    secret: WebhookSecret,
}

/// The result of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum DeliveryResult {
    Yes {
        status: u16,
    },
    /// The receiver never wants it (410).
    Never {
        status: u16,
    },
    NotNow {
        status: u16,
        error: DeliveryError,
        /// The delay that the receiver asks for.
        retry_after: Option<Duration>,
    },
    NoAnswer {
        error: DeliveryError,
    },
}

impl Receiver {
    /// Creates a client; does not connect yet.
    pub fn new(config: &WebhookConfig) -> Result<Self, reqwest::Error> {
        // Fails if a provider is already installed, which is just as good.
        let _installed_before = rustls::crypto::ring::default_provider().install_default();
        let mut builder = reqwest::Client::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            .no_proxy()
            .user_agent(concat!("dinggate/", env!("CARGO_PKG_VERSION")));
        if let Some(proxy) = proxy_for(config.url.expose()) {
            builder = builder.proxy(proxy);
        }
        Ok(Self {
            http: builder.build()?,
            url: config.url.expose().clone(),
            secret: config.secret.clone(),
        })
    }

    /// Posts a message, signed with the current time.
    pub(super) async fn post(&self, message: &ReadyDelivery) -> DeliveryResult {
        let signature = sign(
            self.secret.expose(),
            &message.message_id,
            message.now,
            &message.body,
        );
        let request = self
            .http
            .post(self.url.clone())
            .header(CONTENT_TYPE, "application/json")
            .header("webhook-id", &message.message_id)
            .header("webhook-timestamp", message.now)
            .header("webhook-signature", signature)
            .body(message.body.clone());
        match request.send().await {
            Ok(answer) => {
                let taken = read(answer.status().as_u16(), answer.headers(), message.now);
                drain(answer).await;
                taken
            }
            Err(error) if error.is_timeout() => DeliveryResult::NoAnswer {
                error: DeliveryError::Timeout,
            },
            Err(_) => DeliveryResult::NoAnswer {
                error: DeliveryError::Connect,
            },
        }
    }
}

fn read(status: u16, headers: &HeaderMap, now: i64) -> DeliveryResult {
    let not_now = |error| DeliveryResult::NotNow {
        status,
        error,
        retry_after: retry_after(headers, now),
    };
    match status {
        200..300 => DeliveryResult::Yes { status },
        300..400 => not_now(DeliveryError::Redirect),
        410 => DeliveryResult::Never { status },
        _ => not_now(DeliveryError::Status),
    }
}

/// Returns the delay in `Retry-After`, given in seconds or as a date; a date in the past is no delay.
fn retry_after(headers: &HeaderMap, now: i64) -> Option<Duration> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = DateTime::parse_from_rfc2822(text).ok()?;
    let seconds = date.timestamp().saturating_sub(now).max(0);
    u64::try_from(seconds).ok().map(Duration::from_secs)
}

/// Reads the rest of the response. The status decides; a body that breaks off changes nothing.
async fn drain(mut answer: Response) {
    let mut read = 0;
    while let Ok(Some(chunk)) = answer.chunk().await {
        read += chunk.len();
        if read > MAX_ANSWER {
            return;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(retry_after: Option<&str>) -> HeaderMap {
        let pairs = retry_after.map(|value| (RETRY_AFTER, value.parse().unwrap()));
        pairs.into_iter().collect()
    }

    #[test]
    fn the_status_says_whether_a_message_was_taken() {
        let none = headers(None);
        for status in [200, 202, 204, 299] {
            assert_eq!(read(status, &none, 0), DeliveryResult::Yes { status });
        }
        assert_eq!(read(410, &none, 0), DeliveryResult::Never { status: 410 });
        for (status, error) in [
            (301, DeliveryError::Redirect),
            (304, DeliveryError::Redirect),
            (400, DeliveryError::Status),
            (404, DeliveryError::Status),
            (429, DeliveryError::Status),
            (503, DeliveryError::Status),
        ] {
            let wanted = DeliveryResult::NotNow {
                status,
                error,
                retry_after: None,
            };
            assert_eq!(read(status, &none, 0), wanted);
        }
    }

    #[test]
    fn a_time_to_come_back_is_read_in_both_spellings() {
        // 784111777 is the Unix time of the date below.
        for (text, wanted) in [
            ("120", Some(120)),
            (" 0 ", Some(0)),
            ("Sun, 06 Nov 1994 08:49:37 GMT", Some(77)),
            ("Sat, 05 Nov 1994 08:49:37 GMT", Some(0)),
            ("-5", None),
            ("soon", None),
            ("", None),
        ] {
            let found = retry_after(&headers(Some(text)), 784_111_700).map(|wait| wait.as_secs());
            assert_eq!(found, wanted, "{text}");
        }
    }
}
