//! A few questions at a time, each in a task of its own, so that one that panics harms no other.

use std::collections::{HashMap, VecDeque};

use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use super::answer::{Answer, Fault, Gravity};

/// After this many questions in a row without an answer, DingTalk is taken to be away.
const UNANSWERED: usize = 3;

/// Questions of one kind, and those that are being asked.
pub(super) struct Asking<T, F> {
    waiting: VecDeque<T>,
    running: JoinSet<Answer>,
    asked: HashMap<Id, T>,
    ask: F,
    is_same: fn(&T, &T) -> bool,
    at_once: usize,
    unanswered: usize,
    stop: CancellationToken,
}

impl<T, F, A> Asking<T, F>
where
    F: Fn(&T) -> A,
    A: Future<Output = Answer> + Send + 'static,
{
    /// Prepares the questions; nothing is asked before the first call of [`Asking::next`]. Two that are
    /// about the same, as `is_same` says, are asked one after the other and take one place.
    pub fn new(
        questions: impl IntoIterator<Item = T>,
        at_once: usize,
        stop: &CancellationToken,
        is_same: fn(&T, &T) -> bool,
        ask: F,
    ) -> Self {
        Self {
            waiting: questions.into_iter().collect(),
            running: JoinSet::new(),
            asked: HashMap::new(),
            ask,
            is_same,
            at_once,
            unanswered: 0,
            stop: stop.clone(),
        }
    }

    /// Puts further questions at the end; what waits already and is about the same takes one up.
    pub fn add(&mut self, questions: impl IntoIterator<Item = T>, take_up: fn(&mut T, T)) {
        for question in questions {
            let mut waiting = self.waiting.iter_mut();
            match waiting.find(|waiting| (self.is_same)(waiting, &question)) {
                Some(waiting) => take_up(waiting, question),
                None => self.waiting.push_back(question),
            }
        }
    }

    /// Asks as many as there are places; whether there are places left for others while these are asked.
    pub fn fill(&mut self) -> bool {
        while self.running.len() < self.at_once && !self.has_given_up() {
            let is_free = |waiting: &T| {
                !self
                    .asked
                    .values()
                    .any(|asked| (self.is_same)(asked, waiting))
            };
            let free = self.waiting.iter().position(is_free);
            let Some(question) = free.and_then(|place| self.waiting.remove(place)) else {
                return !self.running.is_empty();
            };
            let id = self.running.spawn((self.ask)(&question)).id();
            self.asked.insert(id, question);
        }
        false
    }

    /// The next answer, in the order in which they come; may be dropped and called again.
    pub async fn next(&mut self) -> Option<(T, Answer)> {
        self.fill();
        let (id, answer) = match self.running.join_next_with_id().await {
            Some(Ok(answered)) => answered,
            Some(Err(panicked)) => (panicked.id(), Answer::Failed(Fault::panicked())),
            None => {
                return self
                    .waiting
                    .pop_front()
                    .map(|question| (question, Answer::NotAsked));
            }
        };
        let is_unanswered =
            matches!(&answer, Answer::Failed(fault) if fault.gravity == Gravity::Unavailable);
        self.unanswered = if is_unanswered {
            self.unanswered + 1
        } else {
            0
        };
        self.asked.remove(&id).map(|question| (question, answer))
    }

    fn has_given_up(&self) -> bool {
        self.stop.is_cancelled() || self.unanswered >= UNANSWERED
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn all(
        mut asking: Asking<u32, impl Fn(&u32) -> futures_util::future::BoxFuture<'static, Answer>>,
    ) -> Vec<(u32, Answer)> {
        let mut answers = Vec::new();
        while let Some(answer) = asking.next().await {
            answers.push(answer);
        }
        answers.sort_by_key(|(question, _)| *question);
        answers
    }

    fn unavailable() -> Answer {
        Answer::Failed(Fault {
            gravity: Gravity::Unavailable,
            reason: "away".into(),
        })
    }

    #[tokio::test]
    async fn a_panic_is_the_answer_to_one_question_only() {
        let asking = Asking::new(1..=3, 2, &CancellationToken::new(), u32::eq, |question| {
            let question = *question;
            Box::pin(async move {
                assert_ne!(question, 2, "this one panics");
                Answer::Done
            }) as _
        });
        let answers = all(asking).await;
        assert_eq!(
            answers,
            [
                (1, Answer::Done),
                (2, Answer::Failed(Fault::panicked())),
                (3, Answer::Done)
            ]
        );
    }

    #[tokio::test]
    async fn three_unanswered_questions_in_a_row_put_the_others_back() {
        let asking = Asking::new(1..=9, 1, &CancellationToken::new(), u32::eq, |question| {
            let answer = if *question == 2 {
                Answer::Done
            } else {
                unavailable()
            };
            Box::pin(async move { answer }) as _
        });
        let answers = all(asking).await;
        assert_eq!(
            answers[..6]
                .iter()
                .map(|(_, answer)| answer.clone())
                .collect::<Vec<_>>(),
            [
                unavailable(),
                Answer::Done,
                unavailable(),
                unavailable(),
                unavailable(),
                Answer::NotAsked
            ]
        );
        assert_eq!(answers.len(), 9);
        assert!(
            answers[5..]
                .iter()
                .all(|(_, answer)| *answer == Answer::NotAsked)
        );
    }

    #[tokio::test]
    async fn questions_about_the_same_take_one_place() {
        let (hangs, stop) = (CancellationToken::new(), CancellationToken::new());
        let hanging = hangs.clone();
        let mut asking = Asking::new([1, 1, 2], 2, &stop, u32::eq, move |question| {
            let hanging = (*question == 1).then(|| hanging.clone());
            Box::pin(async move {
                if let Some(hanging) = hanging {
                    hanging.cancelled().await;
                }
                Answer::Done
            }) as futures_util::future::BoxFuture<'static, Answer>
        });
        assert_eq!(asking.next().await, Some((2, Answer::Done)));
        assert!(asking.fill(), "the second about 1 waits for the first");
        asking.add([1, 1], |_, _| ());
        hangs.cancel();
        assert_eq!(asking.next().await, Some((1, Answer::Done)));
        assert_eq!(asking.next().await, Some((1, Answer::Done)));
        assert_eq!(asking.next().await, None);
        assert!(!asking.fill());
    }

    #[tokio::test]
    async fn nothing_new_is_asked_once_it_is_time_to_stop() {
        let stop = CancellationToken::new();
        let stopper = stop.clone();
        let asking = Asking::new(1..=3, 1, &stop, u32::eq, move |_| {
            stopper.cancel();
            Box::pin(async { Answer::Done }) as _
        });
        assert_eq!(
            all(asking).await,
            [
                (1, Answer::Done),
                (2, Answer::NotAsked),
                (3, Answer::NotAsked)
            ]
        );
    }
}
