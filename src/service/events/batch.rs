//! A batch of claimed events: which lookups they need, and the outcome of each event once these are answered.

use std::collections::{BTreeMap, BTreeSet};

use super::outcome::{ErrorClass, LookupError, LookupOutcome};
use crate::domain::event::Kind;
use crate::domain::ids::{DeptId, UserId};
use crate::service::queue::Urgency;
use crate::store::event::ClaimedEvent;
use crate::upstream::event;

/// Maximum number of rejections of a subject: after about two minutes an administrator has to look.
const MAX_REFUSALS: i32 = 12;
/// Maximum number of unreadable answers or internal errors.
const MAX_BAD: i32 = 3;
/// Maximum number of rejections of a subject outside the app's scope: about a day.
const MAX_OUT_OF_SCOPE: i32 = 290;
/// Maximum number of attempts while DingTalk is unreachable or rejects the app: about a day.
const MAX_UNAVAILABLE: i32 = 5760;
/// Number of subjects of one event that are looked up before other events get their turn.
const IN_ONE_ROUND: usize = 4;

/// The person or department of a lookup.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubjectId {
    Person(UserId),
    Department(DeptId),
}

impl SubjectId {
    /// Returns the id, as the inbox stores it for pending lookups.
    fn id(&self) -> String {
        match self {
            Self::Person(userid) => userid.as_str().to_owned(),
            Self::Department(dept_id) => dept_id.to_string(),
        }
    }
}

/// A lookup, made once for all events that need it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PendingLookup {
    pub subject: SubjectId,
    /// The events that say that the person has joined.
    pub joins: Vec<i64>,
    /// The urgency of the most urgent event.
    pub urgency: Urgency,
}

/// The result of processing one event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum EventOutcome {
    Applied,
    Retry(LookupError),
    Failed(String),
    /// Never actually tried.
    Released,
}

/// An event whose processing has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FinishedEvent {
    pub id: i64,
    pub attempts: i32,
    /// Whether the record or its subject was at fault, and not just DingTalk unreachable.
    pub is_refusal: bool,
    /// Subjects still to be looked up, if the event names more than one.
    pub pending: Option<Vec<String>>,
    pub outcome: EventOutcome,
}

struct InFlightEvent {
    attempts: i32,
    /// Number of rejections among the attempts so far.
    refusals: i32,
    unanswered: BTreeSet<SubjectId>,
    /// Subjects whose lookup has failed or was released.
    unfinished: Vec<String>,
    names_several: bool,
    most_severe: Option<LookupError>,
    was_released: bool,
    problem: Option<&'static str>,
}

/// The unfinished events of one claim.
pub(super) struct Batch(BTreeMap<i64, InFlightEvent>);

impl Batch {
    /// Creates a batch of claimed events; returns it with the lookups it needs, in order of arrival.
    pub fn new(claimed: Vec<ClaimedEvent>) -> (Self, Vec<PendingLookup>) {
        let mut lookups: Vec<PendingLookup> = Vec::new();
        let mut places: BTreeMap<SubjectId, usize> = BTreeMap::new();
        let mut open = BTreeMap::new();
        for event in claimed {
            let kind = event::kind_of(&event.event_type);
            let subject = pending_lookups(kind, &event);
            for (position, subject) in subject.iter().enumerate() {
                let urgency = urgency(kind, &event, position);
                let place = *places.entry(subject.clone()).or_insert_with(|| {
                    lookups.push(PendingLookup {
                        subject: subject.clone(),
                        joins: Vec::new(),
                        urgency,
                    });
                    lookups.len() - 1
                });
                if let Some(lookup) = lookups.get_mut(place) {
                    lookup.urgency = lookup.urgency.min(urgency);
                    if kind == Kind::UserJoined {
                        lookup.joins.push(event.id);
                    }
                }
            }
            open.insert(
                event.id,
                InFlightEvent {
                    attempts: event.attempts,
                    refusals: event.refusals,
                    unfinished: Vec::new(),
                    names_several: event.userids.len() + event.dept_ids.len() > 1,
                    unanswered: subject,
                    most_severe: None,
                    was_released: false,
                    problem: event.body.as_ref().and_then(event::problem_of),
                },
            );
        }
        (Self(open), lookups)
    }

    /// Returns the number of unfinished events.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the ids of the unfinished events.
    pub fn ids(&self) -> Vec<i64> {
        self.0.keys().copied().collect()
    }

    /// Records an answer.
    pub fn record(&mut self, subject: &SubjectId, answer: &LookupOutcome) {
        for event in self
            .0
            .values_mut()
            .filter(|event| event.unanswered.contains(subject))
        {
            event.unanswered.remove(subject);
            match answer {
                LookupOutcome::Done => continue,
                LookupOutcome::NotStarted => event.was_released = true,
                LookupOutcome::Failed(fault) => event.keep_most_severe(fault),
            }
            event.unfinished.push(subject.id());
        }
    }

    /// Removes and returns the events whose lookups are all answered.
    pub fn take_finished(&mut self) -> Vec<FinishedEvent> {
        let ended = self
            .0
            .extract_if(.., |_, event| event.unanswered.is_empty());
        ended
            .map(|(id, mut event)| FinishedEvent {
                id,
                attempts: event.attempts,
                is_refusal: event.is_refusal(),
                pending: event
                    .names_several
                    .then(|| std::mem::take(&mut event.unfinished)),
                outcome: event.outcome(),
            })
            .collect()
    }
}

/// Returns the subjects still to be looked up for an event. A leave event was applied when it was stored.
fn pending_lookups(kind: Kind, event: &ClaimedEvent) -> BTreeSet<SubjectId> {
    let all: BTreeSet<SubjectId> = match kind {
        Kind::UserJoined | Kind::UserChanged => event
            .userids
            .iter()
            .cloned()
            .map(SubjectId::Person)
            .collect(),
        Kind::DepartmentChanged => event
            .dept_ids
            .iter()
            .copied()
            .filter(|id| *id > 0)
            .map(SubjectId::Department)
            .collect(),
        Kind::UserLeft | Kind::CheckUrl | Kind::Recorded => BTreeSet::new(),
    };
    let Some(pending) = &event.pending else {
        return all;
    };
    let pending: BTreeSet<&String> = pending.iter().collect();
    all.into_iter()
        .filter(|subject| pending.contains(&subject.id()))
        .collect()
}

/// Returns the urgency of the subject at this position in an event.
fn urgency(kind: Kind, event: &ClaimedEvent, position: usize) -> Urgency {
    Urgency {
        is_retry: event.is_retry,
        round: u64::try_from(position / IN_ONE_ROUND).unwrap_or(u64::MAX),
        is_change: kind != Kind::UserJoined,
    }
}

impl InFlightEvent {
    fn keep_most_severe(&mut self, fault: &LookupError) {
        let is_less_severe = |known: &LookupError| known.class < fault.class;
        if self.most_severe.as_ref().is_none_or(is_less_severe) {
            self.most_severe = Some(fault.clone());
        }
    }

    fn is_refusal(&self) -> bool {
        matches!(&self.most_severe, Some(fault) if fault.class <= ErrorClass::OutOfScope)
    }

    fn may_try_again(&self) -> bool {
        match self.most_severe.as_ref().map(|fault| fault.class) {
            Some(ErrorClass::Permanent) => self.refusals + 1 < MAX_BAD,
            Some(ErrorClass::Rejected) => self.refusals + 1 < MAX_REFUSALS,
            Some(ErrorClass::OutOfScope) => self.refusals + 1 < MAX_OUT_OF_SCOPE,
            Some(ErrorClass::UnionidTaken) => true,
            Some(ErrorClass::Misconfigured | ErrorClass::Unavailable) => {
                self.attempts < MAX_UNAVAILABLE
            }
            None => false,
        }
    }

    fn outcome(self) -> EventOutcome {
        let may_try_again = self.may_try_again();
        match self.most_severe {
            Some(fault) if may_try_again => EventOutcome::Retry(fault),
            Some(fault) if !self.was_released => EventOutcome::Failed(fault.reason),
            _ if self.was_released => EventOutcome::Released,
            _ => self.problem.map_or(EventOutcome::Applied, |problem| {
                EventOutcome::Failed(problem.to_owned())
            }),
        }
    }
}

#[cfg(test)]
mod tests;
