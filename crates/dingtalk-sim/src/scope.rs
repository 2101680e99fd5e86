//! The part of the company that the app may read.

use serde::{Deserialize, Serialize};

use crate::directory::{Directory, Person, ROOT};

/// The app's contact scope: these departments with their subtrees, and these people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    #[serde(default)]
    pub departments: Vec<i64>,
    #[serde(default)]
    pub users: Vec<String>,
}

impl Scope {
    /// Returns the scope of the whole company.
    pub fn all() -> Self {
        Self::departments(&[ROOT])
    }

    /// Returns the scope of some departments with their subtrees.
    pub fn departments(departments: &[i64]) -> Self {
        Self {
            departments: departments.to_vec(),
            users: Vec::new(),
        }
    }

    /// Whether the department or one of its ancestors is in the scope.
    pub fn has_department(&self, directory: &Directory, dept_id: i64) -> bool {
        directory
            .path_to_root(dept_id)
            .iter()
            .any(|id| self.departments.contains(id))
    }

    /// Whether the person is named, or belongs to a department in the scope.
    pub fn has_person(&self, directory: &Directory, person: &Person) -> bool {
        self.users.contains(&person.userid)
            || person
                .memberships
                .iter()
                .any(|place| self.has_department(directory, place.dept_id))
    }
}
