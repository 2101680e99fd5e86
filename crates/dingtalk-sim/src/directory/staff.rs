//! The employed people, indexed by id and by department.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Person;

/// All current employees, with indexes into the list.
#[derive(Clone, Debug, Default)]
pub(super) struct Staff {
    people: Vec<Person>,
    by_userid: HashMap<String, usize>,
    /// Usually one each; two if a person is listed under a new userid and still under the old one.
    by_unionid: HashMap<String, Vec<usize>>,
    by_department: HashMap<i64, Vec<usize>>,
}

impl Staff {
    pub(super) fn all(&self) -> &[Person] {
        &self.people
    }

    pub(super) fn by_userid(&self, userid: &str) -> Option<&Person> {
        self.people.get(*self.by_userid.get(userid)?)
    }

    pub(super) fn by_unionid(&self, unionid: &str) -> Option<&Person> {
        self.people.get(*self.by_unionid.get(unionid)?.first()?)
    }

    /// Returns the direct members of a department, in no particular order.
    pub(super) fn members(&self, dept_id: i64) -> impl Iterator<Item = &Person> {
        let places = self.by_department.get(&dept_id).into_iter().flatten();
        places.filter_map(|place| self.people.get(*place))
    }

    pub(super) fn push(&mut self, person: Person) {
        let place = self.people.len();
        self.index(&person, place);
        self.people.push(person);
    }

    /// Replaces the record of this userid.
    pub(super) fn replace(&mut self, userid: &str, person: Person) {
        let Some(&place) = self.by_userid.get(userid) else {
            return;
        };
        self.forget(place);
        self.index(&person, place);
        if let Some(slot) = self.people.get_mut(place) {
            *slot = person;
        }
    }

    /// Removes a person; the last in the list takes the free position.
    pub(super) fn remove(&mut self, userid: &str) -> Option<Person> {
        let &place = self.by_userid.get(userid)?;
        let last = self.people.len().checked_sub(1)?;
        self.forget(place);
        if place != last {
            self.forget(last);
        }
        let person = self.people.swap_remove(place);
        if let Some(moved) = self.people.get(place).cloned() {
            self.index(&moved, place);
        }
        Some(person)
    }

    fn index(&mut self, person: &Person, place: usize) {
        self.by_userid.insert(person.userid.clone(), place);
        self.by_unionid
            .entry(person.unionid.clone())
            .or_default()
            .push(place);
        for dept_id in person.department_ids() {
            self.by_department.entry(dept_id).or_default().push(place);
        }
    }

    fn forget(&mut self, place: usize) {
        let Some(person) = self.people.get(place) else {
            return;
        };
        self.by_userid.remove(&person.userid);
        if let Some(places) = self.by_unionid.get_mut(&person.unionid) {
            places.retain(|other| *other != place);
        }
        for dept_id in person.department_ids() {
            if let Some(places) = self.by_department.get_mut(&dept_id) {
                places.retain(|other| *other != place);
            }
        }
    }
}

impl Serialize for Staff {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.people.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Staff {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let mut staff = Self::default();
        for person in Vec::<Person>::deserialize(from)? {
            staff.push(person);
        }
        Ok(staff)
    }
}
