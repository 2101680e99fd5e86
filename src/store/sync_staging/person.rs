//! A person as JSON, which can hold any text from DingTalk, even NUL: no text column has to store it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::domain::ids::{DeptId, UnionId, UserId};
use crate::domain::person::{Membership, Person};

/// A person without the userid.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct PersonJson {
    unionid: Option<String>,
    name: String,
    avatar: Option<String>,
    job_number: Option<String>,
    title: Option<String>,
    mobile: Option<String>,
    email: Option<String>,
    hired_date: Option<DateTime<Utc>>,
    /// Department, order, leadership.
    departments: Vec<(DeptId, Option<i64>, bool)>,
}

impl PersonJson {
    pub fn of(person: &Person) -> Self {
        let places = person.departments.iter();
        Self {
            unionid: person.unionid.clone().map(UnionId::into_string),
            name: person.name.clone(),
            avatar: person.avatar.clone(),
            job_number: person.job_number.clone(),
            title: person.title.clone(),
            mobile: person.mobile.clone(),
            email: person.email.clone(),
            hired_date: person.hired_date,
            departments: places
                .map(|place| (place.dept_id, place.order, place.is_leader))
                .collect(),
        }
    }

    pub fn read(self, userid: UserId) -> Person {
        let places = self.departments.into_iter();
        Person {
            userid,
            unionid: self.unionid.and_then(|id| UnionId::parse(id).ok()),
            name: self.name,
            avatar: self.avatar,
            job_number: self.job_number,
            title: self.title,
            mobile: self.mobile,
            email: self.email,
            hired_date: self.hired_date,
            departments: places
                .map(|(dept_id, order, is_leader)| Membership {
                    dept_id,
                    order,
                    is_leader,
                })
                .collect(),
        }
    }
}
