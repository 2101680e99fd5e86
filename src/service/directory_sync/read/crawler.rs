//! The way through the tree: what was heard, and what is to be asked next.

mod pages;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use chrono::{DateTime, Utc};

use super::incomplete_reasons::IncompleteReasons;
use crate::dingtalk::contact::{BadDepartment, Scopes, UserPage};
use crate::domain::bounds::MAX_DEPARTMENTS;
use crate::domain::ids::{DeptId, ROOT_DEPARTMENT, UserId};
use crate::domain::person::{Department, Person};
use crate::service::directory_sync::plan::{DesiredDepartment, DesiredPerson};
use crate::service::directory_sync::skip::Skip;

/// So many failures of the connection or the app in a row at one interface, and the rest is not worth asking for.
const MAX_FAILURES: u32 = 10;

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Department(DeptId),
    Children(DeptId),
    /// A page of a department's people.
    Page {
        dept_id: DeptId,
        cursor: i64,
    },
    Person(UserId),
}

impl Request {
    /// The interface that answers it.
    fn kind(&self) -> &'static str {
        match self {
            Self::Department(_) => "department",
            Self::Children(_) => "children",
            Self::Page { .. } => "page",
            Self::Person(_) => "person",
        }
    }
}

/// The answer to a question of the same name.
#[derive(Debug)]
pub enum Response {
    Department(Department),
    Children(Vec<Result<Department, BadDepartment>>),
    Page(UserPage),
    Person(Person),
}

/// What was heard so far, but for the people: they are handed on.
#[derive(Debug, Default)]
pub struct Crawler {
    queue: VecDeque<Request>,
    seen: BTreeSet<DeptId>,
    /// Departments that have listed somebody.
    peopled: BTreeSet<DeptId>,
    /// How many pages in a row have named nobody new, by department.
    idle: BTreeMap<DeptId, u32>,
    /// How many further pages were promised, by department.
    pages: BTreeMap<DeptId, u32>,
    pub departments: BTreeMap<DeptId, DesiredDepartment>,
    /// Departments whose records could not be read: there, but not described.
    pub spared_departments: BTreeSet<DeptId>,
    /// How many people were taken down.
    pub people: usize,
    /// People whose records could not be read: there, but not known.
    pub spared: BTreeSet<UserId>,
    pub skips: Vec<Skip>,
    pub problems: IncompleteReasons,
    /// How many questions about departments' people were answered to the end.
    pub departments_read: usize,
    /// Whether any question at all about people was answered.
    pub has_heard: bool,
    /// How many questions of each kind have failed in a row.
    failures: BTreeMap<&'static str, u32>,
}

impl Crawler {
    /// A walk through the whole company.
    pub fn from_root() -> Self {
        let mut walk = Self::default();
        walk.enter(ROOT_DEPARTMENT, true);
        walk
    }

    /// A walk through what the app may see.
    pub fn within(scopes: Scopes) -> Self {
        if scopes.departments.contains(&ROOT_DEPARTMENT) {
            return Self::from_root();
        }
        let mut walk = Self::default();
        walk.problems
            .add("the app may see only a part of the company".to_owned());
        for dept_id in scopes.departments {
            walk.enter(dept_id, true);
        }
        walk.queue
            .extend(scopes.users.into_iter().map(Request::Person));
        let unreadable = (0..scopes.unreadable_users).map(|_| Skip::bad_person(None, "userid"));
        walk.skips.extend(unreadable);
        walk
    }

    /// The next question, if there is one now.
    pub fn next(&mut self) -> Option<Request> {
        self.queue.pop_front()
    }

    /// How many departments were found so far.
    pub fn departments_found(&self) -> usize {
        self.seen.len()
    }

    /// Puts the questions about a department, once for each.
    fn enter(&mut self, dept_id: DeptId, is_top: bool) {
        if !self.seen.insert(dept_id) {
            return;
        }
        if is_top {
            self.queue.push_back(Request::Department(dept_id));
        }
        self.queue.push_back(Request::Children(dept_id));
        self.queue.push_back(Request::Page { dept_id, cursor: 0 });
    }

    /// Takes in the answer to a question asked at `asked_at`; gives the people whom it describes.
    pub fn on_response(
        &mut self,
        ask: &Request,
        answer: Response,
        asked_at: DateTime<Utc>,
    ) -> Vec<DesiredPerson> {
        self.failures.remove(ask.kind());
        match (ask, answer) {
            (Request::Children(parent), Response::Children(children)) => {
                self.on_children(*parent, children, asked_at);
                Vec::new()
            }
            (Request::Page { dept_id, cursor }, Response::Page(page)) => {
                self.hear_page(*dept_id, *cursor, page, asked_at)
            }
            (_, Response::Department(department)) => {
                self.on_department(department, asked_at);
                Vec::new()
            }
            (_, Response::Person(person)) => {
                self.has_heard = true;
                vec![DesiredPerson::whole(person, asked_at)]
            }
            (ask, _) => {
                self.problems.add(format!("no answer to {ask:?}"));
                Vec::new()
            }
        }
    }

    /// Takes in that DingTalk has given the record that was asked for, but without a readable field.
    pub fn on_bad_record(&mut self, ask: &Request, lack: &'static str) {
        self.failures.remove(ask.kind());
        match ask {
            Request::Department(dept_id) => self.skip_department(*dept_id, lack),
            Request::Person(userid) => {
                self.has_heard = true;
                self.skip(Some(userid.clone()), lack);
            }
            ask => self.problems.add(format!("no answer to {ask:?}")),
        }
    }

    /// Takes in that a question was not answered. A failure that speaks of the question alone says
    /// nothing about the rest.
    pub fn on_error(&mut self, ask: &Request, error: &dyn fmt::Display, speaks_of_question: bool) {
        self.problems.add(match ask {
            Request::Department(id) | Request::Children(id) | Request::Page { dept_id: id, .. } => {
                format!("department {id}: {error}")
            }
            Request::Person(_) => error.to_string(),
        });
        if speaks_of_question {
            return;
        }
        let failures = self.failures.entry(ask.kind()).or_default();
        *failures += 1;
        if *failures >= MAX_FAILURES && !self.queue.is_empty() {
            self.problems
                .add("too many failures in a row: the rest was not asked for".to_owned());
            self.queue.clear();
        }
    }

    /// Takes in what DingTalk says of a department.
    pub fn on_department(&mut self, mut department: Department, asked_at: DateTime<Utc>) {
        // What no text column of Postgres takes; one bad name must not stop the rest.
        department.name = department.name.replace('\0', "\u{fffd}");
        let dept_id = department.dept_id;
        if self.spared_departments.remove(&dept_id) {
            self.skips.retain(|skip| skip.dept_id != Some(dept_id));
        }
        self.departments.insert(
            dept_id,
            DesiredDepartment {
                department,
                asked_at,
            },
        );
    }

    fn on_children(
        &mut self,
        parent: DeptId,
        children: Vec<Result<Department, BadDepartment>>,
        asked_at: DateTime<Utc>,
    ) {
        for child in children {
            let found = match &child {
                Ok(child) => Some(child.dept_id),
                Err(bad) => bad.dept_id,
            };
            if found.is_some_and(|id| self.is_one_too_many(id)) {
                self.problems.add(format!(
                    "below department {parent}: more than {MAX_DEPARTMENTS} departments in all"
                ));
                return;
            }
            match child {
                // A circle, or a department that was moved while we walked.
                Ok(child) if self.is_described(child.dept_id) => {}
                Ok(child) => {
                    self.enter(child.dept_id, false);
                    self.on_department(child, asked_at);
                }
                Err(BadDepartment {
                    dept_id: Some(dept_id),
                    ..
                }) if self.seen.contains(&dept_id) => {}
                Err(BadDepartment {
                    dept_id: Some(dept_id),
                    lack,
                }) => {
                    self.enter(dept_id, false);
                    self.skip_department(dept_id, lack);
                }
                // What lies below it cannot be asked for.
                Err(BadDepartment { lack, .. }) => self.problems.add(format!(
                    "a department below {parent} lacks a readable {lack}"
                )),
            }
        }
    }

    /// Whether a department is new and the walk has found as many as it may: a tree without end.
    fn is_one_too_many(&self, dept_id: DeptId) -> bool {
        self.seen.len() >= MAX_DEPARTMENTS && !self.seen.contains(&dept_id)
    }

    /// Whether a department was found, with a record that can be read, or that is asked for by itself.
    fn is_described(&self, dept_id: DeptId) -> bool {
        self.seen.contains(&dept_id) && !self.spared_departments.contains(&dept_id)
    }

    /// Takes in that a department is there whose record cannot be read.
    pub fn skip_department(&mut self, dept_id: DeptId, lack: &'static str) {
        if !self.departments.contains_key(&dept_id) && self.spared_departments.insert(dept_id) {
            self.skips.push(Skip::bad_department(dept_id, lack));
        }
    }

    /// Whose record it is may not be known: whoever is absent for it is asked about before they leave.
    fn skip(&mut self, userid: Option<UserId>, lack: &'static str) {
        let is_new = userid
            .as_ref()
            .is_none_or(|userid| self.spared.insert(userid.clone()));
        if is_new {
            self.skips.push(Skip::bad_person(userid, lack));
        }
    }

    /// The departments that have listed somebody.
    pub fn non_empty(&self) -> Vec<DeptId> {
        self.peopled.iter().copied().collect()
    }

    /// Takes in that DingTalk describes somebody whom no list has held: where one of their departments
    /// has listed nobody, or was never seen, an answer was emptier than it should have been.
    pub fn on_unlisted(&mut self, person: &Person) {
        let mut places = person.departments.iter();
        if let Some(place) = places.find(|place| !self.peopled.contains(&place.dept_id)) {
            self.problems.add(format!(
                "department {}: not everybody who is in it was listed",
                place.dept_id
            ));
        }
    }

    /// Those whose record could not be read somewhere.
    pub fn skipped_people(&self) -> Vec<String> {
        let userids = self.skips.iter().filter_map(|skip| skip.userid.as_ref());
        userids.map(|userid| userid.as_str().to_owned()).collect()
    }

    /// Takes in that these people were read elsewhere, and so were not passed over after all.
    pub fn was_read_elsewhere(&mut self, people: &[UserId]) {
        self.skips
            .retain(|skip| skip.userid.as_ref().is_none_or(|id| !people.contains(id)));
    }
}

#[cfg(test)]
mod tests;
