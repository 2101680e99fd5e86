//! Changes to departments.

use anyhow::{Context as _, ensure};

use super::{Department, Directory, ROOT};

/// Ids of new departments start above this number.
const FIRST_ID: i64 = 410_021_000;

impl Directory {
    /// Creates a department below an existing one.
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

    /// Renames a department, including the root.
    pub fn rename_department(&mut self, dept_id: i64, name: &str) -> anyhow::Result<Department> {
        let parent_id = self.known_department(dept_id)?.parent_id;
        self.place_department(dept_id, name, parent_id)
    }

    /// Moves a department with its subtree under another parent.
    pub fn move_department(&mut self, dept_id: i64, parent_id: i64) -> anyhow::Result<Department> {
        let name = self.known_department(dept_id)?.name.clone();
        self.place_department(dept_id, &name, parent_id)
    }

    /// Renames a department, moves it, or both; `None` leaves a value unchanged.
    pub fn change_department(
        &mut self,
        dept_id: i64,
        name: Option<&str>,
        parent_id: Option<i64>,
    ) -> anyhow::Result<Department> {
        ensure!(
            name.is_some() || parent_id.is_some(),
            "neither a name nor a parent is given"
        );
        let old = self.known_department(dept_id)?.clone();
        let (name, parent_id) = (
            name.unwrap_or(&old.name),
            parent_id.unwrap_or(old.parent_id),
        );
        self.place_department(dept_id, name, parent_id)
    }

    fn place_department(
        &mut self,
        dept_id: i64,
        name: &str,
        parent_id: i64,
    ) -> anyhow::Result<Department> {
        ensure!(
            dept_id != ROOT || parent_id == 0,
            "the root cannot be moved"
        );
        ensure!(
            !self.path_to_root(parent_id).contains(&dept_id),
            "a department cannot hang below itself"
        );
        self.check_department_name(name, parent_id, dept_id)?;
        let changed = self.departments.change(dept_id, |department| {
            name.clone_into(&mut department.name);
            department.parent_id = parent_id;
        });
        changed.with_context(|| format!("no department {dept_id}"))
    }

    /// Removes a department that has neither members nor child departments.
    pub fn remove_department(&mut self, dept_id: i64) -> anyhow::Result<()> {
        ensure!(dept_id != ROOT, "the root cannot be removed");
        self.known_department(dept_id)?;
        ensure!(
            self.children(dept_id).next().is_none(),
            "the department has departments below it"
        );
        ensure!(
            self.members(dept_id).next().is_none(),
            "the department has members"
        );
        self.departments.remove(dept_id);
        Ok(())
    }

    fn known_department(&self, dept_id: i64) -> anyhow::Result<&Department> {
        self.department(dept_id)
            .with_context(|| format!("no department {dept_id}"))
    }

    /// `DingTalk` requires unique names below one parent.
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
