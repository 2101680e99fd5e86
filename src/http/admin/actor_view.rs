//! The actor of an action: a person of the company, the system, or a command.

use super::links::staff_path;
use crate::domain::audit::ActorKind;
use crate::text::admin_audit::AuditTexts;
use crate::text::lang::Lang;

/// An actor as a page shows it.
#[derive(Debug, PartialEq, Eq)]
pub struct ActorView {
    pub label: String,
    /// The id under which the actor is stored.
    pub id: String,
    /// The person's page; `None` without a staff row.
    pub href: Option<String>,
}

impl ActorView {
    /// Creates the view of an actor; `name` is the person's name in the staff table.
    pub fn new(lang: Lang, kind: ActorKind, actor: &str, name: Option<String>) -> Self {
        let t = AuditTexts::of(lang);
        let name = name.filter(|_| kind == ActorKind::Person);
        let href = name.as_ref().map(|_| staff_path(actor));
        let label = match kind {
            ActorKind::System => t.system.to_owned(),
            ActorKind::Command => t.command_line(actor),
            ActorKind::Person => name
                .filter(|name| !name.is_empty())
                .unwrap_or_else(|| actor.to_owned()),
        };
        Self {
            label,
            id: actor.to_owned(),
            href,
        }
    }

    /// Creates the view of a person that an action was applied to, with the name at that time.
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

    /// Creates the view of an object that is not a person, with its name at that time.
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
        let person = ActorView::new(Lang::Zh, ActorKind::Person, "0158", Some("张三".to_owned()));
        assert_eq!(
            (person.label.as_str(), person.href.as_deref()),
            ("张三", Some("/admin/staff/0158"))
        );
        let label = |kind, actor: &str, name: Option<&str>| {
            let who = ActorView::new(Lang::En, kind, actor, name.map(str::to_owned));
            (who.label, who.href)
        };
        let gone = label(ActorKind::Person, "gone", None);
        assert_eq!(gone, ("gone".to_owned(), None));
        let system = label(ActorKind::System, "system", Some("Li Lei"));
        assert_eq!(system, ("System".to_owned(), None));
        let command = label(ActorKind::Command, "command:root", None);
        assert_eq!(command, ("Command line (root)".to_owned(), None));
        let namesake = label(ActorKind::Person, "system", Some("Li Lei"));
        let page = Some("/admin/staff/system".to_owned());
        assert_eq!(namesake, ("Li Lei".to_owned(), page));
    }
}
