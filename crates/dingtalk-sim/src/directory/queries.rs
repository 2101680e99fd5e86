//! Plain reads of a directory.

use super::{Department, Directory, Outsider, Person};

impl Person {
    /// Whether the person belongs directly to the department.
    pub fn is_in(&self, dept_id: i64) -> bool {
        self.memberships
            .iter()
            .any(|place| place.dept_id == dept_id)
    }

    /// The ids of all departments the person belongs to directly.
    pub fn department_ids(&self) -> Vec<i64> {
        self.memberships.iter().map(|place| place.dept_id).collect()
    }
}

impl Directory {
    /// All departments, the root first.
    pub fn departments(&self) -> &[Department] {
        self.departments.all()
    }

    pub fn department(&self, dept_id: i64) -> Option<&Department> {
        self.departments.get(dept_id)
    }

    /// The department of this name; the first where several bear it.
    pub fn department_named(&self, name: &str) -> Option<&Department> {
        self.departments().iter().find(|d| d.name == name)
    }

    /// Departments directly below this one.
    pub fn children(&self, dept_id: i64) -> impl Iterator<Item = &Department> {
        self.departments.children(dept_id)
    }

    /// The department and all below it.
    pub fn subtree(&self, dept_id: i64) -> Vec<i64> {
        let mut ids = vec![dept_id];
        let mut next = 0;
        while let Some(&parent) = ids.get(next) {
            ids.extend(self.children(parent).map(|child| child.dept_id));
            next += 1;
        }
        ids
    }

    /// Everyone who belongs directly to a department, in no order.
    pub fn members(&self, dept_id: i64) -> impl Iterator<Item = &Person> {
        self.people.members(dept_id)
    }

    /// The department and all above it up to the root; empty for an unknown one.
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

    /// Everyone who works here now.
    pub fn people(&self) -> &[Person] {
        self.people.all()
    }

    /// Everyone who has left.
    pub fn former(&self) -> &[Person] {
        &self.former
    }

    /// Account holders who never worked here.
    pub fn outsiders(&self) -> &[Outsider] {
        &self.outsiders
    }

    /// The employed person with this userid, compared byte by byte.
    pub fn person(&self, userid: &str) -> Option<&Person> {
        self.people.by_userid(userid)
    }

    /// The employed person with this unionid.
    pub fn person_by_unionid(&self, unionid: &str) -> Option<&Person> {
        self.people.by_unionid(unionid)
    }

    /// The last record of one who left under this userid.
    pub fn former_person(&self, userid: &str) -> Option<&Person> {
        self.former.iter().rev().find(|p| p.userid == userid)
    }

    /// The name an account holder has chosen, whoever it is.
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
