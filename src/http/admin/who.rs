//! Whoever did something: a person of the company, the system, or a command.

use super::links::staff_path;
use crate::http::lang::Lang;
use crate::http::text::admin_audit::AuditTexts;

/// An actor as a page shows one.
#[derive(Debug, PartialEq, Eq)]
pub struct Who {
    pub label: String,
    /// The name under which the actor is stored.
    pub id: String,
    /// The person's page; None where there is no such staff row.
    pub href: Option<String>,
}

impl Who {
    /// Reads an actor as the tables spell it; `name` is what the staff table has for it.
    pub fn new(lang: Lang, actor: &str, name: Option<String>) -> Self {
        let special = AuditTexts::of(lang).special_actor(actor);
        let href = name
            .as_ref()
            .filter(|_| special.is_none())
            .map(|_| staff_path(actor));
        let label = special
            .or(name.filter(|name| !name.is_empty()))
            .unwrap_or_else(|| actor.to_owned());
        Self {
            label,
            id: actor.to_owned(),
            href,
        }
    }

    /// Somebody whom something was done to, under the name that was theirs then.
    pub fn subject(id: &str, name: Option<&str>, is_staff: bool) -> Self {
        let label = name
            .filter(|name| !name.is_empty())
            .unwrap_or(id)
            .to_owned();
        Self {
            label,
            id: id.to_owned(),
            href: is_staff.then(|| staff_path(id)),
        }
    }

    /// Something that has no id of a person, under the name that it had then.
    pub fn thing(name: &str) -> Self {
        Self {
            label: name.to_owned(),
            id: name.to_owned(),
            href: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn people_are_linked_and_others_named() {
        let person = Who::new(Lang::Zh, "0158", Some("张三".to_owned()));
        assert_eq!(
            (person.label.as_str(), person.href.as_deref()),
            ("张三", Some("/admin/staff/0158"))
        );
        assert_eq!(Who::new(Lang::Zh, "gone", None).href, None);
        assert_eq!(Who::new(Lang::En, "system", None).label, "The system");
        assert_eq!(
            Who::new(Lang::En, "command:root", None).label,
            "Command line (root)"
        );
    }
}
