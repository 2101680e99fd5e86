//! Makes a few lookups at a time, each in its own task, so that a panic does not affect the others. The most urgent
//! lookup is made first, and the subjects of one event alternate with those of others.

use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;

use futures_util::future::BoxFuture;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::outcome::{ErrorClass, LookupError, LookupOutcome};

/// After this many consecutive lookups without an answer, DingTalk is considered unreachable.
const MAX_UNANSWERED: usize = 3;

/// The urgency of a lookup: the smallest value goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Urgency {
    pub is_retry: bool,
    /// Number of rounds of other lookups that it waits for. An event that names many subjects has a few of them in
    /// each round.
    pub round: u64,
    pub is_change: bool,
}

impl Urgency {
    /// Returns the urgency of a lookup that is due in the current round.
    pub fn now(is_retry: bool, is_change: bool) -> Self {
        Self {
            is_retry,
            round: 0,
            is_change,
        }
    }
}

/// A lookup of one subject at DingTalk.
pub(super) trait LookupTask: Sized {
    type Subject: Clone + Eq + Hash;

    fn subject(&self) -> Self::Subject;

    fn urgency(&self) -> Urgency;

    /// Merges another lookup of the same subject into this one.
    fn merge(&mut self, other: Self);
}

/// The position of a waiting lookup. Its rounds are absolute, and the last number is the order of arrival.
type Place = (Urgency, u64);

type LookupFn<T> = Box<dyn Fn(&T) -> BoxFuture<'static, LookupOutcome> + Send + Sync>;

/// The waiting lookups of one kind, one per subject, and those in flight.
pub(super) struct LookupPool<T: LookupTask> {
    waiting: BTreeMap<Place, T>,
    places: HashMap<T::Subject, Place>,
    running: JoinSet<LookupOutcome>,
    asked: HashMap<Id, T>,
    ask: LookupFn<T>,
    at_once: usize,
    /// The rounds that first attempts and retries have reached.
    rounds: [u64; 2],
    arrivals: u64,
    unanswered: usize,
    stop: CancellationToken,
}

impl<T: LookupTask> LookupPool<T> {
    /// Creates a pool for `at_once` concurrent lookups, of which one place is not used for retries.
    pub fn new(
        at_once: usize,
        stop: &CancellationToken,
        ask: impl Fn(&T) -> BoxFuture<'static, LookupOutcome> + Send + Sync + 'static,
    ) -> Self {
        Self {
            waiting: BTreeMap::new(),
            places: HashMap::new(),
            running: JoinSet::new(),
            asked: HashMap::new(),
            ask: Box::new(ask),
            at_once,
            rounds: [0; 2],
            arrivals: 0,
            unanswered: 0,
            stop: stop.clone(),
        }
    }

    /// Queues lookups, merging each into a waiting one of the same subject if there is one.
    pub fn add(&mut self, lookups: impl IntoIterator<Item = T>) {
        for lookup in lookups {
            let place = (self.run(lookup.urgency()), self.arrivals);
            self.arrivals += 1;
            let subject = lookup.subject();
            let known = self.places.get(&subject).copied();
            let waiting = known.and_then(|place| Some((place, self.waiting.remove(&place)?)));
            let (place, lookup) = match waiting {
                Some((known, mut waiting)) => {
                    waiting.merge(lookup);
                    (known.min(place), waiting)
                }
                None => (place, lookup),
            };
            self.places.insert(subject, place);
            self.waiting.insert(place, lookup);
        }
    }

    /// Returns how many waiting lookups would be made before a new one of this urgency.
    pub fn ahead_of(&self, urgency: Urgency) -> usize {
        let place = (self.run(urgency), u64::MAX);
        self.waiting.range(..place).count()
    }

    /// Removes and returns as many waiting lookups as there are free places, to be started with
    /// [`LookupPool::start`]. Never one whose subject is in flight: an answer says nothing about what came after its
    /// question.
    pub fn take_next(&mut self) -> Vec<T> {
        let mut taken = Vec::new();
        if self.has_stopped() {
            return taken;
        }
        let mut retries = self
            .asked
            .values()
            .filter(|asked| asked.urgency().is_retry)
            .count();
        while self.running.len() + taken.len() < self.at_once {
            let may_retry = retries + 1 < self.at_once;
            let free = self.waiting.iter().find(|((urgency, _), lookup)| {
                (may_retry || !urgency.is_retry) && !self.is_in_flight(&lookup.subject())
            });
            let Some((place, _)) = free else { break };
            let place = *place;
            let Some(lookup) = self.waiting.remove(&place) else {
                break;
            };
            self.places.remove(&lookup.subject());
            if let Some(round) = self.rounds.get_mut(usize::from(place.0.is_retry)) {
                *round = place.0.round.max(*round);
            }
            retries += usize::from(place.0.is_retry);
            taken.push(lookup);
        }
        taken
    }

    /// Starts a lookup.
    pub fn start(&mut self, lookup: T) {
        let id = self.running.spawn((self.ask)(&lookup)).id();
        self.asked.insert(id, lookup);
    }

    /// Returns the next answer, in order of arrival, and finally the lookups that were not made; cancel safe.
    pub async fn next(&mut self) -> Option<(T, LookupOutcome)> {
        let (id, answer) = match self.running.join_next_with_id().await {
            Some(Ok(answered)) => answered,
            Some(Err(panicked)) => (
                panicked.id(),
                LookupOutcome::Failed(LookupError::panicked()),
            ),
            None => {
                let (_, lookup) = self.waiting.pop_first()?;
                self.places.remove(&lookup.subject());
                return Some((lookup, LookupOutcome::NotAsked));
            }
        };
        let is_unanswered = matches!(&answer, LookupOutcome::Failed(fault) if fault.gravity == ErrorClass::Unavailable);
        self.unanswered = if is_unanswered {
            self.unanswered + 1
        } else {
            0
        };
        self.asked.remove(&id).map(|lookup| (lookup, answer))
    }

    /// Whether no further lookups are made: the process stops, or DingTalk does not answer.
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
        self.asked.values().any(|asked| asked.subject() == *subject)
    }
}

#[cfg(test)]
mod tests;
