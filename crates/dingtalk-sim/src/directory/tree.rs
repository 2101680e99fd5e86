//! The departments, indexed by id and by parent.

use std::collections::HashMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Department;

/// All departments in order of creation, with indexes into the list.
#[derive(Clone, Debug, Default)]
pub(super) struct Tree {
    departments: Vec<Department>,
    by_id: HashMap<i64, usize>,
    by_parent: HashMap<i64, Vec<usize>>,
}

impl Tree {
    pub(super) fn all(&self) -> &[Department] {
        &self.departments
    }

    pub(super) fn get(&self, dept_id: i64) -> Option<&Department> {
        self.departments.get(*self.by_id.get(&dept_id)?)
    }

    pub(super) fn children(&self, dept_id: i64) -> impl Iterator<Item = &Department> {
        let places = self.by_parent.get(&dept_id).into_iter().flatten();
        places.filter_map(|place| self.departments.get(*place))
    }

    pub(super) fn push(&mut self, department: Department) {
        let place = self.departments.len();
        self.by_id.insert(department.dept_id, place);
        let siblings = self.by_parent.entry(department.parent_id).or_default();
        siblings.push(place);
        self.departments.push(department);
    }

    /// Changes one department and returns the changed copy.
    pub(super) fn change(
        &mut self,
        dept_id: i64,
        change: impl FnOnce(&mut Department),
    ) -> Option<Department> {
        let place = *self.by_id.get(&dept_id)?;
        let department = self.departments.get_mut(place)?;
        let parent_id = department.parent_id;
        change(department);
        let changed = department.clone();
        if changed.parent_id != parent_id {
            self.index_anew();
        }
        Some(changed)
    }

    pub(super) fn remove(&mut self, dept_id: i64) {
        self.departments.retain(|d| d.dept_id != dept_id);
        self.index_anew();
    }

    fn index_anew(&mut self) {
        let departments = std::mem::take(&mut self.departments);
        *self = Self::from(departments);
    }
}

impl From<Vec<Department>> for Tree {
    fn from(departments: Vec<Department>) -> Self {
        let mut tree = Self::default();
        for department in departments {
            tree.push(department);
        }
        tree
    }
}

impl Serialize for Tree {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        self.departments.serialize(to)
    }
}

impl<'de> Deserialize<'de> for Tree {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Ok(Self::from(Vec::deserialize(from)?))
    }
}
