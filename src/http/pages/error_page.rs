//! The error page: the person is refused or something has failed; one page for all outcomes.

use std::time::Duration;

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderValue, RETRY_AFTER};
use askama::Template;

use crate::http::layout::{Layout, html};
use crate::text::interpolate;
use crate::text::notice::{ErrorKind, NoticeText, NoticeTexts};
use crate::text::waiting::WaitingTexts;

impl ErrorKind {
    pub fn status(self) -> StatusCode {
        match self {
            Self::InvalidState | Self::BadRequest => StatusCode::BAD_REQUEST,
            Self::InvalidCode | Self::Cancelled => StatusCode::UNAUTHORIZED,
            Self::Rejected
            | Self::Left
            | Self::NotEmployee
            | Self::PendingReview
            | Self::Forbidden
            | Self::Csrf => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::DingTalkUnavailable | Self::Misconfigured | Self::Unavailable => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Returns whether the button leads home; if not, it leads back to where the person was.
    fn leads_home(self) -> bool {
        match self {
            Self::Forbidden | Self::NotFound | Self::MethodNotAllowed | Self::Internal => true,
            Self::InvalidState
            | Self::InvalidCode
            | Self::Cancelled
            | Self::Rejected
            | Self::Left
            | Self::NotEmployee
            | Self::PendingReview
            | Self::DingTalkUnavailable
            | Self::Misconfigured
            | Self::RateLimited
            | Self::Unavailable
            | Self::Csrf
            | Self::Conflict
            | Self::BadRequest
            | Self::TooLarge => false,
        }
    }

    /// Returns the target of the button on a page at the given URL.
    fn button_href(self, current_url: &str) -> &str {
        let path = current_url.split('?').next().unwrap_or_default();
        match self {
            notice if notice.leads_home() => "/",
            // The query may have caused the error.
            Self::BadRequest => path,
            _ => current_url,
        }
    }

    /// Returns how serious it looks: waiting and retrying are not failures.
    fn tone(self) -> &'static str {
        match self {
            Self::Rejected
            | Self::Left
            | Self::NotEmployee
            | Self::Forbidden
            | Self::Misconfigured
            | Self::Internal => "danger",
            Self::PendingReview | Self::Cancelled | Self::NotFound => "neutral",
            _ => "warn",
        }
    }
}

/// An error page with the details of the request.
#[derive(Debug, Clone)]
pub struct ErrorView {
    pub notice: ErrorKind,
    /// The nickname that DingTalk returned for the person who scanned.
    pub nick: Option<String>,
    /// A sentence, in the reader's language, that is more specific than the general explanation.
    pub detail: Option<String>,
    /// The request id, also in the log.
    pub reference: Option<String>,
    /// When to retry; also sent as `Retry-After`.
    pub retry_after: Option<Duration>,
    /// Whether the page repeats the request automatically after that time.
    pub retries: bool,
    /// Whether the person waits for a review, whose result the page asks for.
    pub waits: bool,
}

impl ErrorView {
    pub fn new(notice: ErrorKind) -> Self {
        Self {
            notice,
            nick: None,
            detail: None,
            reference: None,
            retry_after: None,
            retries: false,
            waits: false,
        }
    }

    /// Returns after how many seconds the page repeats the request, or `None` if it does not.
    fn reload_after(&self) -> Option<u64> {
        self.retry_after.filter(|_| self.retries).map(whole_seconds)
    }

    pub(super) fn explanation(&self, text: &NoticeText) -> String {
        let detail = self
            .detail
            .as_deref()
            .filter(|detail| !detail.trim().is_empty());
        detail.unwrap_or(text.explanation).to_owned()
    }

    pub(super) fn next_step(&self, text: &NoticeText, common: &NoticeTexts) -> String {
        match self.retry_after.map(whole_seconds) {
            Some(n) if self.retries => interpolate(common.retries_in, &[("n", &n)]),
            None => text.next_step.to_owned(),
            Some(n @ ..=90) => interpolate(common.wait_seconds, &[("n", &n)]),
            Some(n) => interpolate(common.wait_minutes, &[("n", &n.div_ceil(60))]),
        }
    }
}

/// Returns whole seconds, rounded up and at least one, so that nobody is asked to retry immediately.
pub fn whole_seconds(wait: Duration) -> u64 {
    let begun = u64::from(wait.subsec_nanos() > 0);
    (wait.as_secs() + begun).max(1)
}

#[derive(Template)]
#[template(path = "public/notice.html")]
struct ErrorPage {
    layout: Layout,
    common: &'static NoticeTexts,
    w: &'static WaitingTexts,
    text: &'static NoticeText,
    explanation: String,
    next_step: String,
    button_href: String,
    tone: &'static str,
    reload_after: Option<u64>,
    view: ErrorView,
}

/// Returns the error page, with its status and, where known, `Retry-After`.
pub fn render_error(layout: Layout, view: ErrorView) -> HttpResponse {
    let (common, text) = (NoticeTexts::of(layout.lang), view.notice.text(layout.lang));
    let status = view.notice.status();
    let retry_after = view
        .retry_after
        .map(|wait| HeaderValue::from(whole_seconds(wait)));
    let page = ErrorPage {
        button_href: view.notice.button_href(&layout.current_url).to_owned(),
        w: WaitingTexts::of(layout.lang),
        layout,
        common,
        text,
        explanation: view.explanation(text),
        next_step: view.next_step(text, common),
        tone: view.notice.tone(),
        reload_after: view.reload_after(),
        view,
    };
    let mut response = html(status, &page);
    if let Some(value) = retry_after {
        response.headers_mut().insert(RETRY_AFTER, value);
    }
    response
}
