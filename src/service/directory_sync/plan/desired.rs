//! What a run knows about one person, merged from all departments that list them.

use chrono::{DateTime, Utc};

use crate::domain::ids::DeptId;
use crate::domain::person::{Membership, Person};
use crate::store::sync_staging::ObservedPerson;
use crate::upstream::ListedPerson;

/// A person as described by DingTalk during a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredPerson {
    pub person: Person,
    /// Time of the earliest request merged into this: an event that was looked up later is newer.
    pub asked_at: DateTime<Utc>,
    /// Time of the latest of them.
    last_asked_at: DateTime<Utc>,
    /// The departments whose order and leadership are known.
    described_departments: Vec<DeptId>,
    /// Whether these are all departments of the person, not just those whose lists were read.
    has_all_departments: bool,
}

impl From<ObservedPerson> for DesiredPerson {
    fn from(observed: ObservedPerson) -> Self {
        Self {
            person: observed.person,
            asked_at: observed.asked_at,
            last_asked_at: observed.last_asked_at,
            described_departments: observed.described_departments,
            has_all_departments: observed.has_all_departments,
        }
    }
}

impl From<DesiredPerson> for ObservedPerson {
    fn from(wanted: DesiredPerson) -> Self {
        Self {
            person: wanted.person,
            asked_at: wanted.asked_at,
            last_asked_at: wanted.last_asked_at,
            described_departments: wanted.described_departments,
            has_all_departments: wanted.has_all_departments,
        }
    }
}

impl DesiredPerson {
    /// Returns a person from the list of one department.
    pub fn listed(listed: ListedPerson, dept_id: DeptId, asked_at: DateTime<Utc>) -> Self {
        let ListedPerson {
            person,
            has_all_departments,
        } = listed;
        Self {
            person,
            asked_at,
            last_asked_at: asked_at,
            described_departments: vec![dept_id],
            has_all_departments,
        }
    }

    /// Returns a person who was looked up individually, with all their departments.
    pub fn whole(person: Person, asked_at: DateTime<Utc>) -> Self {
        let described_departments = person.departments.iter().map(|d| d.dept_id).collect();
        Self {
            person,
            asked_at,
            last_asked_at: asked_at,
            described_departments,
            has_all_departments: true,
        }
    }

    /// Merges what another department's list says about the same person: where fields differ, the later response
    /// wins; order and leadership come from the department's own list.
    pub fn merge(&mut self, mut other: Self) {
        if other.last_asked_at >= self.last_asked_at {
            std::mem::swap(self, &mut other);
        }
        if !self.has_all_departments {
            self.add_missing(&other.person.departments);
            self.has_all_departments = other.has_all_departments;
        }
        for place in other
            .person
            .departments
            .iter()
            .filter(|d| other.described_departments.contains(&d.dept_id))
        {
            if !self.described_departments.contains(&place.dept_id) {
                self.place(place);
            }
        }
        self.asked_at = self.asked_at.min(other.asked_at);
    }

    /// Whether all lists that name the person had already named them before.
    pub fn names_no_other_place_than(&self, earlier: &ObservedPerson) -> bool {
        let mut places = self.described_departments.iter();
        places.all(|place| earlier.described_departments.contains(place))
    }

    fn add_missing(&mut self, others: &[Membership]) {
        let own = &mut self.person.departments;
        let missing: Vec<_> = others
            .iter()
            .filter(|o| own.iter().all(|d| d.dept_id != o.dept_id))
            .cloned()
            .collect();
        own.extend(missing);
        own.sort_unstable();
    }

    /// Copies order and leadership in a department of the person.
    fn place(&mut self, place: &Membership) {
        if let Some(own) = self
            .person
            .departments
            .iter_mut()
            .find(|d| d.dept_id == place.dept_id)
        {
            own.clone_from(place);
            self.described_departments.push(place.dept_id);
        }
    }

    /// Returns the person as to be stored: fields that DingTalk omitted this time keep their stored values.
    pub fn completed_from(&self, stored: &Person) -> Person {
        let mut person = self.person.clone();
        if person.unionid.is_none() {
            person.unionid.clone_from(&stored.unionid);
        }
        for own in &mut person.departments {
            let Some(place) = stored.departments.iter().find(|d| d.dept_id == own.dept_id) else {
                continue;
            };
            own.order = own.order.or(place.order);
            if !self.described_departments.contains(&own.dept_id) {
                own.is_leader = place.is_leader;
            }
        }
        person
    }
}

#[cfg(test)]
mod tests;
