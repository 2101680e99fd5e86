//! The login page inside DingTalk, and what its script shows of a refusal.

use actix_web::HttpResponse;
use askama::Template;
use serde_json::{Value, json};

use super::error_page::ErrorView;
use crate::http::lang::Lang;
use crate::http::layout::Layout;
use crate::http::text::in_app::{Failure, InAppTexts, notice_text};
use crate::http::text::notice::NoticeTexts;
use crate::http::view::initials;

/// What the page inside DingTalk is made of.
#[derive(Debug, Clone)]
pub struct InAppView {
    pub corp_id: String,
    /// DingTalk's script that speaks to the app around the page.
    pub jsapi_url: String,
    /// Where the person wants to go: a path on this site.
    pub back: String,
    /// `/login?rd=…`: another try.
    pub again_href: String,
    /// `/login/qr?rd=…`, for whom it does not work.
    pub qr_href: String,
    /// Whether the person has just signed out, and is not to be signed in again without wanting it.
    pub is_signed_out: bool,
}

#[derive(Template)]
#[template(path = "public/in_app.html")]
struct InAppPage {
    frame: Layout,
    t: &'static InAppTexts,
    failures: [Failure; 12],
    view: InAppView,
}

/// Answers with the page that signs in inside DingTalk.
pub fn in_app(frame: Layout, view: InAppView) -> HttpResponse {
    let t = InAppTexts::of(frame.lang);
    let failures = t.failures();
    super::ok(&InAppPage {
        frame,
        t,
        failures,
        view,
    })
}

/// A refusal as the page inside DingTalk is told of it: the error's name and all that a person reads.
pub fn in_app_refusal(lang: Lang, view: &ErrorView) -> Value {
    let text = notice_text(view.notice, lang);
    json!({
        "error": view.notice.code(),
        "title": text.title,
        "message": view.explanation(&text),
        "next_step": view.next_step(&text, NoticeTexts::of(lang)),
        "nick": view.nick,
        "initials": view.nick.as_deref().map(initials),
        "reference": view.reference,
        // The code was not sent to DingTalk: the same request may succeed after `Retry-After`.
        "retry": view.retries,
    })
}
