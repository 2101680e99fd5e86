//! Who commits, and what.

use tokio::sync::oneshot::Receiver;

use super::*;
use crate::store::event::InitialState;
use crate::upstream::event::of_callback;

type Answered = Receiver<Result<(), StoreError>>;

fn sized(size: usize) -> (WaitingEvent, Answered) {
    let (answer, answered) = oneshot::channel();
    let waiting = WaitingEvent {
        event: Arc::new(NewEvent {
            event: of_callback(&serde_json::json!({"EventType": "org_admin_add"})),
            arrival: InitialState::Applied,
        }),
        size,
        deadline: Instant::now() + Duration::from_secs(1),
        answer,
    };
    (waiting, answered)
}

/// Adds an event; the caller is told whether to commit.
fn join(lane: &Arc<Lane>) -> (Option<CommitSlot>, Answered) {
    let (waiting, answered) = sized(100);
    (lane.join(waiting).unwrap(), answered)
}

fn batch_sizes(slot: &mut CommitSlot) -> Vec<usize> {
    std::iter::from_fn(|| slot.next_batch())
        .map(|batch| batch.len())
        .collect()
}

#[test]
fn an_event_starts_a_slot_only_while_few_commits_are_in_progress() {
    let lane = Arc::new(Lane::default());
    let (first, _a) = join(&lane);
    let mut first = first.unwrap();
    assert_eq!(first.next_batch().unwrap().len(), 1, "it does not wait");
    let (second, _b) = join(&lane);
    let mut second = second.unwrap();
    assert_eq!(second.next_batch().unwrap().len(), 1);
    let waiting: Vec<_> = (0..5).map(|_| join(&lane)).collect();
    assert!(waiting.iter().all(|(slot, _)| slot.is_none()));
    assert_eq!(batch_sizes(&mut first), [5], "they share one commit");
    assert!(second.next_batch().is_none());
    assert!(join(&lane).0.is_some(), "all slots have ended");
}

#[test]
fn a_batch_is_bounded_in_number_and_bytes() {
    let lane = Arc::new(Lane::default());
    let (slot, _first) = join(&lane);
    let joined: Vec<_> = (0..MAX_EVENTS + 2).map(|_| join(&lane)).collect();
    assert_eq!(batch_sizes(&mut slot.unwrap()), [MAX_EVENTS, 3]);
    drop(joined);
    let (slot, _first) = join(&lane);
    let mut answers = Vec::new();
    for size in [MAX_BYTES * 2, MAX_BYTES / 2, MAX_BYTES / 2, 1] {
        let (waiting, answered) = sized(size);
        assert!(lane.join(waiting).unwrap().is_none_or(|slot| {
            drop(slot);
            true
        }));
        answers.push(answered);
    }
    assert_eq!(batch_sizes(&mut slot.unwrap()), [1, 1, 2, 1]);
}

#[test]
fn who_has_given_up_is_not_stored() {
    let lane = Arc::new(Lane::default());
    let (slot, _first) = join(&lane);
    drop(join(&lane));
    let (_second, _answered) = join(&lane);
    assert_eq!(batch_sizes(&mut slot.unwrap()), [2]);
}

#[test]
fn a_slot_that_is_cut_off_answers_nobody_and_leaves_nobody_waiting() {
    let lane = Arc::new(Lane::default());
    let (first, mut a) = join(&lane);
    let (second, mut b) = join(&lane);
    let (mut first, second) = (first.unwrap(), second.unwrap());
    let batch = first.next_batch();
    let (_, mut c) = join(&lane);
    drop((batch, first));
    for answered in [&mut a, &mut b] {
        let answer = answered.try_recv();
        assert!(matches!(answer, Err(oneshot::error::TryRecvError::Closed)));
    }
    let answer = c.try_recv();
    assert!(
        matches!(answer, Err(oneshot::error::TryRecvError::Empty)),
        "the other slot goes on"
    );
    drop(second);
    let answer = c.try_recv();
    assert!(matches!(answer, Err(oneshot::error::TryRecvError::Closed)));
    assert!(join(&lane).0.is_some(), "a new slot can begin");
}

#[test]
fn what_cannot_be_stored_in_time_is_refused_at_once() {
    let lane = Arc::new(Lane::default());
    let mut answers = Vec::new();
    let mut slots = Vec::new();
    for _ in 0..MAX_COMMITS * MAX_EVENTS {
        let (slot, answered) = join(&lane);
        slots.extend(slot);
        answers.push(answered);
    }
    lane.lock().commit_time = Duration::from_secs(2);
    assert_eq!(lane.join(sized(1).0).unwrap_err(), LaneFull);
    lane.lock().commit_time = Duration::from_millis(1);
    while let Ok(_none) = lane.join({
        let (waiting, answered) = sized(1);
        answers.push(answered);
        waiting
    }) {}
    assert_eq!(lane.lock().waiting.len(), MAX_WAITING);
}
