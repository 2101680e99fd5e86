//! The people who can be chosen as the one who scans.

use std::cmp::Reverse;

use crate::{
    company,
    directory::{Department, Directory, Person, ROOT},
    lang::Lang,
};

/// Of a very large company only this many are offered.
const SHOWN: usize = 1000;

/// People under one heading.
pub(super) struct Group {
    pub(super) title: String,
    pub(super) people: Vec<Choice>,
}

/// A person who can scan.
pub(super) struct Choice {
    pub(super) unionid: String,
    pub(super) name: String,
    pub(super) detail: String,
}

/// Returns one person for each story: an employee, somebody who has left, the latest hire, an administrator.
pub(super) fn roles(directory: &Directory, lang: Lang) -> Vec<Choice> {
    let people = directory.people();
    let employee = directory.person(company::EMPLOYEE);
    let leaver = directory.former_person(company::LEFT_USERID);
    let leaver = leaver.or_else(|| directory.former().last());
    // The demo company was hired long ago.
    let latest = people.iter().max_by_key(|person| person.hired_date);
    let latest = latest.filter(|person| person.hired_date > company::LAST_DAY);
    let admin = people.iter().find(|person| person.admin);
    [
        (employee, lang.say("员工", "Employee")),
        (leaver, lang.say("离职者", "Has left")),
        (latest, lang.say("最新入职", "Latest hire")),
        (admin, lang.say("管理员", "Administrator")),
    ]
    .into_iter()
    .filter_map(|(person, role)| {
        let person = person?;
        Some(Choice {
            unionid: person.unionid.clone(),
            name: person.name.clone(),
            detail: role.to_owned(),
        })
    })
    .collect()
}

/// Returns first the people whom a login should reject, then the company by departments.
pub(super) fn groups(directory: &Directory, lang: Lang) -> Vec<Group> {
    let departments = directory.departments().iter();
    let mut groups: Vec<_> = departments.map(|d| members(directory, d)).collect();
    groups.insert(0, outside(directory, lang));
    let mut room = SHOWN;
    for group in &mut groups {
        group.people.truncate(room);
        room -= group.people.len();
    }
    groups.retain(|group| !group.people.is_empty());
    groups
}

fn order_in(person: &Person, dept_id: i64) -> i64 {
    let mut places = person.memberships.iter();
    let place = places.find(|place| place.dept_id == dept_id);
    place.map_or(0, |place| place.order)
}

fn outside(directory: &Directory, lang: Lang) -> Group {
    let left = directory
        .former()
        .iter()
        .map(|person| choice(person, lang.say("已离职", "left")));
    let others = directory.outsiders().iter().map(|outsider| Choice {
        unionid: outsider.unionid.clone(),
        name: outsider.nick.clone(),
        detail: match outsider.external_userid {
            Some(_) => lang.say("外部联系人", "external contact"),
            None => lang.say("陌生人", "stranger"),
        }
        .into(),
    });
    Group {
        title: lang.say("不在公司的人", "Not in the company").into(),
        people: left.chain(others).collect(),
    }
}

/// Lists each person once, in the first of their departments.
fn members(directory: &Directory, department: &Department) -> Group {
    let mut people: Vec<&Person> = directory
        .members(department.dept_id)
        .filter(|person| {
            let first = person.memberships.first();
            first.is_some_and(|place| place.dept_id == department.dept_id)
        })
        .collect();
    people.sort_unstable_by_key(|person| Reverse(order_in(person, department.dept_id)));
    let people = people
        .into_iter()
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
