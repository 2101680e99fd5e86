//! Plans the changes of the departments.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use crate::domain::ids::DeptId;
use crate::domain::person::Department;

/// A department as described by DingTalk during a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DesiredDepartment {
    pub department: Department,
    pub asked_at: DateTime<Utc>,
}

/// The changes of the department table.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DepartmentPlan {
    /// New departments, and those whose name, parent or order has changed.
    pub written: Vec<DesiredDepartment>,
    /// Departments that no longer exist.
    pub gone: Vec<DeptId>,
}

/// Compares the departments with what was read. A department is only removed after a complete crawl, and not if its
/// record could not be read (`unreadable`).
pub fn plan(
    current: &[Department],
    wanted: &BTreeMap<DeptId, DesiredDepartment>,
    unreadable: &BTreeSet<DeptId>,
    is_complete: bool,
) -> DepartmentPlan {
    let stored: BTreeMap<DeptId, &Department> = current.iter().map(|d| (d.dept_id, d)).collect();
    let completed = wanted
        .values()
        .map(|w| completed_from(w, stored.get(&w.department.dept_id).copied()));
    let written = completed
        .filter(|w| stored.get(&w.department.dept_id) != Some(&&w.department))
        .collect();
    let gone = stored
        .into_keys()
        .filter(|id| is_complete && !wanted.contains_key(id) && !unreadable.contains(id))
        .collect();
    DepartmentPlan { written, gone }
}

/// Department lists do not contain the order, which a single lookup may have stored.
fn completed_from(wanted: &DesiredDepartment, stored: Option<&Department>) -> DesiredDepartment {
    let mut wanted = wanted.clone();
    let order = wanted
        .department
        .order
        .or(stored.and_then(|stored| stored.order));
    wanted.department.order = order;
    wanted
}

#[cfg(test)]
mod tests {
    use super::*;

    fn department(
        dept_id: DeptId,
        parent_id: DeptId,
        name: &str,
        order: Option<i64>,
    ) -> Department {
        Department {
            dept_id,
            parent_id: Some(parent_id),
            name: name.to_owned(),
            order,
        }
    }

    fn wanted(departments: &[Department]) -> BTreeMap<DeptId, DesiredDepartment> {
        let asked_at = DateTime::UNIX_EPOCH;
        departments
            .iter()
            .map(|d| {
                (
                    d.dept_id,
                    DesiredDepartment {
                        department: d.clone(),
                        asked_at,
                    },
                )
            })
            .collect()
    }

    #[test]
    fn new_moved_and_renamed_departments_are_written_and_the_others_are_not() {
        let current = [
            department(2, 1, "财务部", Some(5)),
            department(3, 1, "销售部", None),
            department(4, 1, "研发部", None),
        ];
        let read = wanted(&[
            department(2, 1, "财务部", None),
            department(3, 2, "销售部", None),
            department(4, 1, "技术部", None),
            department(5, 4, "测试组", None),
        ]);
        let plan = plan(&current, &read, &BTreeSet::new(), true);
        assert_eq!(
            plan.written
                .iter()
                .map(|w| w.department.dept_id)
                .collect::<Vec<_>>(),
            [3, 4, 5]
        );
        assert!(plan.gone.is_empty());
    }

    #[test]
    fn an_order_that_the_lists_do_not_say_stays() {
        let plan = plan(
            &[department(2, 1, "财务部", Some(5))],
            &wanted(&[department(2, 1, "财务处", None)]),
            &BTreeSet::new(),
            true,
        );
        assert_eq!(plan.written.first().unwrap().department.order, Some(5));
    }

    #[test]
    fn only_a_complete_reading_shows_that_a_department_is_gone() {
        let current = [
            department(2, 1, "财务部", None),
            department(3, 1, "销售部", None),
        ];
        let read = wanted(&[department(2, 1, "财务部", None)]);
        let gone = |unreadable: &[DeptId], is_complete| {
            let unreadable = unreadable.iter().copied().collect();
            plan(&current, &read, &unreadable, is_complete).gone
        };
        assert_eq!(gone(&[], true), [3]);
        assert!(gone(&[], false).is_empty());
        assert!(gone(&[3], true).is_empty(), "its record was not readable");
    }
}
