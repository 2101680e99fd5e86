//! Lists the people with a role, and the source of their rights.

use crate::context::Context;
use crate::domain::ids::{UnionId, UserId};
use crate::domain::listed_admins::{Entitlement, ListedAdmins};
use crate::domain::rights::{Rights, Role};
use crate::store::admin_grant::{self, AdminRow};
use crate::store::{Conn, StoreError};

/// A person with a role, and the source of the rights.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Administrator {
    pub userid: UserId,
    /// `None` if the person is not in the staff table.
    pub name: Option<String>,
    /// `None` if the settings do not list the userid.
    pub in_settings: Option<Entitlement>,
    pub is_employed: bool,
    pub is_granted: bool,
    /// The rights that are in force or, if none are, would be.
    pub rights: Rights,
    /// Whether the rights are in force.
    pub is_in_force: bool,
    pub bound_unionid: Option<UnionId>,
}

impl Administrator {
    /// Returns whether the person has an administrator's rights now.
    pub fn is_admin(&self) -> bool {
        self.is_in_force && self.rights.role() == Role::Admin
    }
}

/// Returns everybody with a grant or an entry in the settings, by userid.
pub async fn list(ctx: &Context) -> Result<Vec<Administrator>, StoreError> {
    let listed = &ctx.config.login.admins;
    ctx.db
        .read(async |conn| administrators(conn, listed).await)
        .await
}

/// Returns everybody with a grant or an entry in the settings, by userid, on a connection.
pub async fn administrators(
    conn: &mut Conn,
    listed: &ListedAdmins,
) -> Result<Vec<Administrator>, StoreError> {
    let rows = admin_grant::list(conn, listed).await?;
    Ok(rows
        .into_iter()
        .map(|row| {
            let in_settings = listed
                .contains(&row.userid)
                .then(|| entitlement(&row, listed.demanded(&row.userid)));
            let is_listed_now = in_settings == Some(Entitlement::InForce);
            let granted = row
                .role
                .map(|role| Rights::granted(role, row.departments.clone()));
            // An entry in the settings that is not in force leaves the grant as it is.
            let rights =
                granted.filter(|_| row.has_grant && !is_listed_now || in_settings.is_none());
            Administrator {
                rights: rights.unwrap_or(Rights::ADMIN),
                is_in_force: row.has_grant || is_listed_now,
                in_settings,
                is_employed: row.is_employed,
                userid: row.userid,
                name: row.name,
                is_granted: row.is_granted,
                bound_unionid: row.bound_unionid,
            }
        })
        .collect())
}

fn entitlement(row: &AdminRow, demanded: Option<&UnionId>) -> Entitlement {
    let Some(bound) = &row.bound_unionid else {
        return if row.is_bound {
            Entitlement::Unknown
        } else {
            Entitlement::NotBound
        };
    };
    if demanded.is_some_and(|demanded| demanded != bound) {
        return Entitlement::Contradicted;
    }
    if row.is_employed && row.unionid.as_ref().is_some_and(|unionid| unionid != bound) {
        return Entitlement::AccountChanged;
    }
    if row.is_ended {
        return Entitlement::Ended;
    }
    if row.is_employed && row.unionid.is_some() {
        Entitlement::InForce
    } else {
        Entitlement::NoRow
    }
}

#[cfg(test)]
mod tests;
