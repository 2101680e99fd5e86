//! Runs a few tasks at a time, each in its own Tokio task, so that a panic does not affect the others. The most urgent
//! task is started first, and the subjects of one event alternate with those of others.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use futures_util::future::BoxFuture;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

/// After this many consecutive tasks without an answer, the system that they call is considered unreachable.
const MAX_UNANSWERED: usize = 3;

/// How a task ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome<E> {
    Done,
    Failed(E),
    /// The task was released: this process stops, or the called system does not answer.
    NotStarted,
}

/// Why a task failed.
pub trait TaskError: Send + 'static {
    /// Returns the error of a task that has panicked.
    fn panicked() -> Self;

    /// Whether the called system gave no answer, so that other tasks will get none either.
    fn is_unanswered(&self) -> bool;

    /// Returns the reason, shown to administrators.
    fn reason(&self) -> &str;
}

/// The urgency of a task: the smallest value goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Urgency {
    pub is_retry: bool,
    /// Number of rounds of other tasks that it waits for. An event that names many subjects has a few of them in
    /// each round.
    pub round: u64,
    pub is_change: bool,
}

impl Urgency {
    /// Returns the urgency of a task that is due in the current round.
    pub fn now(is_retry: bool, is_change: bool) -> Self {
        Self {
            is_retry,
            round: 0,
            is_change,
        }
    }
}

/// A piece of work that occupies one slot.
pub trait Task: Send + 'static {
    /// The subject of the task. Of one subject, at most one task waits and at most one is in flight.
    type Subject: Clone + Eq + Hash + Send;
    type Error: TaskError;

    fn subject(&self) -> Self::Subject;

    fn urgency(&self) -> Urgency;

    /// Merges another task of the same subject into this one.
    fn merge(&mut self, other: Self);
}

/// The position of a waiting task. Its rounds are absolute, and the last number is the order of arrival.
type Place = (Urgency, u64);

/// Creates the future that carries out a task.
pub type Process<T> =
    Box<dyn Fn(&T) -> BoxFuture<'static, Outcome<<T as Task>::Error>> + Send + Sync>;

/// The waiting tasks of one lane, one per subject, and those in flight.
pub struct Pool<T: Task> {
    waiting: BTreeMap<Place, T>,
    places: HashMap<T::Subject, Place>,
    running: JoinSet<Outcome<T::Error>>,
    in_flight: HashMap<Id, T>,
    process: Process<T>,
    concurrency: usize,
    /// The rounds that first attempts and retries have reached.
    rounds: [u64; 2],
    arrivals: u64,
    unanswered: usize,
    stop: CancellationToken,
}

impl<T: Task> Pool<T> {
    /// Creates a pool for as many concurrent tasks, of which one slot is not used for retries.
    pub fn new(concurrency: usize, stop: &CancellationToken, process: Process<T>) -> Self {
        Self {
            waiting: BTreeMap::new(),
            places: HashMap::new(),
            running: JoinSet::new(),
            in_flight: HashMap::new(),
            process,
            concurrency,
            rounds: [0; 2],
            arrivals: 0,
            unanswered: 0,
            stop: stop.clone(),
        }
    }

    /// Queues tasks, merging each into a waiting one of the same subject if there is one.
    pub fn add(&mut self, tasks: impl IntoIterator<Item = T>) {
        for task in tasks {
            let place = (self.run(task.urgency()), self.arrivals);
            self.arrivals += 1;
            let subject = task.subject();
            let known = self.places.get(&subject).copied();
            let waiting = known.and_then(|place| Some((place, self.waiting.remove(&place)?)));
            let (place, task) = match waiting {
                Some((known, mut waiting)) => {
                    waiting.merge(task);
                    (known.min(place), waiting)
                }
                None => (place, task),
            };
            self.places.insert(subject, place);
            self.waiting.insert(place, task);
        }
    }

    /// Returns how many waiting tasks would be started before a new one of this urgency.
    pub fn ahead_of(&self, urgency: Urgency) -> usize {
        let place = (self.run(urgency), u64::MAX);
        self.waiting.range(..place).count()
    }

    /// Removes and returns as many waiting tasks as there are free slots, to be started with
    /// [`Pool::start`]. Never one whose subject is in flight: its outcome says nothing about what came after it was
    /// started.
    pub fn take_next(&mut self) -> Vec<T> {
        let mut taken = Vec::new();
        if self.has_stopped() {
            return taken;
        }
        let mut retries = self
            .in_flight
            .values()
            .filter(|task| task.urgency().is_retry)
            .count();
        while self.running.len() + taken.len() < self.concurrency {
            let may_retry = retries + 1 < self.concurrency;
            let free = self.waiting.iter().find(|((urgency, _), task)| {
                (may_retry || !urgency.is_retry) && !self.is_in_flight(&task.subject())
            });
            let Some((place, _)) = free else { break };
            let place = *place;
            let Some(task) = self.waiting.remove(&place) else {
                break;
            };
            self.places.remove(&task.subject());
            if let Some(round) = self.rounds.get_mut(usize::from(place.0.is_retry)) {
                *round = place.0.round.max(*round);
            }
            retries += usize::from(place.0.is_retry);
            taken.push(task);
        }
        taken
    }

    /// Returns the number of tasks that wait or are in flight.
    pub fn count(&self) -> usize {
        self.waiting.len() + self.running.len()
    }

    /// Starts a task.
    pub fn start(&mut self, task: T) {
        let id = self.running.spawn((self.process)(&task)).id();
        self.in_flight.insert(id, task);
    }

    /// Returns the next outcome, in order of arrival, and finally the tasks that were not started; cancel safe.
    pub async fn next(&mut self) -> Option<(T, Outcome<T::Error>)> {
        let (id, outcome) = match self.running.join_next_with_id().await {
            Some(Ok(ended)) => ended,
            Some(Err(panicked)) => (panicked.id(), Outcome::Failed(T::Error::panicked())),
            None => {
                let (_, task) = self.waiting.pop_first()?;
                self.places.remove(&task.subject());
                return Some((task, Outcome::NotStarted));
            }
        };
        let is_unanswered = matches!(&outcome, Outcome::Failed(error) if error.is_unanswered());
        self.unanswered = if is_unanswered {
            self.unanswered + 1
        } else {
            0
        };
        self.in_flight.remove(&id).map(|task| (task, outcome))
    }

    /// Whether no further tasks are started: the process stops, or the called system does not answer.
    pub fn has_stopped(&self) -> bool {
        self.stop.is_cancelled() || self.unanswered >= MAX_UNANSWERED
    }

    fn run(&self, urgency: Urgency) -> Urgency {
        let reached = self.rounds.get(usize::from(urgency.is_retry));
        Urgency {
            round: urgency.round + reached.copied().unwrap_or_default(),
            ..urgency
        }
    }

    fn is_in_flight(&self, subject: &T::Subject) -> bool {
        self.in_flight
            .values()
            .any(|task| task.subject() == *subject)
    }
}

#[cfg(test)]
mod tests;
