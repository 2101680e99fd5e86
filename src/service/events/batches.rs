//! Batches of events that are processed concurrently. An answer counts only for the batches for which the lookup was
//! made: an answer requested before an event arrived says nothing about it.

use std::collections::BTreeMap;

use super::batch::{Batch, FinishedEvent, PendingLookup, SubjectId};
use super::outcome::{LookupError, LookupOutcome};
use crate::service::queue::{Task, Urgency};
use crate::store::event::ClaimedEvent;

/// A lookup with the numbers of the batches that need its answer.
#[derive(Debug, Clone)]
pub struct MergedLookup {
    batches: Vec<usize>,
    pub lookup: PendingLookup,
}

impl Task for MergedLookup {
    type Subject = SubjectId;
    type Error = LookupError;

    fn subject(&self) -> SubjectId {
        self.lookup.subject.clone()
    }

    fn urgency(&self) -> Urgency {
        self.lookup.urgency
    }

    fn merge(&mut self, other: Self) {
        self.batches.extend(other.batches);
        self.lookup.joins.extend(other.lookup.joins);
        self.lookup.urgency = self.lookup.urgency.min(other.lookup.urgency);
    }
}

/// The unfinished batches, by number.
#[derive(Default)]
pub(super) struct Batches {
    open: BTreeMap<usize, Batch>,
    begun: usize,
}

impl Batches {
    /// Adds claimed events as a separate batch; returns the lookups it needs.
    pub fn add(&mut self, claimed: Vec<ClaimedEvent>) -> Vec<MergedLookup> {
        let (batch, lookups) = Batch::new(claimed);
        let number = self.begun;
        self.begun += 1;
        self.open.insert(number, batch);
        lookups
            .into_iter()
            .map(|lookup| MergedLookup {
                batches: vec![number],
                lookup,
            })
            .collect()
    }

    /// Records the outcome of a lookup.
    pub fn record(&mut self, merged: &MergedLookup, outcome: &LookupOutcome) {
        for number in &merged.batches {
            if let Some(batch) = self.open.get_mut(number) {
                batch.record(&merged.lookup.subject, outcome);
            }
        }
    }

    /// Removes and returns the events whose lookups are all answered.
    pub fn take_finished(&mut self) -> Vec<FinishedEvent> {
        let ended = self
            .open
            .values_mut()
            .flat_map(Batch::take_finished)
            .collect();
        self.open.retain(|_, batch| !batch.ids().is_empty());
        ended
    }

    /// Returns the number of unfinished events.
    pub fn len(&self) -> usize {
        self.open.values().map(Batch::len).sum()
    }

    /// Returns the ids of the unfinished events.
    pub fn ids(&self) -> Vec<i64> {
        self.open.values().flat_map(Batch::ids).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::UserId;

    fn change(id: i64) -> ClaimedEvent {
        ClaimedEvent {
            id,
            event_type: "user_modify_org".to_owned(),
            userids: vec![UserId::parse("zhangsan01").unwrap()],
            dept_ids: Vec::new(),
            body: None,
            attempts: 1,
            refusals: 0,
            is_retry: false,
            pending: None,
        }
    }

    #[test]
    fn an_answer_does_not_cover_an_event_that_came_after_its_question() {
        let mut batches = Batches::default();
        let [first] = batches.add(vec![change(1)]).try_into().unwrap();
        let [mut second] = batches.add(vec![change(2)]).try_into().unwrap();
        let [third] = batches.add(vec![change(3)]).try_into().unwrap();
        assert_eq!(second.subject(), third.subject());
        second.merge(third);
        let ended = |batches: &mut Batches| -> Vec<i64> {
            batches
                .take_finished()
                .iter()
                .map(|ended| ended.id)
                .collect()
        };
        batches.record(&first, &LookupOutcome::Done);
        assert_eq!(ended(&mut batches), [1]);
        assert_eq!(batches.ids(), [2, 3]);
        batches.record(&second, &LookupOutcome::Done);
        assert_eq!(ended(&mut batches), [2, 3]);
        assert!(batches.open.is_empty());
    }
}
