//! The login page inside DingTalk, and the refusal that its script shows.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::{Value, json};

use super::error_page::ErrorView;
use crate::http::layout::Layout;
use crate::http::view::initials;
use crate::text::in_app::{Failure, InAppTexts, notice_text};
use crate::text::notice::NoticeTexts;

/// The data of the page inside DingTalk.
#[derive(Debug, Clone)]
pub struct InAppView {
    pub corp_id: String,
    /// DingTalk's script that communicates with the surrounding app.
    pub jsapi_url: String,
    /// Where the person wants to go: a path on this site.
    pub back: String,
    /// `/login?rd=…`: another attempt.
    pub again_href: String,
    /// `/login/qr?rd=…`, the alternative if the in-app login does not work.
    pub qr_href: String,
    /// Whether the person has just signed out, and must not be signed in again without asking for it.
    pub is_signed_out: bool,
}

#[derive(Template)]
#[template(path = "public/in_app.html")]
struct InAppPage {
    layout: Layout,
    t: &'static InAppTexts,
    failures: [Failure; 12],
    view: InAppView,
}

/// Returns the page that signs in inside DingTalk.
pub fn in_app(layout: Layout, view: InAppView) -> HttpResponse {
    let t = InAppTexts::of(layout.lang);
    let failures = t.failures();
    super::ok(&InAppPage {
        layout,
        t,
        failures,
        view,
    })
}

/// Returns a refusal for the page inside DingTalk: the error's name and all text that a person reads.
pub fn in_app_refusal(layout: &Layout, view: &ErrorView) -> Value {
    let lang = layout.lang;
    let text = notice_text(view.notice, lang);
    json!({
        "error": view.notice.code(),
        "title": text.title,
        "message": view.explanation(&text),
        "next_step": view.next_step(&text, NoticeTexts::of(lang)),
        "nick": view.nick,
        "initials": view.nick.as_deref().map(initials),
        "reference": view.reference,
        "contact": layout.contact,
        // The page asks for the result of the review.
        "waits": view.waits,
        // The code was not sent to DingTalk: the same request may succeed after `Retry-After`.
        "retry": view.retries,
    })
}
