//! Texts of `dinggate admin`.

use crate::domain::listed_admins::Entitlement;
use crate::domain::rights::Role;
use crate::text::messages;

messages! {
    DEPARTMENTS_NEED_REVIEWER =
        "--departments goes only with --role reviewer: no other role is limited to departments\n";
    /// Of a grant that is not in force.
    GRANT_CHANGED = "the account or the employment has changed";
    limited_to(departments) = " limited to {departments}";
    revoked(userid, title) = "{userid} is no longer {title}\n";
    granted(userid, title, limit) = "{userid} is now {title}{limit}\n";
    unchanged(userid, title, limit) = "{userid} was already {title}{limit}\n";
    changed(userid, title, limit, before) = "{userid} is now {title}{limit}; before: {before}\n";
}

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
