//! Five things that a newcomer can try, ticked off as they are done.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::{shared::Announce, world::World};

/// The API with which a full sync starts.
const SYNC_PATH: &str = "/topapi/v2/department/listsub";

/// One of the things to try.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(crate) enum Step {
    /// An employee has signed in.
    Employee,
    /// An employee who had signed in was dismissed and the event sent.
    Dismissal,
    /// Somebody who has left has scanned.
    Leaver,
    /// Somebody of whose hiring no event told has scanned.
    Newcomer,
    /// A full sync has followed a change of which no event told.
    LostEvent,
}

/// What has been done so far.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tour {
    done: BTreeSet<Step>,
    /// Userids of employees who have signed in.
    signed_in: BTreeSet<String>,
    /// Userids of people of whose hiring no event told.
    newcomers: BTreeSet<String>,
    /// Whether an event was lost since the last sync.
    is_event_lost: bool,
}

impl Tour {
    pub(crate) fn is_done(&self, step: Step) -> bool {
        self.done.contains(&step)
    }

    pub(crate) fn note_hiring(&mut self, userid: &str, announce: Announce) {
        if announce == Announce::No {
            self.newcomers.insert(userid.to_owned());
        }
    }

    pub(crate) fn note_change(&mut self, announce: Announce) {
        self.is_event_lost |= announce == Announce::No;
    }

    pub(crate) fn note_dismissal(&mut self, userid: &str, announce: Announce) {
        self.note_change(announce);
        if announce == Announce::Yes && self.signed_in.contains(userid) {
            self.done.insert(Step::Dismissal);
        }
    }

    /// Notes a call; returns whether a step is done by it.
    pub(crate) fn note_call(&mut self, path: &str) -> bool {
        path == SYNC_PATH
            && std::mem::take(&mut self.is_event_lost)
            && self.done.insert(Step::LostEvent)
    }
}

impl World {
    /// Notes that the application has exchanged this person's code.
    pub(crate) fn note_login(&mut self, unionid: &str) {
        let directory = &self.directory;
        let step = match directory.person_by_unionid(unionid) {
            Some(person) if self.tour.newcomers.contains(&person.userid) => Step::Newcomer,
            Some(person) => {
                self.tour.signed_in.insert(person.userid.clone());
                Step::Employee
            }
            None if directory.former().iter().any(|p| p.unionid == unionid) => Step::Leaver,
            None => return,
        };
        self.tour.done.insert(step);
    }
}
