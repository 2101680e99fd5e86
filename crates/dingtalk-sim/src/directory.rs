//! The people and departments of one company, and what an administrator may do with them.

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

/// The root of every company; it is nobody's child.
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
    /// Up to 63 bits, larger is higher in the list.
    pub order: i64,
    pub leader: bool,
}

/// A member of the company, or one who was; empty text means that there is none.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[allow(
    clippy::struct_excessive_bools,
    reason = "DingTalk's record has them as independent fields"
)]
pub struct Person {
    pub userid: String,
    pub unionid: String,
    pub name: String,
    /// What the person calls themselves in their own account; scans give this name.
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
    /// Left out of lists that are not asked for with `contain_access_limit`.
    pub access_limited: bool,
}

/// Somebody outside the company who has a `DingTalk` account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outsider {
    pub unionid: String,
    pub nick: String,
    /// The userid under which the company keeps this person as an external contact, if it does.
    pub external_userid: Option<String>,
}

/// A person to hire; only the name is needed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct NewPerson {
    pub name: String,
    /// Chosen by the stand-in when absent.
    pub userid: Option<String>,
    /// Made from the userid when absent.
    pub unionid: Option<String>,
    pub nick: Option<String>,
    pub title: String,
    pub mobile: String,
    pub email: String,
    pub job_number: String,
    /// The root when empty.
    pub departments: Vec<i64>,
    pub access_limited: bool,
}

impl NewPerson {
    /// A newcomer of whom only the name is known.
    pub fn named(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            ..Self::default()
        }
    }
}

/// What is to be otherwise about a person; `None` leaves a field alone.
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
    /// All departments the person is to be in; places that stay keep their order and leadership.
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
    /// A company of this name with a root department and nobody in it.
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

    /// A number that no earlier call gave.
    pub(crate) fn draw_number(&mut self) -> i64 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// The company's name, which the root department bears.
    pub fn company_name(&self) -> &str {
        self.department(ROOT).map_or("", |root| root.name.as_str())
    }
}

#[cfg(test)]
mod tests;
