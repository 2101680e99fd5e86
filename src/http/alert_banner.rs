//! The alerts above every page of the administration.

use super::layout::LayoutAlert;
use super::view::path::segment;
use crate::domain::alert::AlertKind;
use crate::store::alert::Alert;
use crate::text::alerts::alert_text;
use crate::text::lang::Lang;

/// Returns an alert as the layout shows it. A doubt about the directory links to the syncs and stays as long as it
/// lasts: a complete sync ends it, and that page can start one. Only who administers can dismiss one.
pub fn alert_banner(lang: Lang, alert: &Alert, can_dismiss: bool) -> LayoutAlert {
    let text = alert_text(lang, &alert.kind, &alert.detail);
    if matches!(alert.kind, AlertKind::Directory(_)) {
        let run = alert.detail.split_once(':').map(|(run, _)| run);
        let run = run.and_then(|run| run.parse::<i64>().ok());
        let more = run.map_or_else(
            || "/admin/syncs".to_owned(),
            |run| format!("/admin/syncs/{run}"),
        );
        return LayoutAlert {
            text,
            more: Some(more),
            dismiss: None,
        };
    }
    LayoutAlert {
        text,
        more: None,
        dismiss: can_dismiss
            .then(|| format!("/admin/alerts/{}/dismiss", segment(&alert.kind.to_string()))),
    }
}
