//! The page of a person who waits for a review.

use actix_web::HttpResponse;
use askama::Template;

use crate::domain::case::ReviewState;
use crate::http::layout::Layout;
use crate::text::waiting::{WaitingText, WaitingTexts};

/// The data of the page.
#[derive(Debug, Clone)]
pub struct WaitingView {
    pub state: ReviewState,
    /// Starts another login, which leads where the person wanted to go.
    pub login_href: String,
    /// Whether that login needs no scan.
    pub is_inside_dingtalk: bool,
}

#[derive(Template)]
#[template(path = "public/waiting.html")]
struct WaitingPage {
    layout: Layout,
    text: WaitingText,
    tone: &'static str,
    button: &'static str,
    view: WaitingView,
}

/// Returns the page.
pub fn waiting(layout: Layout, view: WaitingView) -> HttpResponse {
    let t = WaitingTexts::of(layout.lang);
    super::ok(&WaitingPage {
        text: t.text(view.state, view.is_inside_dingtalk),
        tone: match view.state {
            ReviewState::Waiting => "neutral",
            ReviewState::Approved => "ok",
            ReviewState::Declined => "danger",
        },
        button: match (view.state, view.is_inside_dingtalk) {
            (ReviewState::Approved, true) => t.sign_in,
            (ReviewState::Approved, false) => t.scan,
            _ => t.another_login,
        },
        layout,
        view,
    })
}
