//! Events that wait to be stored: while one commit is in progress the next events gather, and share the next commit.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use crate::store::StoreError;
use crate::store::event::NewEvent;

/// Commits in progress per lane. The second one uses the time in which the first waits for the disk, and goes on if
/// the connection of the first has stalled.
const MAX_COMMITS: usize = 2;
/// Events of one commit.
const MAX_EVENTS: usize = 64;
/// Bytes of the callbacks of one commit.
const MAX_BYTES: usize = 256 * 1024;
/// Events that wait in one lane.
const MAX_WAITING: usize = 32 * MAX_EVENTS;

/// The lanes of one process, so that a leave event does not wait behind a flood of others, and others do not wait for
/// the rows that it locks.
#[derive(Debug, Default)]
pub struct Inbox {
    pub leaves: Arc<Lane>,
    pub others: Arc<Lane>,
}

/// Events that wait for a commit, in order of arrival.
#[derive(Debug, Default)]
pub struct Lane(Mutex<Queue>);

#[derive(Debug, Default)]
struct Queue {
    waiting: VecDeque<WaitingEvent>,
    commits: usize,
    /// Moving average of the time that a commit takes.
    commit_time: Duration,
}

/// An event and the request that waits until it is stored.
#[derive(Debug)]
pub struct WaitingEvent {
    pub event: Arc<NewEvent>,
    /// Bytes of the callback.
    pub size: usize,
    /// When the request stops waiting.
    pub deadline: Instant,
    pub answer: oneshot::Sender<Result<(), StoreError>>,
}

/// The lane holds as many events as can be stored in time.
#[derive(Debug, PartialEq, Eq)]
pub struct LaneFull;

/// The right to commit what waits in a lane, one batch after the other.
#[derive(Debug)]
pub struct CommitSlot {
    lane: Arc<Lane>,
    taken_at: Option<Instant>,
    has_ended: bool,
}

impl Lane {
    /// Adds an event; returns a slot if the caller is to commit, because too few commits are in progress.
    pub fn join(self: &Arc<Self>, waiting: WaitingEvent) -> Result<Option<CommitSlot>, LaneFull> {
        let mut queue = self.lock();
        let left = waiting.deadline.saturating_duration_since(Instant::now());
        if queue.waiting.len() >= MAX_WAITING || queue.expected_wait() > left {
            return Err(LaneFull);
        }
        queue.waiting.push_back(waiting);
        if queue.commits == MAX_COMMITS {
            return Ok(None);
        }
        queue.commits += 1;
        Ok(Some(CommitSlot {
            lane: Arc::clone(self),
            taken_at: None,
            has_ended: false,
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// Returns how long the full batches take that are ahead of a new event.
    fn expected_wait(&self) -> Duration {
        let batches = self.waiting.len() / MAX_EVENTS;
        let rounds = u32::try_from(batches / MAX_COMMITS).unwrap_or(u32::MAX);
        self.commit_time.saturating_mul(rounds)
    }

    /// Takes the events that have waited longest. Those whose request has given up are dropped: they were not
    /// acknowledged, so DingTalk sends them again.
    fn take_batch(&mut self) -> Vec<WaitingEvent> {
        let (mut batch, mut bytes) = (Vec::new(), 0);
        while let Some(next) = self.waiting.pop_front() {
            if next.answer.is_closed() {
                continue;
            }
            bytes += next.size;
            let is_full = batch.len() == MAX_EVENTS || bytes > MAX_BYTES;
            if is_full && !batch.is_empty() {
                self.waiting.push_front(next);
                break;
            }
            batch.push(next);
        }
        batch
    }

    fn note_commit(&mut self, took: Duration) {
        self.commit_time = self.commit_time * 7 / 8 + took / 8;
    }
}

impl CommitSlot {
    /// Returns the next batch, once the one before is committed; ends and returns `None` if nobody waits.
    pub fn next_batch(&mut self) -> Option<Vec<WaitingEvent>> {
        let mut queue = self.lane.lock();
        if let Some(taken_at) = self.taken_at.take() {
            queue.note_commit(taken_at.elapsed());
        }
        let batch = queue.take_batch();
        if batch.is_empty() {
            // Under the same lock: an event that joins from here on gets a slot of its own.
            queue.commits -= 1;
            self.has_ended = true;
            return None;
        }
        self.taken_at = Some(Instant::now());
        Some(batch)
    }
}

impl Drop for CommitSlot {
    fn drop(&mut self) {
        if self.has_ended {
            return;
        }
        // By a panic, or with its thread as the process stops. What waits is dropped if nobody else commits it, which
        // tells each request that it must store its event itself.
        let mut queue = self.lane.lock();
        queue.commits -= 1;
        if queue.commits == 0 {
            queue.waiting.clear();
        }
    }
}

#[cfg(test)]
mod tests;
