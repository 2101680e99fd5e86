//! The confirmation page of a bulk action.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use askama::Template;

use crate::http::layout::{Layout, html};

/// A page shows at most 200 rows; a longer list was not selected by a person.
pub const MAX_CHOSEN: usize = 200;

/// The question, and the form that confirms it.
#[derive(Template)]
#[template(path = "admin/bulk_ask.html")]
pub struct BulkAsk {
    pub layout: Layout,
    /// The list view in which the selection was made: its URL and title.
    pub list: (String, &'static str),
    pub title: String,
    /// States how many there are and what will happen to them.
    pub sentence: String,
    pub chosen: Vec<ChosenView>,
    /// The URL that the form is posted to.
    pub path: &'static str,
    /// The name of the action, for the form; empty if there is only one.
    pub action: &'static str,
    pub label: &'static str,
    pub back: String,
    /// `None` if no reason is asked for.
    pub reason: Option<ReasonField>,
}

pub struct ChosenView {
    pub id: String,
    pub href: String,
    pub name: String,
    pub note: String,
}

/// The field for the reason, as submitted.
pub struct ReasonField {
    pub value: String,
    pub is_bad: bool,
    pub missing: &'static str,
}

impl BulkAsk {
    pub fn response(&self, status: StatusCode) -> HttpResponse {
        html(status, self)
    }
}
