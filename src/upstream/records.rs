//! DingTalk's records with the product's own types: the only place that converts them.

use dingtalk::{ApiError, contact, login};

use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::{Department, Membership, Person};

/// A field that cannot be read.
type BadField = &'static str;

/// The person that DingTalk finds by unionid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    pub userid: UserId,
    /// False for an external contact, who must not be treated as an employee.
    pub is_internal: bool,
}

/// The part of the company that the app may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes {
    /// Roots of the visible subtrees; if they include the root department, the whole company is visible.
    pub departments: Vec<DeptId>,
    /// People who are visible individually; empty if the whole company is visible.
    pub users: Vec<UserId>,
    /// Number of further people whose userids cannot be read.
    pub unreadable_users: usize,
}

/// A person as listed by a department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedPerson {
    /// Order and leadership are set for the listed department only.
    pub person: Person,
    /// Whether the record names all departments of the person, not just the listed one.
    pub has_all_departments: bool,
}

/// An unreadable record in a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadRecord {
    /// The person's userid, if at least that can be read.
    pub userid: Option<UserId>,
    /// The field that is missing or unreadable.
    pub field: BadField,
}

/// One page of a department's direct members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPage {
    pub people: Vec<Result<ListedPerson, BadRecord>>,
    /// Start of the next page; `None` only if DingTalk reports that this is the last.
    pub next_cursor: Option<i64>,
}

/// The person who signed in on DingTalk's page: DingTalk identifies them, but does not say whether they work here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScannedPerson {
    /// A name chosen by the person.
    pub nick: String,
    pub unionid: UnionId,
}

/// The person who opened a page inside DingTalk, as a member of this company.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InAppPerson {
    pub userid: UserId,
    pub unionid: UnionId,
    pub name: String,
}

fn user_id(id: String) -> Result<UserId, BadField> {
    UserId::parse(id).map_err(|_| "userid")
}

fn union_id(id: String) -> Result<UnionId, BadField> {
    UnionId::parse(id).map_err(|_| "unionid")
}

fn read_person(record: contact::Person) -> Result<Person, BadField> {
    let membership = |it: contact::Membership| Membership {
        dept_id: it.dept_id,
        order: it.order,
        is_leader: it.is_leader,
    };
    Ok(Person {
        userid: user_id(record.userid)?,
        unionid: record.unionid.map(union_id).transpose()?,
        name: record.name,
        avatar: record.avatar,
        job_number: record.job_number,
        title: record.title,
        mobile: record.mobile,
        email: record.email,
        hired_date: record.hired_date,
        departments: record.departments.into_iter().map(membership).collect(),
    })
}

pub(super) fn person(api: &'static str, record: contact::Person) -> Result<Person, ApiError> {
    read_person(record).map_err(|field| ApiError::BadRecord { api, field })
}

pub(super) fn department(record: contact::Department) -> Department {
    Department {
        dept_id: record.dept_id,
        parent_id: record.parent_id,
        name: record.name,
        order: record.order,
    }
}

/// An entry of a list of departments.
pub type ListedDepartment = Result<Department, contact::BadDepartment>;

pub(super) fn departments(
    list: Vec<Result<contact::Department, contact::BadDepartment>>,
) -> Vec<ListedDepartment> {
    list.into_iter()
        .map(|record| record.map(department))
        .collect()
}

pub(super) fn user_page(page: contact::UserPage) -> UserPage {
    let bad = |userid: Option<String>, field| BadRecord {
        userid: userid.and_then(|id| user_id(id).ok()),
        field,
    };
    let listed = |record: contact::ListedPerson| {
        let userid = record.person.userid.clone();
        Ok(ListedPerson {
            person: read_person(record.person).map_err(|field| bad(Some(userid), field))?,
            has_all_departments: record.has_all_departments,
        })
    };
    let people = page.people.into_iter().map(|record| {
        record
            .map_err(|record| bad(record.userid, record.field))
            .and_then(listed)
    });
    UserPage {
        people: people.collect(),
        next_cursor: page.next_cursor,
    }
}

pub(super) fn scopes(scopes: contact::Scopes) -> Scopes {
    let named = scopes.users.len();
    let users: Vec<UserId> = scopes
        .users
        .into_iter()
        .filter_map(|id| user_id(id).ok())
        .collect();
    Scopes {
        departments: scopes.departments,
        unreadable_users: scopes.unreadable_users + named - users.len(),
        users,
    }
}

pub(super) fn contact(api: &'static str, found: contact::Contact) -> Result<Contact, ApiError> {
    Ok(Contact {
        userid: user_id(found.userid).map_err(|what| ApiError::Malformed { api, what })?,
        is_internal: found.is_internal,
    })
}

pub(super) fn scanned_person(
    api: &'static str,
    person: login::ScannedPerson,
) -> Result<ScannedPerson, ApiError> {
    Ok(ScannedPerson {
        nick: person.nick,
        unionid: union_id(person.unionid).map_err(|what| ApiError::Malformed { api, what })?,
    })
}

pub(super) fn in_app_person(
    api: &'static str,
    person: login::InAppPerson,
) -> Result<InAppPerson, ApiError> {
    let malformed = |what| ApiError::Malformed { api, what };
    Ok(InAppPerson {
        userid: user_id(person.userid).map_err(malformed)?,
        unionid: union_id(person.unionid).map_err(malformed)?,
        name: person.name,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(userid: &str) -> contact::Person {
        contact::Person {
            userid: userid.to_owned(),
            unionid: None,
            name: "张三".to_owned(),
            avatar: None,
            job_number: None,
            title: None,
            mobile: None,
            email: None,
            hired_date: None,
            departments: Vec::new(),
        }
    }

    #[test]
    fn an_id_that_we_cannot_store_is_an_unreadable_record() {
        let listed = |userid| {
            Ok(contact::ListedPerson {
                person: record(userid),
                has_all_departments: true,
            })
        };
        let page = user_page(contact::UserPage {
            people: vec![listed("a"), listed("")],
            next_cursor: Some(7),
        });
        assert!(page.people[0].is_ok());
        let bad = BadRecord {
            userid: None,
            field: "userid",
        };
        assert_eq!(page.people[1], Err(bad));
        let read = person("api", record(""));
        assert!(matches!(
            read,
            Err(ApiError::BadRecord {
                field: "userid",
                ..
            })
        ));
        let scopes = scopes(contact::Scopes {
            departments: vec![2],
            users: vec!["a".to_owned(), String::new()],
            unreadable_users: 1,
        });
        assert_eq!((scopes.users.len(), scopes.unreadable_users), (1, 2));
    }
}
