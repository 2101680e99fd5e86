//! The log of events and the list of those that could not be delivered.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::type_of;

/// The log keeps this many settled events.
const KEPT: usize = 500;
/// The failed list gives this many entries in one answer.
const FAILED_PAGE: usize = 200;

/// How far an event has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventState {
    /// Not yet sent for the first time.
    Waiting,
    /// Sent in vain, and to be sent again.
    Retrying,
    Delivered,
    /// Given up; it stands in the failed list.
    Failed,
    /// Withheld on purpose, or no callback address is set.
    Dropped,
}

/// One event and what became of it.
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
}

/// All events of one company, and the failed list.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct EventLog {
    records: Vec<EventRecord>,
    next_id: u64,
    failed: Vec<EventRecord>,
    /// How many at the head of the failed list the previous reader was given.
    handed_out: usize,
}

impl EventLog {
    /// Writes a new event down and gives its number.
    pub(crate) fn add(&mut self, event: Value, state: EventState, born_at: i64) -> u64 {
        self.next_id += 1;
        self.records.push(EventRecord {
            id: self.next_id,
            event_type: type_of(&event).to_owned(),
            event,
            born_at,
            state,
            attempts: 0,
            last_error: None,
        });
        self.drop_old();
        self.next_id
    }

    /// All events that are remembered, oldest first.
    pub fn records(&self) -> &[EventRecord] {
        &self.records
    }

    /// What could not be delivered and was not yet fetched for good, oldest first.
    pub fn failed(&self) -> &[EventRecord] {
        &self.failed
    }

    /// Numbers of the events that still want to be delivered.
    pub(crate) fn open(&self) -> Vec<u64> {
        self.records
            .iter()
            .filter(|record| record.is_open())
            .map(|record| record.id)
            .collect()
    }

    /// The event of this number, if it still wants to be delivered.
    pub(crate) fn open_event(&self, id: u64) -> Option<&EventRecord> {
        self.records
            .iter()
            .find(|record| record.id == id && record.is_open())
    }

    /// Writes down how an attempt ended; `last` tells that no other follows.
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
            self.failed.push(record.clone());
        }
    }

    /// The next page of the failed list with whether more follows; what the previous call returned
    /// is forgotten.
    pub(crate) fn fetch_failed(&mut self, corp_id: &str) -> (Vec<Value>, bool) {
        self.failed.drain(..self.handed_out.min(self.failed.len()));
        self.handed_out = self.failed.len().min(FAILED_PAGE);
        let page = self
            .failed
            .iter()
            .take(FAILED_PAGE)
            .map(|r| r.as_failed(corp_id))
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

    /// The entry's shape in the failed list: the payload stands under the name of its type.
    fn as_failed(&self, corp_id: &str) -> Value {
        let mut payload = Map::new();
        payload.insert("corpid".into(), json!(corp_id));
        let find = |keys: [&str; 2]| keys.iter().find_map(|key| self.event.get(key)).cloned();
        if let Some(users) = find(["UserId", "userId"]) {
            payload.insert("userid".into(), users);
        } else if let Some(departments) = find(["DeptId", "deptId"]) {
            payload.insert("deptid".into(), departments);
        } else {
            payload.insert("callbackData".into(), self.event.clone());
        }
        let mut entry = Map::new();
        entry.insert("call_back_tag".into(), json!(self.event_type));
        entry.insert("event_time".into(), json!(self.born_at));
        entry.insert(self.event_type.clone(), Value::Object(payload));
        Value::Object(entry)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fail(log: &mut EventLog, event: Value) {
        let id = log.add(event, EventState::Waiting, 17);
        log.settle(id, Err("no".into()), true);
    }

    #[test]
    fn an_event_retries_and_then_arrives_or_fails() {
        let mut log = EventLog::default();
        let id = log.add(
            json!({"EventType": "user_add_org"}),
            EventState::Waiting,
            17,
        );
        log.settle(id, Err("timeout".into()), false);
        assert_eq!(log.records()[0].state, EventState::Retrying);
        assert_eq!(log.open(), [id]);
        log.settle(id, Ok(()), false);
        assert_eq!(log.records()[0].state, EventState::Delivered);
        assert_eq!(log.records()[0].attempts, 2);
        assert!(log.open().is_empty() && log.failed().is_empty());
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
        let (first, more) = log.fetch_failed("c");
        assert_eq!((first.len(), more), (200, true));
        assert_eq!(first[0]["user_add_org"]["userid"], json!(["0"]));
        let (second, more) = log.fetch_failed("c");
        assert_eq!((second.len(), more), (50, false));
        assert_eq!(log.fetch_failed("c"), (vec![], false));
    }

    #[test]
    fn a_failed_entry_stands_under_the_name_of_its_type() {
        let mut log = EventLog::default();
        fail(
            &mut log,
            json!({"EventType": "org_dept_modify", "deptId": [7]}),
        );
        fail(&mut log, json!({"EventType": "check_in", "StaffId": "a"}));
        let (page, _) = log.fetch_failed("c");
        assert_eq!(
            page[0],
            json!({"call_back_tag": "org_dept_modify", "event_time": 17,
                   "org_dept_modify": {"corpid": "c", "deptid": [7]}})
        );
        assert_eq!(page[1]["check_in"]["callbackData"]["StaffId"], "a");
    }

    #[test]
    fn the_log_forgets_old_events_but_never_an_open_one() {
        let mut log = EventLog::default();
        let open = log.add(json!({}), EventState::Waiting, 0);
        for _ in 0..KEPT + 10 {
            log.add(json!({}), EventState::Dropped, 0);
        }
        assert_eq!(log.records().len(), KEPT);
        assert!(log.open_event(open).is_some());
    }
}
