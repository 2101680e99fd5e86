//! The page that asks once before something is done to many.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use crate::http::layout::{Layout, html};

/// A page shows 200 rows at most; more than this is no choice that anybody has made.
pub const MAX_CHOSEN: usize = 200;

/// What is asked, and the form that goes on.
#[derive(Template)]
#[template(path = "admin/bulk_ask.html")]
pub struct BulkAsk {
    pub frame: Layout,
    /// The view of the list that the choice was made in: its address and title.
    pub list: (String, &'static str),
    pub title: String,
    /// Says how many there are and what will happen to them.
    pub sentence: String,
    pub chosen: Vec<ChosenView>,
    /// The address that the form is posted to.
    pub path: &'static str,
    /// The name of what is done, for the form; empty where only one thing can be.
    pub action: &'static str,
    pub label: &'static str,
    pub back: String,
    /// None where no reason is asked for.
    pub reason: Option<ReasonField>,
}

pub struct ChosenView {
    pub id: String,
    pub href: String,
    pub name: String,
    pub note: String,
}

/// The field for the reason, as it came.
pub struct ReasonField {
    pub value: String,
    pub is_bad: bool,
    pub missing: &'static str,
}

impl BulkAsk {
    pub fn answer(&self, status: StatusCode) -> HttpResponse {
        html(status, self)
    }
}
