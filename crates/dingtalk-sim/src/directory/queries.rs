//! Read-only queries of a directory.

use super::{Department, Directory, Outsider, Person};

impl Person {
    /// Whether the person belongs directly to the department.
    pub fn is_in(&self, dept_id: i64) -> bool {
        self.memberships
            .iter()
            .any(|place| place.dept_id == dept_id)
    }

    /// Returns the ids of all departments the person belongs to directly.
    pub fn department_ids(&self) -> Vec<i64> {
        self.memberships.iter().map(|place| place.dept_id).collect()
    }
}

impl Directory {
    /// Returns all departments, the root first.
    pub fn departments(&self) -> &[Department] {
        self.departments.all()
    }

    pub fn department(&self, dept_id: i64) -> Option<&Department> {
        self.departments.get(dept_id)
    }

    /// Returns the first department of this name.
    pub fn department_named(&self, name: &str) -> Option<&Department> {
        self.departments().iter().find(|d| d.name == name)
    }

    /// Returns the departments directly below this one.
    pub fn children(&self, dept_id: i64) -> impl Iterator<Item = &Department> {
        self.departments.children(dept_id)
    }

    /// Returns the department and its whole subtree.
    pub fn subtree(&self, dept_id: i64) -> Vec<i64> {
        let mut ids = vec![dept_id];
        let mut next = 0;
        while let Some(&parent) = ids.get(next) {
            ids.extend(self.children(parent).map(|child| child.dept_id));
            next += 1;
        }
        ids
    }

    /// Returns the direct members of a department, in no particular order.
    pub fn members(&self, dept_id: i64) -> impl Iterator<Item = &Person> {
        self.people.members(dept_id)
    }

    /// Returns the department and its ancestors up to the root; empty for an unknown one.
    pub fn path_to_root(&self, dept_id: i64) -> Vec<i64> {
        let mut path = Vec::new();
        let mut next = dept_id;
        while let Some(department) = self.department(next) {
            if path.contains(&next) {
                break;
            }
            path.push(next);
            next = department.parent_id;
        }
        path
    }

    /// Returns all current employees.
    pub fn people(&self) -> &[Person] {
        self.people.all()
    }

    /// Returns all former employees.
    pub fn former(&self) -> &[Person] {
        &self.former
    }

    /// Returns account holders who never worked here.
    pub fn outsiders(&self) -> &[Outsider] {
        &self.outsiders
    }

    /// Finds the employed person with this userid, compared byte by byte.
    pub fn person(&self, userid: &str) -> Option<&Person> {
        self.people.by_userid(userid)
    }

    /// Finds the employed person with this unionid.
    pub fn person_by_unionid(&self, unionid: &str) -> Option<&Person> {
        self.people.by_unionid(unionid)
    }

    /// Finds the last record of a person who left under this userid.
    pub fn former_person(&self, userid: &str) -> Option<&Person> {
        self.former.iter().rev().find(|p| p.userid == userid)
    }

    /// Finds the name that any account holder has chosen.
    pub fn nick_of(&self, unionid: &str) -> Option<&str> {
        let former = || self.former.iter().rev().find(|p| p.unionid == unionid);
        self.person_by_unionid(unionid)
            .or_else(former)
            .map(|p| p.nick.as_str())
            .or_else(|| {
                let outsider = self.outsiders.iter().find(|o| o.unionid == unionid)?;
                Some(outsider.nick.as_str())
            })
    }
}
