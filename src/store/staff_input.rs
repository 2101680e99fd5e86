//! People as the argument of the SQL function `staff_input`, which returns them as rows.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::StoreError;
use crate::domain::ids::UnionId;
use crate::domain::person::Person;

/// A person to write, and when DingTalk was asked about them.
#[derive(Debug, Clone, Copy)]
pub struct StaffInput<'a> {
    pub person: &'a Person,
    pub asked_at: DateTime<Utc>,
}

#[derive(Serialize)]
struct Row<'a> {
    userid: &'a str,
    unionid: Option<&'a str>,
    name: &'a str,
    avatar: Option<&'a str>,
    job_number: Option<&'a str>,
    title: Option<&'a str>,
    mobile: Option<&'a str>,
    email: Option<&'a str>,
    hired_date: Option<DateTime<Utc>>,
    observed_at: DateTime<Utc>,
}

/// Returns people as JSON text.
pub(super) fn staff_json(people: &[StaffInput<'_>]) -> Result<String, StoreError> {
    let rows = people.iter().map(|StaffInput { person, asked_at }| Row {
        userid: person.userid.as_str(),
        unionid: person.unionid.as_ref().map(UnionId::as_str),
        name: &person.name,
        avatar: person.avatar.as_deref(),
        job_number: person.job_number.as_deref(),
        title: person.title.as_deref(),
        mobile: person.mobile.as_deref(),
        email: person.email.as_deref(),
        hired_date: person.hired_date,
        observed_at: *asked_at,
    });
    to_json(&rows.collect::<Vec<_>>())
}

/// Returns a value as the text of a JSON column.
pub(super) fn to_json(value: &impl Serialize) -> Result<String, StoreError> {
    serde_json::to_string(value).map_err(|error| sqlx::Error::Encode(error.into()).into())
}
