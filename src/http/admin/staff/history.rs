//! The audit lines of a person or a case.

use chrono::{DateTime, Utc};

use crate::domain::rights::{ContactView, masked};
use crate::http::admin::actor_view::ActorView;
use crate::store::staff_list::HistoryLine;
use crate::text::admin_audit::AuditTexts;
use crate::text::lang::Lang;
use crate::text::time::TimeText;

/// One line of the audit trail, in words.
pub struct HistoryView {
    pub at: TimeText,
    pub who: ActorView,
    pub action: &'static str,
    pub status: String,
    pub reason: Option<String>,
    pub request_id: Option<String>,
}

/// Converts audit lines to words.
pub fn history_views(
    lines: Vec<HistoryLine>,
    contacts: ContactView,
    now: DateTime<Utc>,
    lang: Lang,
) -> Vec<HistoryView> {
    let t = AuditTexts::of(lang);
    lines
        .into_iter()
        .map(|line| HistoryView {
            at: TimeText::new(line.at, now, lang),
            who: ActorView::new(lang, line.actor_kind, &line.actor, line.actor_name),
            action: t.action_words(line.action),
            status: t.status_words(line.action, &line.status, lang),
            reason: line
                .reason
                .map(|reason| masked(t.reason_words(&reason), contacts)),
            request_id: line.reference,
        })
        .collect()
}
