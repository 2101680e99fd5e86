//! What a role may see and do on the administration pages.

use super::closed_set::closed_set;
use super::contact_mask::mask_text;
use super::ids::DeptId;

closed_set! {
    /// The role of a grant; that of `DINGGATE_ADMINS` is the first. The names are also those of the commands and
    /// the audit trail.
    pub enum Role {
        Admin = "admin",
        Reviewer = "reviewer",
        Auditor = "auditor",
    }
}

/// What can be done on the administration pages; the rows of the table of rights.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Action {
    /// Reading and exporting review cases, staff and departments.
    SeePeople,
    /// Deciding cases, marking as left, restoring, ending a person's sessions.
    Decide,
    /// Reading events, syncs, webhooks, sessions and the audit trail.
    SeeOperations,
    /// Everything else.
    Administer,
}

/// Which people somebody may see and decide on.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Scope {
    #[default]
    All,
    /// Only people in these departments or below them.
    Departments(Vec<DeptId>),
}

impl Scope {
    /// Returns the departments, or `None` without a limit.
    pub fn departments(&self) -> Option<&[DeptId]> {
        match self {
            Self::All => None,
            Self::Departments(departments) => Some(departments),
        }
    }

    pub fn is_limited(&self) -> bool {
        *self != Self::All
    }
}

/// Whether mobile numbers and e-mail addresses can be read and searched.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ContactView {
    #[default]
    Full,
    Masked,
}

impl ContactView {
    pub fn is_masked(self) -> bool {
        self == Self::Masked
    }
}

/// Returns a text that somebody wrote, without contact data for those who may not read it.
pub fn masked(text: &str, contacts: ContactView) -> String {
    if contacts.is_masked() {
        mask_text(text)
    } else {
        text.to_owned()
    }
}

/// The rights of one person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rights {
    role: Role,
    /// Empty unless a reviewer is limited.
    departments: Vec<DeptId>,
}

impl Rights {
    pub const ADMIN: Self = Self::unlimited(Role::Admin);

    /// Returns the rights of a role that is not limited to departments.
    pub const fn unlimited(role: Role) -> Self {
        Self {
            role,
            departments: Vec::new(),
        }
    }

    /// Returns the rights of a reviewer who is limited to these departments; without any there is no limit.
    pub const fn reviewer(departments: Vec<DeptId>) -> Self {
        Self {
            role: Role::Reviewer,
            departments,
        }
    }

    /// Returns the rights of a grant. Only a reviewer can be limited: the table's CHECK allows no other rows.
    pub fn granted(role: Role, departments: Option<Vec<DeptId>>) -> Self {
        match role {
            Role::Reviewer => Self::reviewer(departments.unwrap_or_default()),
            role => Self::unlimited(role),
        }
    }

    pub fn role(&self) -> Role {
        self.role
    }

    pub fn may(&self, action: Action) -> bool {
        match action {
            Action::SeePeople => true,
            Action::Decide => matches!(self.role, Role::Admin | Role::Reviewer),
            Action::SeeOperations => matches!(self.role, Role::Admin | Role::Auditor),
            Action::Administer => self.role == Role::Admin,
        }
    }

    pub fn scope(&self) -> Scope {
        if self.departments.is_empty() {
            Scope::All
        } else {
            Scope::Departments(self.departments.clone())
        }
    }

    pub fn contacts(&self) -> ContactView {
        match self.role {
            Role::Admin | Role::Reviewer => ContactView::Full,
            Role::Auditor => ContactView::Masked,
        }
    }
}

/// The form of the audit trail, for example `reviewer 4100200,4100201`.
impl std::fmt::Display for Rights {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.role.as_str())?;
        for (at, id) in self.departments.iter().enumerate() {
            write!(f, "{}{id}", if at == 0 { ' ' } else { ',' })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_may_do_what_the_table_of_rights_says() {
        use Action::{Administer, Decide, SeeOperations, SeePeople};
        for (role, allowed) in [
            (
                Role::Admin,
                &[SeePeople, Decide, SeeOperations, Administer][..],
            ),
            (Role::Reviewer, &[SeePeople, Decide]),
            (Role::Auditor, &[SeePeople, SeeOperations]),
        ] {
            for action in [SeePeople, Decide, SeeOperations, Administer] {
                let may = Rights::unlimited(role).may(action);
                assert_eq!(may, allowed.contains(&action), "{role:?} {action:?}");
            }
        }
    }

    #[test]
    fn only_a_reviewer_is_limited_and_only_an_auditor_sees_masked_contacts() {
        let granted = |role| Rights::granted(role, Some(vec![7, 8]));
        assert_eq!(
            granted(Role::Reviewer).scope(),
            Scope::Departments(vec![7, 8])
        );
        assert_eq!(granted(Role::Admin).scope(), Scope::All);
        assert_eq!(granted(Role::Auditor).scope(), Scope::All);
        assert!(granted(Role::Auditor).contacts().is_masked());
        assert!(!granted(Role::Reviewer).contacts().is_masked());
        assert!(!granted(Role::Admin).contacts().is_masked());
    }

    #[test]
    fn the_audit_trail_names_the_role_and_the_departments() {
        assert_eq!(Rights::ADMIN.to_string(), "admin");
        assert_eq!(Rights::reviewer(vec![7, 8]).to_string(), "reviewer 7,8");
    }
}
