//! An event that DingTalk reports, as the inbox stores it.

mod dedupe;

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
    /// The person joined.
    UserJoined,
    /// Recheck the person.
    UserChanged,
    /// The person is terminated at once.
    UserLeft,
    /// Recheck the department.
    DepartmentChanged,
    /// Stored and shown, nothing more: rights of DingTalk's administrators, and types unknown to us.
    Recorded,
}

impl Kind {
    /// Returns whether type, time and ids are the full content of such an event, so that another with the same is a
    /// duplicate.
    pub fn is_identified_by_ids(self) -> bool {
        matches!(
            self,
            Self::UserJoined | Self::UserChanged | Self::UserLeft | Self::DepartmentChanged
        )
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

const FOREIGN: &str = "the event names another CorpId";

impl Event {
    /// Sets the key by which repeated deliveries are recognized: DingTalk's id of the event if it has one. `message`
    /// is the event in the form of a push.
    #[must_use]
    pub fn with_dedupe_key(mut self, event_id: Option<&str>, message: &Value) -> Self {
        self.dedupe_key = dedupe::key(&self, event_id, message);
        self
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
            .filter(|_| self.kind.is_identified_by_ids() && self.problem.is_none())
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
