//! The alerts above every page of the administration.

use super::layout::LayoutAlert;
use super::view::path::segment;
use crate::domain::alert::{AlertKind, DirectoryDoubt, Problem};
use crate::store::alert::Alert;
use crate::text::alerts::alert_text;
use crate::text::lang::Lang;
use crate::text::layout::CommonTexts;

/// Returns an alert as the layout shows it. A doubt about the directory stays as long as it lasts: a complete sync ends
/// it. Only who administers can dismiss another alert.
pub fn alert_banner(lang: Lang, alert: &Alert, can_dismiss: bool) -> LayoutAlert {
    let is_doubt = matches!(alert.kind, AlertKind::Directory(_));
    LayoutAlert {
        text: alert_text(lang, &alert.kind, &alert.detail),
        more: more(CommonTexts::of(lang), &alert.kind, &alert.detail),
        dismiss: (can_dismiss && !is_doubt)
            .then(|| format!("/admin/alerts/{}/dismiss", segment(&alert.kind.to_string()))),
    }
}

/// Returns the page where something can be done about an alert, and what the link says. What DingTalk refuses is put
/// right outside.
fn more(t: &CommonTexts, kind: &AlertKind, detail: &str) -> Option<(String, &'static str)> {
    let link = |href: &str, words| Some((href.to_owned(), words));
    match kind {
        AlertKind::Misconfigured(_) => None,
        AlertKind::Problem(Problem::WebhookFailed) => {
            link("/admin/webhooks?state=failed", t.see_messages)
        }
        AlertKind::Problem(Problem::UnionidConflict)
        | AlertKind::Directory(DirectoryDoubt::FailedEvents) => link("/admin/events", t.see_events),
        AlertKind::Problem(Problem::LeaverLimit)
        | AlertKind::Directory(DirectoryDoubt::LostEvents) => link("/admin/syncs", t.see_syncs),
        AlertKind::Directory(DirectoryDoubt::Sync | DirectoryDoubt::Unannounced) => {
            let run = detail.split_once(':').map_or("", |(run, _)| run);
            match run.parse::<i64>() {
                Ok(run) => link(&format!("/admin/syncs/{run}"), t.see_syncs),
                Err(_) => link("/admin/syncs", t.see_syncs),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_alert_leads_to_the_page_where_something_can_be_done() {
        let href = |kind: &str, detail: &str| {
            let kind = AlertKind::parse(kind).unwrap();
            more(CommonTexts::of(Lang::En), &kind, detail).map(|(href, _)| href)
        };
        for (kind, detail, page) in [
            ("directory:sync", "7:failed", "/admin/syncs/7"),
            ("directory:unannounced", "8:3", "/admin/syncs/8"),
            ("directory:sync", "garbled", "/admin/syncs"),
            ("directory:lost_events", "timeout", "/admin/syncs"),
            ("directory:failed_events", "2", "/admin/events"),
            ("unknown_people_brake", "9", "/admin/syncs"),
            ("unionid_conflict", "2", "/admin/events"),
            ("webhook:failed", "410", "/admin/webhooks?state=failed"),
        ] {
            assert_eq!(href(kind, detail).as_deref(), Some(page), "{kind}");
        }
        assert_eq!(href("misconfigured:gettoken", "40096"), None);
    }
}
