//! The event log and the list of events that could not be delivered.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{
    failed::{FailedEntry, FailedShape},
    type_of,
};
use crate::subscription::Subscription;

/// The log keeps this many settled events.
const KEPT: usize = 500;
/// Maximum number of failed entries per response.
const FAILED_PAGE: usize = 200;

/// Delivery state of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// Not yet sent for the first time.
    Waiting,
    /// Sent without success, and to be sent again.
    Retrying,
    Delivered,
    /// Given up; it is on the failed list.
    Failed,
    /// Dropped on purpose, or no callback URL is set.
    Dropped,
}

/// One event and its delivery result.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct EventRecord {
    pub id: u64,
    pub event_type: String,
    pub event: Value,
    /// Unix milliseconds.
    pub born_at: i64,
    pub state: EventState,
    pub attempts: u32,
    pub last_error: Option<String>,
    #[serde(default)]
    pub subscription: Subscription,
}

/// All events of one company, and the failed list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EventLog {
    records: Vec<EventRecord>,
    next_id: u64,
    failed: Vec<FailedEntry>,
    /// How many entries at the start of the failed list the previous reader received.
    handed_out: usize,
}

impl EventLog {
    /// Adds a new event and returns its id.
    pub(crate) fn add(
        &mut self,
        event: Value,
        state: EventState,
        subscription: Subscription,
        born_at: i64,
    ) -> u64 {
        self.next_id += 1;
        self.records.push(EventRecord {
            id: self.next_id,
            event_type: type_of(&event).to_owned(),
            event,
            born_at,
            state,
            attempts: 0,
            last_error: None,
            subscription,
        });
        self.drop_old();
        self.next_id
    }

    /// Returns all events in the log, oldest first.
    pub fn records(&self) -> &[EventRecord] {
        &self.records
    }

    /// Returns the events that could not be delivered and are not yet deleted by a later fetch, oldest first;
    /// entries added manually are not included.
    pub fn failed(&self) -> impl Iterator<Item = &EventRecord> {
        self.failed.iter().filter_map(FailedEntry::event)
    }

    /// Returns the number of entries on the failed list.
    pub fn failed_count(&self) -> usize {
        self.failed.len()
    }

    /// Adds an entry to the failed list unchanged, well-formed or not.
    pub(crate) fn add_failed(&mut self, entry: Value) {
        self.failed.push(FailedEntry::Given { given: entry });
    }

    /// Returns the ids of the events that are still to be delivered.
    pub(crate) fn open(&self) -> Vec<u64> {
        self.records
            .iter()
            .filter(|record| record.is_open())
            .map(|record| record.id)
            .collect()
    }

    /// Returns the event with this id, if it is still to be delivered.
    pub(crate) fn open_event(&self, id: u64) -> Option<&EventRecord> {
        self.records
            .iter()
            .find(|record| record.id == id && record.is_open())
    }

    /// Records the result of an attempt; `last` means that no other follows.
    pub(crate) fn settle(&mut self, id: u64, outcome: Result<(), String>, last: bool) {
        let Some(record) = self.records.iter_mut().find(|record| record.id == id) else {
            return;
        };
        record.attempts += 1;
        record.last_error = outcome.err();
        record.state = match (&record.last_error, last) {
            (None, _) => EventState::Delivered,
            (Some(_), false) => EventState::Retrying,
            (Some(_), true) => EventState::Failed,
        };
        if record.state == EventState::Failed {
            self.failed.push(FailedEntry::Event(record.clone()));
        }
    }

    /// Returns the next page of the failed list and whether more follows; deletes what the previous call
    /// returned.
    pub(crate) fn fetch_failed(&mut self, corp_id: &str, shape: FailedShape) -> (Vec<Value>, bool) {
        self.failed.drain(..self.handed_out.min(self.failed.len()));
        self.handed_out = self.failed.len().min(FAILED_PAGE);
        let page = self
            .failed
            .iter()
            .take(FAILED_PAGE)
            .map(|entry| entry.tell(corp_id, shape))
            .collect();
        (page, self.failed.len() > FAILED_PAGE)
    }

    fn drop_old(&mut self) {
        let surplus = self.records.len().saturating_sub(KEPT);
        let mut dropped = 0;
        self.records.retain(|record| {
            let drop = dropped < surplus && !record.is_open();
            dropped += usize::from(drop);
            !drop
        });
    }
}

impl EventRecord {
    fn is_open(&self) -> bool {
        matches!(self.state, EventState::Waiting | EventState::Retrying)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn add(log: &mut EventLog, event: Value, state: EventState) -> u64 {
        log.add(event, state, Subscription::Console, 17)
    }

    fn fetch(log: &mut EventLog) -> (Vec<Value>, bool) {
        log.fetch_failed("c", FailedShape::Current)
    }

    fn fail(log: &mut EventLog, event: Value) {
        let id = add(log, event, EventState::Waiting);
        log.settle(id, Err("no".into()), true);
    }

    #[test]
    fn an_event_retries_and_then_arrives_or_fails() {
        let mut log = EventLog::default();
        let id = add(
            &mut log,
            json!({"EventType": "user_add_org"}),
            EventState::Waiting,
        );
        log.settle(id, Err("timeout".into()), false);
        assert_eq!(log.records()[0].state, EventState::Retrying);
        assert_eq!(log.open(), [id]);
        log.settle(id, Ok(()), false);
        assert_eq!(log.records()[0].state, EventState::Delivered);
        assert_eq!(log.records()[0].attempts, 2);
        assert!(log.open().is_empty() && log.failed_count() == 0);
    }

    #[test]
    fn the_failed_list_gives_200_and_forgets_what_the_call_before_returned() {
        let mut log = EventLog::default();
        for number in 0..250 {
            fail(
                &mut log,
                json!({"EventType": "user_add_org", "UserId": [number.to_string()]}),
            );
        }
        let (first, more) = fetch(&mut log);
        assert_eq!((first.len(), more), (200, true));
        assert_eq!(first[0]["user_add_org"]["userid"], json!(["0"]));
        let (second, more) = fetch(&mut log);
        assert_eq!((second.len(), more), (50, false));
        assert_eq!(fetch(&mut log), (vec![], false));
    }

    #[test]
    fn the_log_forgets_old_events_but_never_an_open_one() {
        let mut log = EventLog::default();
        let open = add(&mut log, json!({}), EventState::Waiting);
        for _ in 0..KEPT + 10 {
            add(&mut log, json!({}), EventState::Dropped);
        }
        assert_eq!(log.records().len(), KEPT);
        assert!(log.open_event(open).is_some());
    }
}
