//! What an administrator may do with departments.

use anyhow::{Context as _, ensure};

use super::{Department, Directory, ROOT};

/// Ids of new departments begin above this number.
const FIRST_ID: i64 = 410_021_000;

impl Directory {
    /// A new department below an existing one.
    pub fn create_department(&mut self, name: &str, parent_id: i64) -> anyhow::Result<Department> {
        let dept_id = FIRST_ID + self.draw_number();
        self.insert_department(dept_id, name, parent_id)
    }

    pub(crate) fn insert_department(
        &mut self,
        dept_id: i64,
        name: &str,
        parent_id: i64,
    ) -> anyhow::Result<Department> {
        self.check_department_name(name, parent_id, dept_id)?;
        let order = self.draw_number() * 10;
        let department = Department {
            dept_id,
            name: name.to_owned(),
            parent_id,
            order,
        };
        self.departments.push(department.clone());
        Ok(department)
    }

    /// Gives a department, the root too, another name.
    pub fn rename_department(&mut self, dept_id: i64, name: &str) -> anyhow::Result<Department> {
        let parent_id = self.known_department(dept_id)?.parent_id;
        self.check_department_name(name, parent_id, dept_id)?;
        let department = self.known_department(dept_id)?;
        name.clone_into(&mut department.name);
        Ok(department.clone())
    }

    /// Hangs a department with all below it under another parent.
    pub fn move_department(&mut self, dept_id: i64, parent_id: i64) -> anyhow::Result<Department> {
        ensure!(dept_id != ROOT, "the root cannot be moved");
        let name = self.known_department(dept_id)?.name.clone();
        ensure!(
            !self.path_to_root(parent_id).contains(&dept_id),
            "a department cannot hang below itself"
        );
        self.check_department_name(&name, parent_id, dept_id)?;
        let department = self.known_department(dept_id)?;
        department.parent_id = parent_id;
        Ok(department.clone())
    }

    /// Takes away a department that has neither members nor departments below it.
    pub fn remove_department(&mut self, dept_id: i64) -> anyhow::Result<()> {
        ensure!(dept_id != ROOT, "the root cannot be removed");
        self.known_department(dept_id)?;
        ensure!(
            self.children(dept_id).next().is_none(),
            "the department has departments below it"
        );
        ensure!(
            !self.people.iter().any(|p| p.is_in(dept_id)),
            "the department has members"
        );
        self.departments.retain(|d| d.dept_id != dept_id);
        Ok(())
    }

    fn known_department(&mut self, dept_id: i64) -> anyhow::Result<&mut Department> {
        self.departments
            .iter_mut()
            .find(|d| d.dept_id == dept_id)
            .with_context(|| format!("no department {dept_id}"))
    }

    /// `DingTalk` allows a name once below one parent.
    fn check_department_name(&self, name: &str, parent: i64, own_id: i64) -> anyhow::Result<()> {
        ensure!(!name.trim().is_empty(), "a department needs a name");
        ensure!(
            parent == 0 || self.department(parent).is_some(),
            "no parent department {parent}"
        );
        ensure!(
            !self
                .children(parent)
                .any(|d| d.name == name && d.dept_id != own_id),
            "the parent has a department of this name"
        );
        Ok(())
    }
}
