//! The people and departments of one company, and the changes an administrator can make.

mod bulk;
mod departments;
mod people;
mod queries;
mod staff;
mod tree;

pub use bulk::Bulk;
pub(crate) use people::{is_userid, made_up_unionid};

use serde::{Deserialize, Serialize};

use self::{staff::Staff, tree::Tree};

/// The root department of every company; it has no parent.
pub const ROOT: i64 = 1;

/// A department; the root has parent 0.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Department {
    pub dept_id: i64,
    pub name: String,
    pub parent_id: i64,
    pub order: i64,
}

/// One department that a person belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Membership {
    pub dept_id: i64,
    /// Up to 63 bits; a larger value is higher in the list.
    pub order: i64,
    pub leader: bool,
}

/// A current or former member of the company; an empty text means that there is no value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "DingTalk's record has them as independent fields"
)]
pub struct Person {
    pub userid: String,
    pub unionid: String,
    pub name: String,
    /// The name chosen in the person's own account; scans return this name.
    pub nick: String,
    pub title: String,
    pub mobile: String,
    pub email: String,
    pub org_email: String,
    pub avatar: String,
    pub job_number: String,
    pub work_place: String,
    pub manager_userid: String,
    /// Unix milliseconds.
    pub hired_date: i64,
    /// Unix milliseconds of the last change.
    pub modified_at: i64,
    pub memberships: Vec<Membership>,
    pub active: bool,
    pub admin: bool,
    pub boss: bool,
    pub senior: bool,
    /// Left out of lists requested without `contain_access_limit`.
    pub access_limited: bool,
}

/// A person outside the company who has a `DingTalk` account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outsider {
    pub unionid: String,
    pub nick: String,
    /// The userid under which the company keeps this person as an external contact, if it does.
    pub external_userid: Option<String>,
}

/// A person to hire; only the name is required.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewPerson {
    pub name: String,
    /// Chosen by the simulator if absent.
    pub userid: Option<String>,
    /// Derived from the userid if absent.
    pub unionid: Option<String>,
    pub nick: Option<String>,
    pub title: String,
    pub mobile: String,
    pub email: String,
    pub job_number: String,
    /// The root if empty.
    pub departments: Vec<i64>,
    pub access_limited: bool,
}

impl NewPerson {
    /// Returns a new person with only a name.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

/// Changes to a person; `None` leaves a field unchanged.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct PersonChange {
    pub name: Option<String>,
    pub nick: Option<String>,
    pub unionid: Option<String>,
    pub title: Option<String>,
    pub mobile: Option<String>,
    pub email: Option<String>,
    pub job_number: Option<String>,
    pub avatar: Option<String>,
    /// All departments of the person after the change; memberships that remain keep their order and leadership.
    pub departments: Option<Vec<i64>>,
    /// Departments to lead among them.
    pub leads: Option<Vec<i64>>,
    pub active: Option<bool>,
}

/// One company's directory.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Directory {
    departments: Tree,
    people: Staff,
    former: Vec<Person>,
    outsiders: Vec<Outsider>,
    next_number: i64,
}

impl Directory {
    /// Returns a company of this name with a root department and no people.
    pub fn empty(company: &str) -> Self {
        Self {
            departments: Tree::from(vec![Department {
                dept_id: ROOT,
                name: company.to_owned(),
                parent_id: 0,
                order: 0,
            }]),
            people: Staff::default(),
            former: Vec::new(),
            outsiders: Vec::new(),
            next_number: 1,
        }
    }

    /// Returns a number that no earlier call returned.
    pub(crate) fn draw_number(&mut self) -> i64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// Returns the company's name, which is also that of the root department.
    pub fn company_name(&self) -> &str {
        self.department(ROOT).map_or("", |root| root.name.as_str())
    }
}

#[cfg(test)]
mod tests;
