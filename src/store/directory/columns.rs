//! Converts people to columns for `unnest`.

use chrono::{DateTime, Utc};

use crate::domain::ids::UnionId;
use crate::domain::person::Person;

/// A person to write, and when DingTalk was asked about them.
#[derive(Debug, Clone, Copy)]
pub struct WrittenRow<'a> {
    pub person: &'a Person,
    pub asked_at: DateTime<Utc>,
}

/// The columns of some people, all of the same length.
pub(super) struct Columns {
    pub userids: Vec<String>,
    pub unionids: Vec<Option<String>>,
    pub names: Vec<String>,
    pub avatars: Vec<Option<String>>,
    pub job_numbers: Vec<Option<String>>,
    pub titles: Vec<Option<String>>,
    pub mobiles: Vec<Option<String>>,
    pub emails: Vec<Option<String>>,
    pub hired_dates: Vec<Option<DateTime<Utc>>>,
    pub asked_at: Vec<DateTime<Utc>>,
}

impl Columns {
    pub fn of(people: &[WrittenRow<'_>]) -> Self {
        let texts = |read: fn(&Person) -> Option<&String>| {
            people.iter().map(|row| read(row.person).cloned()).collect()
        };
        Self {
            userids: people
                .iter()
                .map(|row| row.person.userid.as_str().to_owned())
                .collect(),
            unionids: people
                .iter()
                .map(|row| row.person.unionid.clone().map(UnionId::into_string))
                .collect(),
            names: people.iter().map(|row| row.person.name.clone()).collect(),
            avatars: texts(|person| person.avatar.as_ref()),
            job_numbers: texts(|person| person.job_number.as_ref()),
            titles: texts(|person| person.title.as_ref()),
            mobiles: texts(|person| person.mobile.as_ref()),
            emails: texts(|person| person.email.as_ref()),
            hired_dates: people.iter().map(|row| row.person.hired_date).collect(),
            asked_at: people.iter().map(|row| row.asked_at).collect(),
        }
    }
}
