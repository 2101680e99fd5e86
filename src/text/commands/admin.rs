//! Texts of `dinggate admin`.

use crate::domain::listed_admins::Entitlement;
use crate::domain::rights::Role;

pub const DEPARTMENTS_NEED_REVIEWER: &str =
    "--departments goes only with --role reviewer: no other role is limited to departments\n";

/// Of a grant that is not in force.
pub const GRANT_CHANGED: &str = "the account or the employment has changed";

/// Returns a role as the title of a person.
pub fn title(role: Role) -> &'static str {
    match role {
        Role::Admin => "an administrator",
        Role::Reviewer => "a reviewer",
        Role::Auditor => "an auditor",
    }
}

/// Returns why an entry of the settings has no effect, or `None` if it has.
pub fn entitlement_problem(entitlement: Entitlement) -> Option<&'static str> {
    Some(match entitlement {
        Entitlement::InForce => return None,
        Entitlement::NotBound => "not bound yet",
        Entitlement::Unknown => "unknown to DingTalk when it was to be bound",
        Entitlement::Contradicted => "bound to another unionid than the setting names",
        Entitlement::Ended => "the employment has ended since",
        Entitlement::AccountChanged => "the account has changed",
        Entitlement::NoRow => "not in the staff table",
    })
}
