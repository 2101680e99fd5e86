//! The navigation of the administration.

use super::Layout;
use crate::domain::rights::Action;

/// The page of the administration that all others lie below.
pub(super) const OVERVIEW: &str = "/admin";
/// The section of people who wait for a decision.
const REVIEW: &str = "unmatched";

/// An entry of the navigation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NavItem {
    /// The section's name, which is also the name of its icon.
    pub name: &'static str,
    pub href: &'static str,
    pub label: &'static str,
    /// How many wait there; `None` for none.
    pub count: Option<i64>,
    pub is_active: bool,
}

impl Layout {
    /// Returns the sections that the person may open, in the order of a day's work.
    pub fn nav(&self) -> Vec<NavItem> {
        use Action::{Administer, SeeOperations, SeePeople};
        let t = self.t;
        let sections = [
            (SeePeople, "overview", OVERVIEW, t.overview),
            (SeePeople, REVIEW, "/admin/unmatched", t.unmatched),
            (SeePeople, "staff", "/admin/staff", t.staff),
            (
                SeePeople,
                "departments",
                "/admin/departments",
                t.departments,
            ),
            (SeeOperations, "events", "/admin/events", t.events),
            (SeeOperations, "syncs", "/admin/syncs", t.syncs),
            (SeeOperations, "webhooks", "/admin/webhooks", t.webhooks),
            (SeeOperations, "queue", "/admin/queue", t.queue),
            (SeeOperations, "sessions", "/admin/sessions", t.sessions),
            (Administer, "apps", "/admin/apps", t.apps),
            (SeeOperations, "audit", "/admin/audit", t.audit),
        ];
        let shown = sections.into_iter().filter(|section| self.may(section.0));
        let item = |(_, name, href, label)| NavItem {
            name,
            href,
            label,
            count: self.waiting.filter(|n| name == REVIEW && *n > 0),
            is_active: self.is_within(href),
        };
        shown.map(item).collect()
    }

    fn is_within(&self, section: &str) -> bool {
        self.path.strip_prefix(section).is_some_and(|rest| {
            let is_below = rest.starts_with('/') && section != OVERVIEW;
            rest.is_empty() || rest == "/" || is_below
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rights::{Rights, Role};
    use crate::http::layout::LayoutUser;
    use crate::text::lang::Lang;

    fn active(path: &str) -> Vec<&'static str> {
        Layout::new(Lang::Zh, Some(holder(Rights::ADMIN)), path)
            .nav()
            .into_iter()
            .filter(|item| item.is_active)
            .map(|item| item.name)
            .collect()
    }

    fn holder(rights: Rights) -> LayoutUser {
        LayoutUser {
            name: "林晓梅".to_owned(),
            csrf: String::new(),
            rights: Some(rights),
        }
    }

    #[test]
    fn only_the_sections_that_a_role_may_open_are_listed() {
        let sections = |role| {
            let who = holder(Rights::unlimited(role));
            let nav = Layout::new(Lang::En, Some(who), "/admin").nav();
            nav.into_iter().map(|item| item.name).collect::<Vec<_>>()
        };
        assert_eq!(sections(Role::Admin).len(), 11);
        assert_eq!(
            sections(Role::Reviewer),
            ["overview", "unmatched", "staff", "departments"]
        );
        assert!(!sections(Role::Auditor).contains(&"apps"));
        assert_eq!(sections(Role::Auditor).len(), 10);
        assert_eq!(Layout::new(Lang::En, None, "/admin").nav(), []);
    }

    #[test]
    fn the_section_of_a_page_and_of_its_details_is_marked() {
        assert_eq!(active("/admin/staff"), ["staff"]);
        assert_eq!(active("/admin/staff/0158"), ["staff"]);
        assert_eq!(active("/admin/staffing"), [""; 0]);
        assert_eq!(active("/"), [""; 0]);
        assert_eq!(active("/admin"), ["overview"]);
        assert_eq!(active("/admin/"), ["overview"]);
    }
}
