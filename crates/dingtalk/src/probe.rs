//! Checks DingTalk from outside, without a token: whether it is reachable, what time it has, and whether its
//! login page accepts our redirect URL.

use reqwest::Response;
use reqwest::header::LOCATION;

use crate::client::Client;
use crate::clock::{self, unix_millis};
use crate::error::ApiError;
use crate::response::parse_response;
use crate::transport::{self, innermost};

/// Result of an unauthenticated call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Probe {
    /// DingTalk responds; holds how many milliseconds its clock is ahead of ours, if the response carries the
    /// time.
    Answered {
        /// Positive if DingTalk's clock is ahead.
        clock_ahead_ms: Option<i64>,
    },
    /// No connection; holds the reason as the system or TLS reports it.
    NoConnection(String),
    /// The responder is not DingTalk, or is DingTalk's gateway without DingTalk behind it.
    Unexpected(ApiError),
}

/// How DingTalk's login page responds to our redirect URL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ScanPage {
    /// A page, with its title.
    Shown {
        /// Without control characters, cut to 80 characters.
        title: String,
    },
    /// A redirect to another URL.
    Elsewhere(String),
    /// An HTTP status other than success.
    Status(u16),
}

/// Size limit in bytes, more than enough to find a title.
const MAX_PAGE: usize = 256 * 1024;

impl Client {
    /// Calls `gettoken` without a key, which DingTalk refuses in its own way.
    pub async fn probe(&self) -> Probe {
        const API: &str = "gettoken";
        let asked_at = unix_millis();
        let answer = match self.http.get(self.url(API)).send().await {
            Ok(answer) => answer,
            Err(error) => return Probe::NoConnection(innermost(&error)),
        };
        let clock_ahead_ms = clock::ahead_ms(answer.headers(), asked_at, unix_millis());
        let status = answer.status().as_u16();
        let body = match read(answer, MAX_PAGE).await {
            Ok(body) => body,
            Err(error) => return Probe::NoConnection(innermost(&error)),
        };
        let result = parse_response(API, status, &body, &[], self.clock.now_ms());
        self.clock.learn(&result, clock_ahead_ms);
        match result {
            Ok(_) => Probe::Answered { clock_ahead_ms },
            Err(error) if error.code().is_some() => Probe::Answered { clock_ahead_ms },
            Err(error) => Probe::Unexpected(error),
        }
    }

    /// Requests DingTalk's QR code page as a browser would, without following redirects.
    pub async fn scan_page(&self, redirect_uri: &str, state: &str) -> Result<ScanPage, ApiError> {
        const API: &str = "connect/qrconnect";
        let query = [
            ("appid", self.login_app.key.as_str()),
            ("response_type", "code"),
            ("scope", "snsapi_login"),
            ("state", state),
            ("redirect_uri", redirect_uri),
        ];
        let request = self.http.get(self.url(API)).query(&query);
        let answer = request.send().await;
        let answer = answer.map_err(|error| transport::failure(API, &error))?;
        let status = answer.status();
        if status.is_redirection() {
            let to = answer.headers().get(LOCATION);
            let to = to.map(|to| String::from_utf8_lossy(to.as_bytes()).into_owned());
            return Ok(ScanPage::Elsewhere(to.unwrap_or_default()));
        }
        if !status.is_success() {
            return Ok(ScanPage::Status(status.as_u16()));
        }
        let page = read(answer, MAX_PAGE).await;
        let page = page.map_err(|error| transport::failure(API, &error))?;
        // DingTalk returns some refusals as JSON.
        match parse_response(API, 200, &page, &[], self.clock.now_ms()) {
            Err(refused @ ApiError::Refused { .. }) => Err(refused),
            _ => Ok(ScanPage::Shown {
                title: title(&String::from_utf8_lossy(&page)),
            }),
        }
    }
}

/// Returns the first bytes of a body.
async fn read(mut answer: Response, limit: usize) -> Result<Vec<u8>, reqwest::Error> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() >= limit {
            break;
        }
    }
    Ok(body)
}

/// Returns the text of a page's title, truncated.
fn title(page: &str) -> String {
    let lower = page.to_ascii_lowercase();
    let begin = lower
        .find("<title")
        .and_then(|at| Some(at + lower.get(at..)?.find('>')? + 1));
    let text = begin.and_then(|begin| {
        let end = begin + lower.get(begin..)?.find('<')?;
        page.get(begin..end)
    });
    let text = text.unwrap_or_default().trim();
    text.chars().filter(|c| !c.is_control()).take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_title_is_found_whatever_its_letters() {
        assert_eq!(
            title("<html><TITLE lang=zh> 钉钉登录\n</TITLE>"),
            "钉钉登录"
        );
        for none in ["", "<title", "<title>", "<p>x</p>"] {
            assert_eq!(title(none), "", "{none}");
        }
    }
}
