//! All mutable state of the simulator, behind one lock.

use std::collections::BTreeMap;

use crate::{
    approval::Approvals,
    code::Codes,
    directory::{Directory, Person},
    event::{EventLog, FailedShape},
    fault::Faults,
    grant::Grants,
    meter::Meter,
    scope::Scope,
    subscription::{RegisteredCallback, Subscription},
    token::Tokens,
    tour::Tour,
};

/// The state of the simulated cloud.
pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) scope: Scope,
    pub(crate) log: EventLog,
    pub(crate) approvals: Approvals,
    pub(crate) tokens: Tokens,
    pub(crate) codes: Codes,
    pub(crate) grants: Grants,
    pub(crate) faults: Faults,
    pub(crate) meter: Meter,
    pub(crate) tour: Tour,
    /// What responses contain for these userids while the directory lags behind.
    pub(crate) frozen: BTreeMap<String, Option<Person>>,
    pub(crate) callback_url: Option<String>,
    /// The callback registered by API, in addition to the console's.
    pub(crate) registered: Option<RegisteredCallback>,
    pub(crate) failed_shape: FailedShape,
    /// Result of the last `check_url`.
    pub(crate) url_check: Option<Result<(), String>>,
}

impl World {
    pub(crate) fn new(directory: Directory, scope: Scope, log: EventLog) -> Self {
        Self {
            directory,
            scope,
            log,
            approvals: Approvals::default(),
            tokens: Tokens::default(),
            codes: Codes::default(),
            grants: Grants::default(),
            faults: Faults::default(),
            meter: Meter::default(),
            tour: Tour::default(),
            frozen: BTreeMap::new(),
            callback_url: None,
            registered: None,
            failed_shape: FailedShape::default(),
            url_check: None,
        }
    }

    /// Returns the subscriptions that want an event of this type.
    pub(crate) fn told_of(&self, event_type: &str) -> Vec<Subscription> {
        let console = self.callback_url.is_some();
        let registered = self.registered.as_ref();
        let registered = registered.is_some_and(|callback| callback.wants(event_type));
        [
            (console, Subscription::Console),
            (registered, Subscription::Registered),
        ]
        .into_iter()
        .filter_map(|(told, subscription)| told.then_some(subscription))
        .collect()
    }

    /// Returns all people that responses show: current employees, except that frozen ones are as they were.
    pub(crate) fn visible(&self) -> impl Iterator<Item = &Person> {
        self.directory
            .people()
            .iter()
            .filter(|person| !self.frozen.contains_key(&person.userid))
            .chain(self.frozen.values().flatten())
    }

    /// Returns the direct members of a department that responses show, in no particular order.
    pub(crate) fn visible_members(&self, dept_id: i64) -> impl Iterator<Item = &Person> {
        let frozen = self.frozen.values().flatten();
        self.directory
            .members(dept_id)
            .filter(|person| !self.frozen.contains_key(&person.userid))
            .chain(frozen.filter(move |person| person.is_in(dept_id)))
    }

    pub(crate) fn visible_by_unionid(&self, unionid: &str) -> Option<&Person> {
        let mut frozen = self.frozen.values().flatten();
        self.directory
            .person_by_unionid(unionid)
            .filter(|person| !self.frozen.contains_key(&person.userid))
            .or_else(|| frozen.find(|person| person.unionid == unionid))
    }

    pub(crate) fn visible_person(&self, userid: &str) -> Option<&Person> {
        match self.frozen.get(userid) {
            Some(frozen) => frozen.as_ref(),
            None => self.directory.person(userid),
        }
    }

    /// Freezes the responses about a userid as they are now (for one who has left: as they were before), or
    /// unfreezes them.
    pub(crate) fn freeze(&mut self, userid: &str, on: bool) {
        if on {
            let known = self
                .directory
                .person(userid)
                .or_else(|| self.directory.former_person(userid));
            self.frozen.insert(userid.to_owned(), known.cloned());
        } else {
            self.frozen.remove(userid);
        }
    }
}
