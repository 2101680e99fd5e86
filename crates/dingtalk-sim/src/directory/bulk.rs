//! Bulk changes, for tests of a client that missed the events.

use super::{Directory, NewPerson, PersonChange};

/// The people affected by a bulk change, by userid.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize)]
pub struct Bulk {
    pub changed: Vec<String>,
    pub dismissed: Vec<String>,
    pub hired: Vec<String>,
}

impl Directory {
    /// Changes the title of people spread over the list.
    pub fn change_many(&mut self, count: usize, now: i64) -> anyhow::Result<Vec<String>> {
        let chosen = self.spread(count);
        for userid in &chosen {
            let change = PersonChange {
                title: Some(format!("职级 P{}", self.draw_number())),
                ..PersonChange::default()
            };
            self.change(userid, change, now)?;
        }
        Ok(chosen)
    }

    /// Dismisses people spread over the list, administrators excepted.
    pub fn dismiss_many(&mut self, count: usize) -> anyhow::Result<Vec<String>> {
        let mut chosen = self.spread(count);
        chosen.retain(|userid| self.person(userid).is_some_and(|person| !person.admin));
        for userid in &chosen {
            self.dismiss(userid)?;
        }
        Ok(chosen)
    }

    /// Hires people into departments spread over the tree.
    pub fn hire_many(&mut self, count: usize, now: i64) -> anyhow::Result<Vec<String>> {
        let departments: Vec<i64> = self.departments().iter().map(|d| d.dept_id).collect();
        let mut hired = Vec::with_capacity(count);
        for (number, dept_id) in (0..count).zip(departments.iter().cycle()) {
            let new = NewPerson {
                departments: vec![*dept_id],
                ..NewPerson::named(&format!("新人{number}"))
            };
            hired.push(self.hire(new, now)?.userid);
        }
        Ok(hired)
    }

    /// Returns userids at equal distances in the list, or all if fewer people work here.
    fn spread(&self, count: usize) -> Vec<String> {
        let people = self.people();
        let step = (people.len() / count.max(1)).max(1);
        let chosen = people.iter().step_by(step).take(count);
        chosen.map(|person| person.userid.clone()).collect()
    }
}
