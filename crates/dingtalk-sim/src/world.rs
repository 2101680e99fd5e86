//! All that changes while the stand-in runs, behind one lock.

use std::collections::BTreeMap;

use crate::{
    code::Codes,
    directory::{Directory, Person},
    event::EventLog,
    fault::Faults,
    grant::Grants,
    meter::Meter,
    scope::Scope,
    token::Tokens,
};

/// The state of the made-up cloud.
pub(crate) struct World {
    pub(crate) directory: Directory,
    pub(crate) scope: Scope,
    pub(crate) log: EventLog,
    pub(crate) tokens: Tokens,
    pub(crate) codes: Codes,
    pub(crate) grants: Grants,
    pub(crate) faults: Faults,
    pub(crate) meter: Meter,
    /// What answers say about these userids while the directory lags behind.
    pub(crate) frozen: BTreeMap<String, Option<Person>>,
    pub(crate) callback_url: Option<String>,
    /// How the last `check_url` ended.
    pub(crate) url_check: Option<Result<(), String>>,
}

impl World {
    pub(crate) fn new(directory: Directory, scope: Scope, log: EventLog) -> Self {
        Self {
            directory,
            scope,
            log,
            tokens: Tokens::default(),
            codes: Codes::default(),
            grants: Grants::default(),
            faults: Faults::default(),
            meter: Meter::default(),
            frozen: BTreeMap::new(),
            callback_url: None,
            url_check: None,
        }
    }

    /// Everyone whom answers show: who works here, but for those frozen as they were.
    pub(crate) fn visible(&self) -> impl Iterator<Item = &Person> {
        self.directory
            .people()
            .iter()
            .filter(|person| !self.frozen.contains_key(&person.userid))
            .chain(self.frozen.values().flatten())
    }

    pub(crate) fn visible_person(&self, userid: &str) -> Option<&Person> {
        match self.frozen.get(userid) {
            Some(frozen) => frozen.as_ref(),
            None => self.directory.person(userid),
        }
    }

    /// Makes answers about a userid stand still as they are now (for one who has left: as they
    /// were before), or follow the directory again.
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
