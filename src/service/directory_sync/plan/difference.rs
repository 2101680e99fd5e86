//! Compares people and departments field by field.

use std::fmt::Write;

use chrono::{DateTime, Utc};

use crate::domain::ids::UnionId;
use crate::domain::person::{Department, Membership, Person};

/// A changed field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The column name.
    pub field: &'static str,
    /// Empty if there was no value.
    pub old: String,
    /// Empty if there is no value any more.
    pub new: String,
}

/// Returns the fields in which two descriptions of one person differ.
pub fn between(old: &Person, new: &Person) -> Vec<Difference> {
    let fields = [
        ("unionid", id(old), id(new)),
        ("name", old.name.clone(), new.name.clone()),
        (
            "avatar",
            text(old.avatar.as_ref()),
            text(new.avatar.as_ref()),
        ),
        (
            "job_number",
            text(old.job_number.as_ref()),
            text(new.job_number.as_ref()),
        ),
        ("title", text(old.title.as_ref()), text(new.title.as_ref())),
        (
            "mobile",
            text(old.mobile.as_ref()),
            text(new.mobile.as_ref()),
        ),
        ("email", text(old.email.as_ref()), text(new.email.as_ref())),
        ("hired_date", day(old.hired_date), day(new.hired_date)),
        (
            "departments",
            departments(&old.departments),
            departments(&new.departments),
        ),
    ];
    let differing = fields.into_iter().filter(|(_, old, new)| old != new);
    differing
        .map(|(field, old, new)| Difference { field, old, new })
        .collect()
}

/// Returns the fields in which two descriptions of one department differ.
pub fn between_departments(old: &Department, new: &Department) -> Vec<Difference> {
    let number = |value: Option<i64>| value.map(|value| value.to_string()).unwrap_or_default();
    let fields = [
        ("name", old.name.clone(), new.name.clone()),
        ("parent_id", number(old.parent_id), number(new.parent_id)),
        ("sort_order", number(old.order), number(new.order)),
    ];
    let differing = fields.into_iter().filter(|(_, old, new)| old != new);
    differing
        .map(|(field, old, new)| Difference { field, old, new })
        .collect()
}

fn id(person: &Person) -> String {
    person
        .unionid
        .clone()
        .map(UnionId::into_string)
        .unwrap_or_default()
}

fn text(value: Option<&String>) -> String {
    value.cloned().unwrap_or_default()
}

fn day(moment: Option<DateTime<Utc>>) -> String {
    moment.map(|moment| moment.to_rfc3339()).unwrap_or_default()
}

/// Formats memberships, for example `1, 410020033 (order 176292748870660512, leader)`.
fn departments(memberships: &[Membership]) -> String {
    let mut out = String::new();
    for membership in memberships {
        let separator = if out.is_empty() { "" } else { ", " };
        let order = membership.order.map(|order| format!("order {order}"));
        let leader = membership.is_leader.then(|| "leader".to_owned());
        let notes: Vec<String> = order.into_iter().chain(leader).collect();
        let notes = if notes.is_empty() {
            String::new()
        } else {
            format!(" ({})", notes.join(", "))
        };
        // Writing into a String cannot fail.
        let _written = write!(out, "{separator}{}{notes}", membership.dept_id);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::UserId;

    fn person() -> Person {
        Person {
            userid: UserId::parse("a").unwrap(),
            unionid: None,
            name: "甲".to_owned(),
            avatar: None,
            job_number: None,
            title: None,
            mobile: None,
            email: None,
            hired_date: None,
            departments: vec![],
        }
    }

    #[test]
    fn each_field_that_differs_is_named_with_its_old_and_new_value() {
        let mut new = person();
        new.title = Some("经理".to_owned());
        new.hired_date = DateTime::from_timestamp_millis(1_600_000_000_000);
        new.departments = vec![
            Membership {
                dept_id: 1,
                order: None,
                is_leader: false,
            },
            Membership {
                dept_id: 7,
                order: Some(9_007_199_254_740_993),
                is_leader: true,
            },
        ];
        let found: Vec<_> = between(&person(), &new)
            .into_iter()
            .map(|d| (d.field, d.old, d.new))
            .collect();
        let line = |field, new: &str| (field, String::new(), new.to_owned());
        assert_eq!(
            found,
            [
                line("title", "经理"),
                line("hired_date", "2020-09-13T12:26:40+00:00"),
                line("departments", "1, 7 (order 9007199254740993, leader)"),
            ]
        );
        assert!(between(&new, &new).is_empty());
    }

    #[test]
    fn people_who_are_not_equal_differ_in_some_field() {
        let changes: [fn(&mut Person); 9] = [
            |p| p.unionid = UnionId::parse("u").ok(),
            |p| p.name = "乙".to_owned(),
            |p| p.avatar = Some("x".to_owned()),
            |p| p.job_number = Some("x".to_owned()),
            |p| p.title = Some("x".to_owned()),
            |p| p.mobile = Some("x".to_owned()),
            |p| p.email = Some("x".to_owned()),
            |p| p.hired_date = DateTime::from_timestamp_millis(1),
            |p| {
                p.departments.push(Membership {
                    dept_id: 1,
                    order: Some(0),
                    is_leader: false,
                });
            },
        ];
        for change in changes {
            let mut new = person();
            change(&mut new);
            assert_eq!(between(&person(), &new).len(), 1, "{new:?}");
        }
    }

    #[test]
    fn each_field_of_a_department_that_differs_is_named_with_its_old_and_new_value() {
        let old = Department {
            dept_id: 7,
            parent_id: Some(1),
            name: "研发".to_owned(),
            order: None,
        };
        let new = Department {
            parent_id: None,
            order: Some(-3),
            ..old.clone()
        };
        let line = |field, old: &str, new: &str| Difference {
            field,
            old: old.to_owned(),
            new: new.to_owned(),
        };
        assert_eq!(
            between_departments(&old, &new),
            [line("parent_id", "1", ""), line("sort_order", "", "-3")]
        );
        let renamed = Department {
            name: "研究".to_owned(),
            ..old.clone()
        };
        assert_eq!(
            between_departments(&old, &renamed),
            [line("name", "研发", "研究")]
        );
        assert_eq!(between_departments(&old, &old), []);
    }
}
