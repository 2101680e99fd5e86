//! The login attempt of a reference number, explained: why it was refused, and what to do.

use chrono::{DateTime, Utc};

use crate::domain::audit::AuditAction;
use crate::domain::case::Refusal;
use crate::store::search::Attempt;
use crate::text::admin_audit::AuditTexts;
use crate::text::admin_search::SearchTexts;
use crate::text::interpolate;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

/// The parameter of a person's page that names the attempt to explain.
pub const REFERENCE: &str = "reference";

/// An attempt as a page explains it.
pub struct AttemptView {
    pub title: String,
    pub sentence: String,
    /// Why it was refused; `None` if it was not.
    pub explanation: Option<&'static str>,
    /// Set if the person may sign in by now.
    pub now: Option<&'static str>,
    /// The person's case: its page and a label.
    pub case: Option<(String, &'static str)>,
}

impl AttemptView {
    /// Creates the view; `may_sign_in` says whether nothing keeps the person out any more.
    pub fn new(attempt: &Attempt, may_sign_in: bool, now: DateTime<Utc>, lang: Lang) -> Self {
        let t = SearchTexts::of(lang);
        let refusal =
            Refusal::parse(&attempt.status).filter(|_| attempt.action == AuditAction::Refusal);
        let words = refusal.map_or("", |refusal| AuditTexts::of(lang).refusal_words(refusal));
        let sentence = match attempt.action {
            AuditAction::Refusal => t.was_refused,
            AuditAction::Login => t.was_in,
            _ => t.was_out,
        };
        let at = TimeText::new(attempt.at, now, lang).exact;
        Self {
            title: interpolate(t.attempt_title, &[("reference", &attempt.reference)]),
            sentence: interpolate(sentence, &[("at", &at), ("reason", &words)]),
            explanation: refusal.map(|refusal| t.explanation(refusal)),
            now: refusal.and(may_sign_in.then_some(t.may_sign_in)),
            case: attempt
                .case_id
                .map(|id| (format!("/admin/unmatched/{id}"), t.to_case)),
        }
    }
}
