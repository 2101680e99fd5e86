//! The state of a crawl: what was found, and what to request next.
//!
//! Long because all kinds of responses change the same state.

mod pages;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use chrono::{DateTime, Utc};

use super::incomplete_reasons::IncompleteReasons;
use crate::domain::bounds::MAX_DEPARTMENTS;
use crate::domain::ids::{DeptId, ROOT_DEPARTMENT, UserId};
use crate::domain::person::{Department, Person};
use crate::domain::sync_problem::{SyncProblem, SyncProblemCode};
use crate::service::directory_sync::plan::{DesiredDepartment, DesiredPerson};
use crate::service::directory_sync::skip::Skip;
use crate::upstream::{BadDepartment, Scopes, UserPage};

/// After this many consecutive connection or app failures of one API, the rest is not requested.
const MAX_FAILURES: u32 = 10;

/// A request to DingTalk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    Department(DeptId),
    Children(DeptId),
    /// A page of a department's members.
    Page {
        dept_id: DeptId,
        cursor: i64,
    },
    Person(UserId),
}

impl Request {
    /// Returns the kind of API.
    fn kind(&self) -> &'static str {
        match self {
            Self::Department(_) => "department",
            Self::Children(_) => "children",
            Self::Page { .. } => "page",
            Self::Person(_) => "person",
        }
    }
}

/// The response to a request of the same name.
#[derive(Debug)]
pub enum Response {
    Department(Department),
    Children(Vec<Result<Department, BadDepartment>>),
    Page(UserPage),
    Person(Person),
}

/// Everything found so far except the people, who are returned to the caller.
#[derive(Debug, Default)]
pub struct Crawler {
    queue: VecDeque<Request>,
    seen: BTreeSet<DeptId>,
    /// Departments that have listed somebody.
    non_empty: BTreeSet<DeptId>,
    /// Number of consecutive pages that named nobody new, by department.
    idle: BTreeMap<DeptId, u32>,
    /// Number of further pages that were announced, by department.
    pages: BTreeMap<DeptId, u32>,
    pub departments: BTreeMap<DeptId, DesiredDepartment>,
    /// Departments whose records could not be read: they exist, but are not described.
    pub unreadable_departments: BTreeSet<DeptId>,
    /// Number of people staged.
    pub people: usize,
    /// People whose records could not be read: they exist, but are not known.
    pub unreadable: BTreeSet<UserId>,
    pub skips: Vec<Skip>,
    pub problems: IncompleteReasons,
    /// Number of departments whose member lists were read to the end.
    pub departments_read: usize,
    /// Whether any request about people was answered.
    pub has_response: bool,
    /// Number of consecutive failures, by kind of request.
    failures: BTreeMap<&'static str, u32>,
}

impl Crawler {
    /// Creates a crawl of the whole company.
    pub fn from_root() -> Self {
        let mut crawler = Self::default();
        crawler.enter(ROOT_DEPARTMENT, true);
        crawler
    }

    /// Creates a crawl of the part visible to the app.
    pub fn within(scopes: Scopes) -> Self {
        if scopes.departments.contains(&ROOT_DEPARTMENT) {
            return Self::from_root();
        }
        let mut crawler = Self::default();
        crawler.problems.add(SyncProblemCode::LimitedScope);
        for dept_id in scopes.departments {
            crawler.enter(dept_id, true);
        }
        crawler
            .queue
            .extend(scopes.users.into_iter().map(Request::Person));
        let unreadable = (0..scopes.unreadable_users).map(|_| Skip::bad_person(None, "userid"));
        crawler.skips.extend(unreadable);
        crawler
    }

    /// Returns the next request, or `None` if there is none at the moment.
    pub fn next(&mut self) -> Option<Request> {
        self.queue.pop_front()
    }

    /// Returns the number of departments found so far.
    pub fn departments_found(&self) -> usize {
        self.seen.len()
    }

    /// Queues the requests for a department, once per department.
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

    /// Processes the response to a request made at `asked_at`; returns the people in it.
    pub fn on_response(
        &mut self,
        ask: &Request,
        response: Response,
        asked_at: DateTime<Utc>,
    ) -> Vec<DesiredPerson> {
        self.failures.remove(ask.kind());
        match (ask, response) {
            (Request::Children(parent), Response::Children(children)) => {
                self.on_children(*parent, children, asked_at);
                Vec::new()
            }
            (Request::Page { dept_id, cursor }, Response::Page(page)) => {
                self.on_page(*dept_id, *cursor, page, asked_at)
            }
            (_, Response::Department(department)) => {
                self.on_department(department, asked_at);
                Vec::new()
            }
            (_, Response::Person(person)) => {
                self.has_response = true;
                vec![DesiredPerson::whole(person, asked_at)]
            }
            (ask, _) => {
                self.add_unexpected(ask);
                Vec::new()
            }
        }
    }

    /// Records that DingTalk has returned the requested record without a readable field.
    pub fn on_bad_record(&mut self, ask: &Request, field: &'static str) {
        self.failures.remove(ask.kind());
        match ask {
            Request::Department(dept_id) => self.skip_department(*dept_id, field),
            Request::Person(userid) => {
                self.has_response = true;
                self.skip(Some(userid.clone()), field);
            }
            ask => self.add_unexpected(ask),
        }
    }

    fn add_unexpected(&mut self, ask: &Request) {
        let problem = SyncProblem::from(SyncProblemCode::UnexpectedResponse);
        self.problems.add(problem.with_detail(format!("{ask:?}")));
    }

    /// Records that a request failed. A failure that concerns only this request is not counted as a failure of the
    /// API.
    pub fn on_error(&mut self, ask: &Request, error: &dyn fmt::Display, speaks_of_question: bool) {
        let problem = match ask {
            Request::Department(id) | Request::Children(id) | Request::Page { dept_id: id, .. } => {
                SyncProblem::of_department(SyncProblemCode::DepartmentUnread, *id)
            }
            Request::Person(_) => SyncProblemCode::DingTalk.into(),
        };
        self.problems.add(problem.with_detail(error.to_string()));
        if speaks_of_question {
            return;
        }
        let failures = self.failures.entry(ask.kind()).or_default();
        *failures += 1;
        if *failures >= MAX_FAILURES && !self.queue.is_empty() {
            self.problems.add(SyncProblemCode::TooManyFailures);
            self.queue.clear();
        }
    }

    /// Records DingTalk's description of a department.
    pub fn on_department(&mut self, mut department: Department, asked_at: DateTime<Utc>) {
        // Postgres text columns reject NUL; one bad name must not stop the rest.
        department.name = department.name.replace('\0', "\u{fffd}");
        let dept_id = department.dept_id;
        if self.unreadable_departments.remove(&dept_id) {
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
                let code = SyncProblemCode::TooManyDepartments;
                let mut problem = SyncProblem::of_department(code, parent);
                problem.params.count = i64::try_from(MAX_DEPARTMENTS).ok();
                self.problems.add(problem);
                return;
            }
            match child {
                // A cycle, or a department that was moved during the crawl.
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
                    field,
                }) => {
                    self.enter(dept_id, false);
                    self.skip_department(dept_id, field);
                }
                // Departments below it cannot be requested.
                Err(BadDepartment { field, .. }) => {
                    let code = SyncProblemCode::UnreadableDepartment;
                    let mut problem = SyncProblem::of_department(code, parent);
                    problem.params.field = Some(field.to_owned());
                    self.problems.add(problem);
                }
            }
        }
    }

    /// Whether a department is new but the crawl has reached its limit: the tree may be endless.
    fn is_one_too_many(&self, dept_id: DeptId) -> bool {
        self.seen.len() >= MAX_DEPARTMENTS && !self.seen.contains(&dept_id)
    }

    /// Whether a department was found with a readable record, or is requested individually.
    fn is_described(&self, dept_id: DeptId) -> bool {
        self.seen.contains(&dept_id) && !self.unreadable_departments.contains(&dept_id)
    }

    /// Records that a department exists whose record cannot be read.
    pub fn skip_department(&mut self, dept_id: DeptId, field: &'static str) {
        if !self.departments.contains_key(&dept_id) && self.unreadable_departments.insert(dept_id) {
            self.skips.push(Skip::bad_department(dept_id, field));
        }
    }

    /// The userid may be unknown: people who are absent for that reason are looked up before they are marked as
    /// left.
    fn skip(&mut self, userid: Option<UserId>, field: &'static str) {
        let is_new = userid
            .as_ref()
            .is_none_or(|userid| self.unreadable.insert(userid.clone()));
        if is_new {
            self.skips.push(Skip::bad_person(userid, field));
        }
    }

    /// Returns the departments that have listed somebody.
    pub fn non_empty(&self) -> Vec<DeptId> {
        self.non_empty.iter().copied().collect()
    }

    /// Marks the crawl incomplete if a person exists although no list has named them, and one of their departments
    /// has listed nobody or was never seen: that response had fewer people than it should.
    pub fn on_unlisted(&mut self, person: &Person) {
        let mut places = person.departments.iter();
        if let Some(place) = places.find(|place| !self.non_empty.contains(&place.dept_id)) {
            let code = SyncProblemCode::MembersMissing;
            self.problems
                .add(SyncProblem::of_department(code, place.dept_id));
        }
    }

    /// Returns the people whose record could not be read in some list.
    pub fn skipped_people(&self) -> Vec<String> {
        let userids = self.skips.iter().filter_map(|skip| skip.userid.as_ref());
        userids.map(|userid| userid.as_str().to_owned()).collect()
    }

    /// Removes the skips of people who were read in another list.
    pub fn was_read_elsewhere(&mut self, people: &[UserId]) {
        self.skips
            .retain(|skip| skip.userid.as_ref().is_none_or(|id| !people.contains(id)));
    }
}

#[cfg(test)]
mod tests;
