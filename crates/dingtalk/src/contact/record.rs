//! People and departments, and how they are parsed from DingTalk's records.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::{BadRecord, ListedPerson};
use crate::bounds::MAX_NAME_CHARS;
use crate::ids::{self, DeptId, ROOT_DEPARTMENT};
use crate::lenient::{self, WrongShape};

/// DingTalk's record of one member.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Unique within the company; compared byte by byte, never changed by DingTalk.
    pub userid: String,
    /// The same in all apps of one developer account; `None` where the app may not read it.
    pub unionid: Option<String>,
    /// The name, cut to 200 characters.
    pub name: String,
    /// URL of the avatar.
    pub avatar: Option<String>,
    /// The company's number for the person.
    pub job_number: Option<String>,
    /// Job title.
    pub title: Option<String>,
    /// Mobile number.
    pub mobile: Option<String>,
    /// The company's address for the person, else their own.
    pub email: Option<String>,
    /// When the person was hired.
    pub hired_date: Option<DateTime<Utc>>,
    /// One entry per department, ordered by department id, without duplicates.
    pub departments: Vec<Membership>,
}

/// A person's membership of a department.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Membership {
    /// The department.
    pub dept_id: DeptId,
    /// DingTalk's sort order, beyond 2^53 in practice.
    pub order: Option<i64>,
    /// Whether the person leads the department.
    pub is_leader: bool,
}

/// A department.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// The department's id.
    pub dept_id: DeptId,
    /// `None` for the root.
    pub parent_id: Option<DeptId>,
    /// The name, cut to 200 characters.
    pub name: String,
    /// DingTalk's sort order.
    pub order: Option<i64>,
}

/// A field that is missing from a record or cannot be read.
pub type MissingField = &'static str;

/// Parses a person from `topapi/v2/user/get`, with order and leadership of every department.
pub fn person(record: &Value) -> Result<Person, MissingField> {
    let ids = department_ids(record)?;
    let orders = by_department(record, "dept_order_list", "order", lenient::number)
        .ok_or("dept_order_list")?;
    let leaders = by_department(record, "leader_in_dept", "leader", lenient::boolean)
        .ok_or("leader_in_dept")?;
    let departments = ids.into_iter().map(|dept_id| Membership {
        dept_id,
        order: orders.get(&dept_id).copied(),
        is_leader: leaders.get(&dept_id).copied().unwrap_or(false),
    });
    person_in(record, departments.collect())
}

/// Parses a person from `topapi/v2/user/list`: order and leadership are those in the listed department.
pub fn listed_person(record: &Value, listed: DeptId) -> Result<ListedPerson, BadRecord> {
    read_listed_person(record, listed).map_err(|field| BadRecord {
        userid: userid(record).ok(),
        field,
    })
}

fn read_listed_person(record: &Value, listed: DeptId) -> Result<ListedPerson, MissingField> {
    let mut ids = department_ids(record)?;
    let has_all_departments = !ids.is_empty();
    if !has_all_departments {
        ids.push(listed);
    }
    let departments = ids.into_iter().map(|dept_id| Membership {
        dept_id,
        order: value_if(dept_id == listed, record, "dept_order").and_then(lenient::number),
        is_leader: value_if(dept_id == listed, record, "leader")
            .and_then(lenient::boolean)
            .unwrap_or(false),
    });
    Ok(ListedPerson {
        person: person_in(record, departments.collect())?,
        has_all_departments,
    })
}

fn value_if<'a>(wanted: bool, record: &'a Value, name: &str) -> Option<&'a Value> {
    lenient::field(record, name).filter(|_| wanted)
}

fn person_in(record: &Value, departments: Vec<Membership>) -> Result<Person, MissingField> {
    let optional = |name| lenient::display_text(record, name);
    Ok(Person {
        userid: userid(record)?,
        unionid: unionid(record)?,
        name: name(record)?,
        avatar: optional("avatar"),
        job_number: optional("job_number"),
        title: optional("title"),
        mobile: optional("mobile"),
        email: optional("org_email").or_else(|| optional("email")),
        hired_date: lenient::unix_millis(record, "hired_date"),
        departments,
    })
}

/// Returns the record's name, which is required.
fn name(record: &Value) -> Result<String, MissingField> {
    let name = lenient::display_text(record, "name").ok_or("name")?;
    Ok(lenient::shortened(&name, MAX_NAME_CHARS))
}

/// Returns the record's userid, which is required.
pub fn userid(record: &Value) -> Result<String, MissingField> {
    let text = lenient::text(record, "userid")
        .ok()
        .flatten()
        .ok_or("userid")?;
    ids::valid(text).ok_or("userid")
}

/// Returns the record's unionid, or `None` if the app may not see it.
pub fn unionid(record: &Value) -> Result<Option<String>, MissingField> {
    let text = lenient::text(record, "unionid").map_err(|WrongShape| "unionid")?;
    text.map(|text| ids::valid(text).ok_or("unionid"))
        .transpose()
}

/// Returns the ids of `dept_id_list`, sorted and without duplicates; home-school departments are left out.
fn department_ids(record: &Value) -> Result<Vec<DeptId>, MissingField> {
    let list = lenient::list(record, "dept_id_list").map_err(|WrongShape| "dept_id_list")?;
    let ids: Option<Vec<DeptId>> = list.iter().map(lenient::number).collect();
    let mut ids = ids.ok_or("dept_id_list")?;
    ids.retain(|id| *id > 0);
    ids.sort_unstable();
    ids.dedup();
    Ok(ids)
}

/// Returns a list of `{dept_id, <name>}` as a map; entries without a readable value are left out.
fn by_department<T>(
    record: &Value,
    list: &str,
    name: &str,
    read: fn(&Value) -> Option<T>,
) -> Option<BTreeMap<DeptId, T>> {
    let list = lenient::list(record, list).ok()?;
    let entry = |item: &Value| {
        let dept_id = lenient::field(item, "dept_id").and_then(lenient::number)?;
        Some((dept_id, lenient::field(item, name).and_then(read)?))
    };
    Some(list.iter().filter_map(entry).collect())
}

/// Parses a department; `default_parent` is used if the record names no parent.
pub fn department(
    record: &Value,
    default_parent: Option<DeptId>,
) -> Result<Department, MissingField> {
    let dept_id = department_id(record)
        .filter(|id| *id > 0)
        .ok_or("dept_id")?;
    let parent_id = lenient::field(record, "parent_id")
        .and_then(lenient::number)
        .or(default_parent);
    Ok(Department {
        dept_id,
        parent_id: parent_id.filter(|parent| *parent > 0 && dept_id != ROOT_DEPARTMENT),
        name: name(record)?,
        order: lenient::field(record, "order").and_then(lenient::number),
    })
}

/// Returns the record's department id, of either sign.
pub fn department_id(record: &Value) -> Option<DeptId> {
    lenient::field(record, "dept_id").and_then(lenient::number)
}
