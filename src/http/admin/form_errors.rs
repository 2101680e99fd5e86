//! The errors of a form about one person or case, shown on their page.

use actix_web::http::StatusCode;

/// The errors of the form that has just been submitted; it comes back filled in.
#[derive(Debug, Default)]
pub struct FormErrors {
    /// `None` if there were no errors.
    pub status: Option<StatusCode>,
    /// Why the action was refused.
    pub note: Option<String>,
    /// The form that lacks its reason, by the last segment of its path; empty for none.
    pub bad_form: &'static str,
    pub reason: String,
    /// The userid of the row that was to be linked.
    pub link: String,
    /// Seconds after which a retry may succeed.
    pub retry_after: Option<u64>,
}
