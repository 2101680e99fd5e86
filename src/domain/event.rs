//! An event of DingTalk's callback, read leniently: only the crypto before it may refuse a message.
//!
//! DingTalk spells fields in Pascal case (`UserId`, as seen in real pushes) or camel case (`userId`, as
//! documented since 2022), writes numbers as text, and gives one id without its list.

mod dedupe;
mod fields;
mod undelivered;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::ids::{DeptId, UserId};

/// What an event asks of us.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// DingTalk tries the address; wants an answer and nothing else.
    CheckUrl,
    /// `user_add_org`, `user_active_org`: the person came.
    UserJoined,
    /// `user_modify_org`: look at the person again.
    UserChanged,
    /// `user_leave_org`: the person is out at once.
    UserLeft,
    /// `org_dept_create`, `org_dept_modify`, `org_dept_remove`: look at the department again.
    DepartmentChanged,
    /// Kept and shown, nothing more: rights of DingTalk's administrators, and types unknown to us.
    Recorded,
}

/// All types that are more than recorded.
const KINDS: [(&str, Kind); 8] = [
    ("user_add_org", Kind::UserJoined),
    ("user_active_org", Kind::UserJoined),
    ("user_modify_org", Kind::UserChanged),
    ("user_leave_org", Kind::UserLeft),
    ("org_dept_create", Kind::DepartmentChanged),
    ("org_dept_modify", Kind::DepartmentChanged),
    ("org_dept_remove", Kind::DepartmentChanged),
    ("check_url", Kind::CheckUrl),
];

/// DingTalk's names of the types that the staff table and the departments need, and that a company
/// has to subscribe to.
pub fn acted_on() -> impl Iterator<Item = &'static str> {
    KINDS
        .iter()
        .filter(|(_, kind)| kind.is_acted_on())
        .map(|(name, _)| *name)
}

impl Kind {
    /// Reads DingTalk's name of a type.
    pub fn of(event_type: &str) -> Self {
        KINDS
            .iter()
            .find(|(name, _)| *name == event_type)
            .map_or(Self::Recorded, |(_, kind)| *kind)
    }

    fn names_people(self) -> bool {
        matches!(self, Self::UserJoined | Self::UserChanged | Self::UserLeft)
    }

    /// Whether the ids and the time say all that matters about such an event.
    fn is_acted_on(self) -> bool {
        self.names_people() || self == Self::DepartmentChanged
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub kind: Kind,
    /// DingTalk's name of the type; `unnamed` where it gave none.
    pub event_type: String,
    pub event_time: Option<DateTime<Utc>>,
    /// In ascending order, none twice.
    pub userids: Vec<UserId>,
    /// In ascending order, none twice; without the home-school contacts, whose ids are not positive.
    pub dept_ids: Vec<DeptId>,
    /// What could not be read of an event that we act on, or why it is ignored.
    pub problem: Option<&'static str>,
    /// The `CorpId`s that the message names.
    pub companies: Vec<String>,
    /// Whether the message names another company.
    pub is_foreign: bool,
    /// The same for every delivery of one event, and different for different events.
    pub dedupe_key: String,
    /// The message as Postgres can hold it.
    pub body: Value,
}

/// The field that names the company.
const CORP_ID: &str = "CorpId";

const NO_PEOPLE: &str = "the event names nobody";
const BAD_PEOPLE: &str = "a userid in the event cannot be read";
const NO_DEPARTMENTS: &str = "the event names no department";
const BAD_DEPARTMENTS: &str = "a department id in the event cannot be read";
const FOREIGN: &str = "the event names another CorpId";

impl Event {
    /// Reads a decrypted message. What is odd about it becomes its `problem`.
    pub fn parse(message: &Value) -> Self {
        let body = fields::without_nul(message);
        let event_type = fields::text(&body, &["EventType"])
            .map_or_else(|| "unnamed".to_owned(), |name| printable(&name));
        let kind = Kind::of(&event_type);
        let people = fields::list(&body, "UserId", fields::user_id);
        let departments = fields::list(&body, "DeptId", fields::dept_id);
        let problem = match kind {
            _ if kind.names_people() => people.problem(NO_PEOPLE, BAD_PEOPLE),
            Kind::DepartmentChanged => departments.problem(NO_DEPARTMENTS, BAD_DEPARTMENTS),
            _ => None,
        };
        let mut event = Self {
            kind,
            event_type,
            event_time: fields::time(&body, &["TimeStamp", "EventTime"]),
            userids: people.ids.into_iter().collect(),
            dept_ids: departments.ids.into_iter().filter(|id| *id > 0).collect(),
            problem,
            companies: fields::texts(&body, CORP_ID),
            is_foreign: false,
            dedupe_key: String::new(),
            body,
        };
        event.dedupe_key = dedupe::key(&event, fields::text(&event.body, &["eventId"]));
        event
    }

    /// Sets the event aside if it names a company other than this one. It then names nobody, so that
    /// nothing that reads stored events can mistake it for an event about our people.
    #[must_use]
    pub fn checked_for(mut self, corp_id: &str) -> Self {
        if self.companies.iter().all(|company| company == corp_id) {
            return self;
        }
        self.is_foreign = true;
        self.kind = Kind::Recorded;
        self.userids.clear();
        self.dept_ids.clear();
        self.problem = Some(FOREIGN);
        self.dedupe_key = dedupe::foreign_key(&self);
        self
    }

    /// The time that identifies the event together with its type and ids, where these say all about it.
    pub fn identifying_time(&self) -> Option<DateTime<Utc>> {
        self.event_time
            .filter(|_| self.kind.is_acted_on() && self.problem.is_none())
    }

    /// The first text or number among these fields of a stored message, however they are spelled.
    pub fn field(body: &Value, names: &[&str]) -> Option<String> {
        fields::text(body, names)
    }

    /// Whether there is anything to ask DingTalk about.
    pub fn names_something(&self) -> bool {
        match self.kind {
            Kind::UserJoined | Kind::UserChanged | Kind::UserLeft => !self.userids.is_empty(),
            Kind::DepartmentChanged => !self.dept_ids.is_empty(),
            Kind::CheckUrl | Kind::Recorded => false,
        }
    }
}

/// A type's name without what a log or a page could trip over, and not longer than they can take.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests;
