//! The waiters of this process for permits to call DingTalk, most urgent first.

mod fair;
mod forecast;

use std::collections::{BTreeMap, HashMap};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::clients::{Client, ClientKey, InProgress, InProgressCounts};
use fair::{EnqueueResult, FairQueue};
use forecast::Forecast;

/// The priority of logins; only calls of logins in progress are as urgent as new logins.
const LOGIN: i16 = 0;
/// How long a login may wait for its first permit. The rest of the 8 s that a person waits in total is for the
/// calls themselves.
pub const QUEUE_TIME: Duration = Duration::from_secs(5);

/// What a waiter receives: the permit, and for a new login its in-progress guard.
pub type Granted<G> = (G, Option<InProgress>);
type Sender<G> = oneshot::Sender<Granted<G>>;

/// The waiters of one API.
#[derive(Debug)]
struct Queue<G> {
    /// Calls without a client, ordered by priority (lower first), then by arrival.
    calls: BTreeMap<(i16, u64), Sender<G>>,
    /// New logins. They come after calls of the same priority, whose codes are already used up.
    logins: FairQueue<Sender<G>>,
    forecast: Forecast,
    /// Whether a task is serving the queue.
    is_served: bool,
    /// The priority for which a permit is being acquired. A login's permit may use a slot in flight that is
    /// reserved for logins.
    wanted: i16,
}

impl<G> Default for Queue<G> {
    fn default() -> Self {
        Self {
            calls: BTreeMap::new(),
            logins: FairQueue::default(),
            forecast: Forecast::default(),
            is_served: false,
            wanted: LOGIN,
        }
    }
}

impl<G> Queue<G> {
    fn is_empty(&self) -> bool {
        self.calls.is_empty() && self.logins.is_empty()
    }

    /// Returns how many logins may wait.
    fn capacity(&self, now: Instant) -> usize {
        let ahead = self.calls.range(..(LOGIN + 1, 0)).count();
        // One waiter is allowed even if the forecast leaves no time: the first of an empty queue tests it.
        let floor = usize::from(self.forecast.hold(now) < QUEUE_TIME);
        let capacity = self.forecast.capacity(now, QUEUE_TIME);
        capacity.saturating_sub(ahead).max(floor)
    }

    fn reserve_retry(&mut self, key: ClientKey, now: Instant) -> Duration {
        let (hold, spacing) = (self.forecast.hold(now), self.forecast.spacing(now));
        self.logins.reserve_retry(key, now, hold, spacing)
    }
}

/// Who receives the next permit.
#[derive(Debug, PartialEq, Eq)]
pub enum NextPermit {
    /// A call of this priority.
    Call(i16),
    /// All waiters must wait for another login to end.
    Blocked,
    /// There are no waiters; the queue is idle from now on.
    Idle,
}

/// An entry in the queue.
#[derive(Debug)]
pub struct QueueEntry<G> {
    pub permit: oneshot::Receiver<Granted<G>>,
    /// The queue was idle, so the caller must start serving it.
    pub was_idle: bool,
    /// The waiter evicted in favour of this one, and after how long it should retry.
    pub evicted: Option<(Sender<G>, Duration)>,
}

/// The queues of all APIs. `G` is what a waiter receives as its permit.
#[derive(Debug)]
pub struct PermitQueues<G> {
    queues: Mutex<(u64, HashMap<&'static str, Queue<G>>)>,
    in_progress: InProgressCounts,
}

impl<G> Default for PermitQueues<G> {
    fn default() -> Self {
        Self {
            queues: Mutex::new((0, HashMap::new())),
            in_progress: InProgressCounts::default(),
        }
    }
}

impl<G> PermitQueues<G> {
    fn lock(&self) -> MutexGuard<'_, (u64, HashMap<&'static str, Queue<G>>)> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Queues a call that is not attributed to a client.
    pub fn enqueue(&self, api: &'static str, priority: i16) -> QueueEntry<G> {
        let (sender, permit) = oneshot::channel();
        let mut guard = self.lock();
        guard.0 += 1;
        let arrival = guard.0;
        let queue = guard.1.entry(api).or_default();
        queue.calls.insert((priority, arrival), sender);
        QueueEntry {
            permit,
            was_idle: !std::mem::replace(&mut queue.is_served, true),
            evicted: None,
        }
    }

    /// Queues the first call of a login. Returns `Err` with the time to wait before a retry if the queue is longer
    /// than can be served in time.
    pub fn enqueue_login(
        &self,
        api: &'static str,
        client: &Client,
    ) -> Result<QueueEntry<G>, Duration> {
        let (sender, permit) = oneshot::channel();
        let now = Instant::now();
        let mut guard = self.lock();
        let queue = guard.1.entry(api).or_default();
        queue.logins.retain(|waiter| !waiter.is_closed());
        let capacity = queue.capacity(now);
        let evicted = match queue.logins.enqueue(client, sender, capacity) {
            EnqueueResult::Queued => None,
            EnqueueResult::Evicted(key, other) => Some((other, queue.reserve_retry(key, now))),
            EnqueueResult::Full => return Err(queue.reserve_retry(client.key, now)),
        };
        Ok(QueueEntry {
            permit,
            was_idle: !std::mem::replace(&mut queue.is_served, true),
            evicted,
        })
    }

    /// Returns the time to wait before a retry if a login of this client would be rejected now, else `None`.
    pub fn retry_after_if_full(&self, api: &'static str, client: &Client) -> Option<Duration> {
        let now = Instant::now();
        let mut guard = self.lock();
        let queue = guard.1.get_mut(api)?;
        queue.logins.retain(|waiter| !waiter.is_closed());
        let capacity = queue.capacity(now);
        let is_full = queue.logins.is_full_for(client, capacity);
        is_full.then(|| queue.reserve_retry(client.key, now))
    }

    /// Returns who receives the next permit.
    pub fn next(&self, api: &'static str) -> NextPermit {
        let mut guard = self.lock();
        let Some(queue) = guard.1.get_mut(api) else {
            return NextPermit::Idle;
        };
        queue.calls.retain(|_, waiter| !waiter.is_closed());
        queue.logins.retain(|waiter| !waiter.is_closed());
        if queue.is_empty() {
            queue.is_served = false;
            queue.forecast.record_idle();
            return NextPermit::Idle;
        }
        let first = queue.calls.keys().next().map(|(priority, _)| *priority);
        let login = queue.logins.has_next(&self.in_progress).then_some(LOGIN);
        let Some(wanted) = first.into_iter().chain(login).min() else {
            return NextPermit::Blocked;
        };
        queue.wanted = wanted;
        NextPermit::Call(wanted)
    }

    /// Records how long the next permit has to wait.
    pub fn record_wait(&self, api: &'static str, wait: Duration) {
        if let Some(queue) = self.lock().1.get_mut(api) {
            queue.forecast.record_wait(Instant::now(), wait);
        }
    }

    /// Sends a permit to the most urgent waiter; returns it if no waiter is left that is at least as urgent as the
    /// priority it was acquired for.
    pub fn grant_next(&self, api: &'static str, mut what: G) -> Option<G> {
        loop {
            let mut guard = self.lock();
            let Some(queue) = guard.1.get_mut(api) else {
                return Some(what);
            };
            let Some((waiter, key)) = pop(queue, &self.in_progress) else {
                return Some(what);
            };
            let has_more = !queue.logins.is_empty();
            queue.forecast.record_grant(Instant::now(), has_more);
            drop(guard);
            let progress = key.map(|key| self.in_progress.begin(key));
            match waiter.send((what, progress)) {
                Ok(()) => return None,
                Err((returned, _)) => what = returned,
            }
        }
    }

    /// Removes a queue that is no longer served; its waiters see the channel close.
    pub fn close(&self, api: &'static str) {
        self.lock().1.remove(api);
    }

    /// Removes and returns all waiters of a queue.
    pub fn reject_all(&self, api: &'static str) -> Vec<Sender<G>> {
        let mut guard = self.lock();
        let Some(queue) = guard.1.get_mut(api) else {
            return Vec::new();
        };
        let calls = std::mem::take(&mut queue.calls).into_values();
        calls.chain(queue.logins.drain()).collect()
    }
}

/// Removes the most urgent waiter from a queue; includes the client key if it is a new login.
fn pop<G>(
    queue: &mut Queue<G>,
    counts: &InProgressCounts,
) -> Option<(Sender<G>, Option<ClientKey>)> {
    let is_call = (queue.calls.keys().next()).is_some_and(|(priority, _)| *priority <= LOGIN);
    if !is_call && let Some((key, waiter)) = queue.logins.next(counts) {
        return Some((waiter, Some(key)));
    }
    let first = (queue.calls.first_entry()).filter(|first| first.key().0 <= queue.wanted)?;
    Some((first.remove(), None))
}

#[cfg(test)]
mod tests;
