//! An event of DingTalk's callback, parsed leniently: only the decryption before it may reject a message.
//!
//! DingTalk spells fields in Pascal case (`UserId`, as seen in real pushes) or camel case (`userId`, as documented
//! since 2022), writes numbers as text, and sends a single id without its list.

mod dedupe;
mod fields;
mod undelivered;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::closed_set::closed_set;
use super::ids::{DeptId, UserId};

closed_set! {
    /// The state of a stored event.
    pub enum EventState {
        Waiting = "waiting",
        Applied = "applied",
        Failed = "failed",
        /// DingTalk could not deliver it: it waits for its release.
        Parked = "parked",
        /// It names another company.
        Ignored = "ignored",
    }
}

closed_set! {
    /// How an event reached us.
    pub enum EventSource {
        Callback = "callback",
        /// From DingTalk's list of failed callbacks.
        FailedList = "failed_list",
    }
}

/// How an event is handled.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// DingTalk tests the callback URL; it only expects a response.
    CheckUrl,
    /// `user_add_org`, `user_active_org`: the person joined.
    UserJoined,
    /// `user_modify_org`: recheck the person.
    UserChanged,
    /// `user_leave_org`: the person is terminated at once.
    UserLeft,
    /// `org_dept_create`, `org_dept_modify`, `org_dept_remove`: recheck the department.
    DepartmentChanged,
    /// Stored and shown, nothing more: rights of DingTalk's administrators, and types unknown to us.
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

/// Returns DingTalk's names of the types that the staff table and the departments depend on. The company must
/// subscribe to them.
pub fn acted_on() -> impl Iterator<Item = &'static str> {
    KINDS
        .iter()
        .filter(|(_, kind)| kind.is_acted_on())
        .map(|(name, _)| *name)
}

impl Kind {
    /// Parses DingTalk's name of a type.
    pub fn of(event_type: &str) -> Self {
        KINDS
            .iter()
            .find(|(name, _)| *name == event_type)
            .map_or(Self::Recorded, |(_, kind)| *kind)
    }

    fn names_people(self) -> bool {
        matches!(self, Self::UserJoined | Self::UserChanged | Self::UserLeft)
    }

    /// Returns whether the ids and the time carry all the relevant content of such an event.
    fn is_acted_on(self) -> bool {
        self.names_people() || self == Self::DepartmentChanged
    }
}

/// One event.
#[derive(Debug, Clone, PartialEq)]
pub struct Event {
    pub kind: Kind,
    /// DingTalk's name of the type; `unnamed` where it sent none.
    pub event_type: String,
    pub event_time: Option<DateTime<Utc>>,
    /// In ascending order, without duplicates.
    pub userids: Vec<UserId>,
    /// In ascending order, without duplicates; without the home-school contacts, whose ids are not positive.
    pub dept_ids: Vec<DeptId>,
    /// What could not be parsed in an event that we act on, or why it is ignored.
    pub problem: Option<&'static str>,
    /// The `CorpId`s that the message names.
    pub companies: Vec<String>,
    /// Whether the message names another company.
    pub is_foreign: bool,
    /// The same for every delivery of one event, and different for different events.
    pub dedupe_key: String,
    /// The message as Postgres can store it.
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
    /// Parses a decrypted message. Anomalies in it become its `problem`.
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

    /// Neutralizes an event that names a company other than this one. It then names nobody, so that no reader of
    /// stored events can mistake it for an event about our people.
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

    /// Returns the time that identifies the event together with its type and ids, if these are its full content.
    pub fn identifying_time(&self) -> Option<DateTime<Utc>> {
        self.event_time
            .filter(|_| self.kind.is_acted_on() && self.problem.is_none())
    }

    /// Returns the first text or number among these fields of a stored message, whatever their spelling.
    pub fn field(body: &Value, names: &[&str]) -> Option<String> {
        fields::text(body, names)
    }

    /// Returns whether there is anything to look up at DingTalk.
    pub fn names_something(&self) -> bool {
        match self.kind {
            Kind::UserJoined | Kind::UserChanged | Kind::UserLeft => !self.userids.is_empty(),
            Kind::DepartmentChanged => !self.dept_ids.is_empty(),
            Kind::CheckUrl | Kind::Recorded => false,
        }
    }
}

/// Returns a type's name without control characters, shortened to 100 characters, for logs and pages.
fn printable(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(100).collect()
}

#[cfg(test)]
mod tests;
