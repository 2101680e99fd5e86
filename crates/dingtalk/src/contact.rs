//! The directory APIs: people, departments, and the part of the company that the app may see.

mod record;

use std::borrow::Cow;

use secrecy::SecretString;
use serde_json::{Value, json};

use crate::client::Client;
use crate::error::ApiError;
use crate::ids::{self, DeptId, ROOT_DEPARTMENT};

use crate::lenient;
pub use record::{Department, Membership, Person};

/// The person that DingTalk finds by unionid.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contact {
    /// The person's userid.
    pub userid: String,
    /// False for an external contact, who must not be treated as an employee.
    pub is_internal: bool,
}

/// The part of the company that the app may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scopes {
    /// Roots of the visible subtrees; if they include the root department, the whole company is visible.
    pub departments: Vec<DeptId>,
    /// People who are visible individually; empty if the whole company is visible.
    pub users: Vec<String>,
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
    pub userid: Option<String>,
    /// The field that is missing or unreadable.
    pub field: &'static str,
}

/// An unreadable department record in a list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BadDepartment {
    /// The department's id, if at least that can be read.
    pub dept_id: Option<DeptId>,
    /// The field that is missing or unreadable.
    pub field: &'static str,
}

/// One page of a department's direct members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserPage {
    /// The readable and the unreadable records, in DingTalk's order.
    pub people: Vec<Result<ListedPerson, BadRecord>>,
    /// Start of the next page; `None` only if DingTalk reports that this is the last.
    pub next_cursor: Option<i64>,
}

const USER_GET: &str = "topapi/v2/user/get";
const USER_BY_UNIONID: &str = "topapi/user/getbyunionid";
const USER_LIST: &str = "topapi/v2/user/list";
const DEPARTMENT_GET: &str = "topapi/v2/department/get";
const DEPARTMENT_LIST_SUB: &str = "topapi/v2/department/listsub";
const AUTH_SCOPES: &str = "auth/scopes";

/// The largest page that DingTalk returns.
const PAGE_SIZE: i64 = 100;

impl Client {
    /// Returns the record of a member (`topapi/v2/user/get`).
    pub async fn user(&self, token: &SecretString, userid: &str) -> Result<Person, ApiError> {
        let answer = self
            .post(
                USER_GET,
                token,
                json!({"userid": userid, "language": "zh_CN"}),
            )
            .await?;
        let record = result(USER_GET, &answer)?;
        // A response about somebody else must not be written into this person's row.
        if record::userid(record).as_deref() != Ok(userid) {
            return Err(malformed(USER_GET, "userid"));
        }
        record::person(record).map_err(|field| bad_record(USER_GET, field))
    }

    /// Finds a person by unionid (`topapi/user/getbyunionid`).
    pub async fn userid_by_unionid(
        &self,
        token: &SecretString,
        unionid: &str,
    ) -> Result<Contact, ApiError> {
        let answer = self
            .post(USER_BY_UNIONID, token, json!({"unionid": unionid}))
            .await?;
        contact(result(USER_BY_UNIONID, &answer)?)
            .map_err(|field| malformed(USER_BY_UNIONID, field))
    }

    /// Returns the record of a department (`topapi/v2/department/get`).
    pub async fn department(
        &self,
        token: &SecretString,
        dept_id: DeptId,
    ) -> Result<Department, ApiError> {
        let answer = self
            .post(DEPARTMENT_GET, token, json!({"dept_id": dept_id}))
            .await?;
        let record = result(DEPARTMENT_GET, &answer)?;
        if record::department_id(record) != Some(dept_id) {
            return Err(malformed(DEPARTMENT_GET, "dept_id"));
        }
        record::department(record, None).map_err(|field| bad_record(DEPARTMENT_GET, field))
    }

    /// Returns a department's children, one level deep (`topapi/v2/department/listsub`). An unreadable record
    /// becomes a `BadDepartment`; ids at or below zero are left out.
    pub async fn sub_departments(
        &self,
        token: &SecretString,
        dept_id: DeptId,
    ) -> Result<Vec<Result<Department, BadDepartment>>, ApiError> {
        let answer = self
            .post(DEPARTMENT_LIST_SUB, token, json!({"dept_id": dept_id}))
            .await?;
        children(result(DEPARTMENT_LIST_SUB, &answer)?, dept_id)
            .map_err(|field| malformed(DEPARTMENT_LIST_SUB, field))
    }

    /// Returns a page of a department's direct members with full records (`topapi/v2/user/list`); the first
    /// cursor is 0.
    pub async fn users_of_department(
        &self,
        token: &SecretString,
        dept_id: DeptId,
        cursor: i64,
    ) -> Result<UserPage, ApiError> {
        let body = json!({"dept_id": dept_id, "cursor": cursor, "size": PAGE_SIZE, "contain_access_limit": true});
        let answer = self.post(USER_LIST, token, body).await?;
        user_page(result(USER_LIST, &answer)?, dept_id).map_err(|field| malformed(USER_LIST, field))
    }

    /// Returns the part of the company that the app may see (`auth/scopes`).
    pub async fn scopes(&self, token: &SecretString) -> Result<Scopes, ApiError> {
        let answer = self.get_with_token(AUTH_SCOPES, token).await?;
        scopes(&answer).map_err(|field| malformed(AUTH_SCOPES, field))
    }
}

fn malformed(api: &'static str, what: &'static str) -> ApiError {
    ApiError::Malformed { api, what }
}

fn bad_record(api: &'static str, field: &'static str) -> ApiError {
    ApiError::BadRecord { api, field }
}

fn result<'a>(api: &'static str, answer: &'a Value) -> Result<&'a Value, ApiError> {
    lenient::field(answer, "result").ok_or(malformed(api, "result"))
}

fn contact(result: &Value) -> Result<Contact, record::MissingField> {
    let kind = lenient::field(result, "contact_type")
        .and_then(lenient::number)
        .ok_or("contact_type")?;
    Ok(Contact {
        userid: record::userid(result)?,
        is_internal: kind == 0,
    })
}

fn children(
    result: &Value,
    parent: DeptId,
) -> Result<Vec<Result<Department, BadDepartment>>, record::MissingField> {
    let list = lenient::items(result).map_err(|_| "result")?;
    let of_the_company = list
        .iter()
        .filter(|item| record::department_id(item).is_none_or(|id| id > 0));
    let read = |item: &Value| {
        record::department(item, Some(parent)).map_err(|field| BadDepartment {
            dept_id: record::department_id(item),
            field,
        })
    };
    Ok(of_the_company.map(read).collect())
}

fn user_page(result: &Value, dept_id: DeptId) -> Result<UserPage, record::MissingField> {
    let has_more = lenient::field(result, "has_more")
        .and_then(lenient::boolean)
        .ok_or("has_more")?;
    let next_cursor = lenient::field(result, "next_cursor").and_then(lenient::number);
    // DingTalk may leave an empty list out. People known to be in the department are looked up before they are
    // treated as gone. If more pages follow, the people of this page are missing.
    let list = match lenient::field(result, "list") {
        Some(list) => lenient::items(list).map_err(|_| "list")?,
        None if has_more => return Err("list"),
        None => Cow::Borrowed(&[][..]),
    };
    Ok(UserPage {
        people: list
            .iter()
            .map(|item| record::listed_person(item, dept_id))
            .collect(),
        next_cursor: if has_more {
            Some(next_cursor.ok_or("next_cursor")?)
        } else {
            None
        },
    })
}

fn scopes(answer: &Value) -> Result<Scopes, record::MissingField> {
    let scopes = lenient::field(answer, "auth_org_scopes").ok_or("auth_org_scopes")?;
    let departments = lenient::list(scopes, "authed_dept").map_err(|_| "authed_dept")?;
    let departments: Option<Vec<DeptId>> = departments.iter().map(lenient::number).collect();
    let mut departments = departments.ok_or("authed_dept")?;
    departments.retain(|id| *id > 0);
    if departments.contains(&ROOT_DEPARTMENT) {
        return Ok(Scopes {
            departments,
            users: Vec::new(),
            unreadable_users: 0,
        });
    }
    let named = lenient::list(scopes, "authed_user").map_err(|_| "authed_user")?;
    let users: Vec<String> = named
        .iter()
        .filter_map(|id| ids::valid(lenient::as_string(id).ok()?))
        .collect();
    Ok(Scopes {
        departments,
        unreadable_users: named.len() - users.len(),
        users,
    })
}

#[cfg(test)]
mod tests;
