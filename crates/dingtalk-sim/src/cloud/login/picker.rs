//! Who may be played as the one who scans.

use crate::directory::{Department, Directory, Person, ROOT};

/// Some people under one heading.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) people: Vec<Choice>,
}

/// One who may scan.
pub(super) struct Choice {
    pub(super) unionid: String,
    pub(super) name: String,
    pub(super) detail: String,
}

/// First those whom a login should turn away, then the company by departments.
pub(super) fn groups(directory: &Directory) -> Vec<Group> {
    let mut groups = vec![outside(directory)];
    groups.extend(
        directory
            .departments()
            .iter()
            .map(|d| members(directory, d)),
    );
    groups.retain(|group| !group.people.is_empty());
    groups
}

fn outside(directory: &Directory) -> Group {
    let left = directory
        .former()
        .iter()
        .map(|person| choice(person, "已离职 left"));
    let others = directory.outsiders().iter().map(|outsider| Choice {
        unionid: outsider.unionid.clone(),
        name: outsider.nick.clone(),
        detail: match outsider.external_userid {
            Some(_) => "外部联系人 external contact",
            None => "陌生人 stranger",
        }
        .into(),
    });
    Group {
        title: "不在公司的人 Not in the company".into(),
        people: left.chain(others).collect(),
    }
}

/// Each person once, in the first of their departments.
fn members(directory: &Directory, department: &Department) -> Group {
    let people = directory
        .people()
        .iter()
        .filter(|p| {
            p.memberships
                .first()
                .is_some_and(|place| place.dept_id == department.dept_id)
        })
        .map(|person| choice(person, &person.title))
        .collect();
    let title = match directory.department(department.parent_id) {
        Some(parent) if parent.dept_id != ROOT => format!("{} / {}", parent.name, department.name),
        _ => department.name.clone(),
    };
    Group { title, people }
}

fn choice(person: &Person, detail: &str) -> Choice {
    Choice {
        unionid: person.unionid.clone(),
        name: person.name.clone(),
        detail: format!("{detail} · {}", person.userid),
    }
}
