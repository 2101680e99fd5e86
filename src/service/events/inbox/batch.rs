//! The transaction that stores a batch of events.

use std::collections::HashMap;

use chrono::{DateTime, Utc};

use crate::domain::event::Kind;
use crate::domain::ids::{DeptId, UserId};
use crate::service::events::{offboarding, parked};
use crate::store::event::{self, InitialState, NewEvent};
use crate::store::{Conn, StoreError, event_parked};

/// What became of an event of a batch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It is new and waits for a worker.
    Waits,
    /// It is new and complete, or it was stored before.
    Stored,
    /// It was stored before and parked: the repeat takes effect in a transaction of its own.
    RepeatsParked,
}

/// Stores events, and terminates those who leave by them; returns one outcome per event.
pub(super) async fn store(tx: &mut Conn, events: &[&NewEvent]) -> Result<Vec<Outcome>, StoreError> {
    // An event that needs a lock held by another session is stored apart, so that neither the others of this batch nor
    // those of the next ones wait for it. Only leave events need locks of which a sync holds many.
    if events.len() > 1 || events.iter().any(|event| is_leave(event)) {
        event::limit_lock_waits(tx).await?;
    }
    if let [event] = events {
        return store_alone(tx, event).await.map(|outcome| vec![outcome]);
    }
    let (firsts, first_of) = without_repeats(events);
    let new = event::insert_all(tx, &firsts).await?;
    let is_new = |event: &&&NewEvent| new.contains(&event.event.dedupe_key);
    let leavers: Vec<UserId> = firsts
        .iter()
        .filter(|event| is_new(event) && is_leave(event))
        .flat_map(|event| event.event.userids.iter().cloned())
        .collect();
    if !leavers.is_empty() {
        offboarding::terminate(tx, &leavers).await?;
    }
    let known = firsts.iter().filter(|event| !is_new(event));
    let known: Vec<&NewEvent> = known.copied().collect();
    let parked = event_parked::find_repeated(tx, &known).await?;
    let outcomes: Vec<Outcome> = firsts
        .iter()
        .map(|event| match &event.event.dedupe_key {
            key if new.contains(key) => stored(event),
            key if parked.contains(key) => Outcome::RepeatsParked,
            _ => Outcome::Stored,
        })
        .collect();
    Ok(first_of
        .into_iter()
        .filter_map(|first| outcomes.get(first).copied())
        .collect())
}

/// Stores one event, or applies the parked event that it repeats.
pub(super) async fn store_alone(tx: &mut Conn, new: &NewEvent) -> Result<Outcome, StoreError> {
    let is_new = !event::insert_all(tx, &[new]).await?.is_empty();
    if !is_new {
        parked::release_repeated(tx, &new.event).await?;
        return Ok(Outcome::Waits);
    }
    if is_leave(new) {
        offboarding::terminate(tx, &new.event.userids).await?;
    }
    Ok(stored(new))
}

fn is_leave(new: &NewEvent) -> bool {
    new.event.kind == Kind::UserLeft
}

fn stored(new: &NewEvent) -> Outcome {
    match new.arrival {
        InitialState::Waiting => Outcome::Waits,
        InitialState::Applied | InitialState::Failed(_) | InitialState::Ignored(_) => {
            Outcome::Stored
        }
    }
}

/// What identifies an event that has no key in common with the first delivery.
type Identity<'a> = (DateTime<Utc>, &'a str, &'a [UserId], &'a [DeptId]);

/// Returns the events without those that repeat an earlier one of the same batch, which one statement cannot see, and
/// for each event the index of its first delivery. A repeat is stored with the first one: both commit or neither.
fn without_repeats<'a>(events: &[&'a NewEvent]) -> (Vec<&'a NewEvent>, Vec<usize>) {
    let (mut keys, mut identities) = (HashMap::new(), HashMap::new());
    let (mut firsts, mut first_of) = (Vec::new(), Vec::new());
    for new in events {
        let event = &new.event;
        let key = event.dedupe_key.as_str();
        let identity = event.identifying_time().map(|time| -> Identity<'a> {
            (time, &event.event_type, &event.userids, &event.dept_ids)
        });
        let known = keys.get(key);
        let known = known.or_else(|| identities.get(&identity?)).copied();
        first_of.push(known.unwrap_or(firsts.len()));
        if known.is_none() {
            keys.insert(key, firsts.len());
            identities.extend(identity.map(|identity| (identity, firsts.len())));
            firsts.push(*new);
        }
    }
    (firsts, first_of)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::upstream::event::of_callback;

    fn new(message: &serde_json::Value) -> NewEvent {
        NewEvent {
            event: of_callback(message),
            arrival: InitialState::Waiting,
        }
    }

    #[test]
    fn a_repeat_is_known_by_its_key_or_by_time_type_and_ids() {
        let change = |id: &str, userid: &str, time: &str| {
            new(
                &json!({"EventType": "user_modify_org", "eventId": id, "UserId": [userid], "TimeStamp": time}),
            )
        };
        let events = [
            change("1", "a", "1"),
            change("1", "a", "1"),
            change("2", "a", "1"),
            change("3", "a", "2"),
            change("4", "b", "1"),
            // By its key it repeats the first; what it names is not remembered.
            change("1", "c", "1"),
            change("5", "c", "1"),
            new(&json!({"EventType": "other", "eventId": "6", "TimeStamp": "1"})),
            new(&json!({"EventType": "other", "eventId": "7", "TimeStamp": "1"})),
        ];
        let all: Vec<&NewEvent> = events.iter().collect();
        let (firsts, first_of) = without_repeats(&all);
        let firsts: Vec<&str> = firsts
            .iter()
            .map(|new| new.event.dedupe_key.as_str())
            .collect();
        assert_eq!(firsts, ["id:1", "id:3", "id:4", "id:5", "id:6", "id:7"]);
        assert_eq!(first_of, [0, 0, 0, 1, 2, 0, 3, 4, 5]);
    }
}
