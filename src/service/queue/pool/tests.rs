use super::*;

#[derive(Debug, Clone, PartialEq, Eq)]
enum TestError {
    Panicked,
    Unanswered,
}

impl TaskError for TestError {
    fn panicked() -> Self {
        Self::Panicked
    }

    fn is_unanswered(&self) -> bool {
        *self == Self::Unanswered
    }

    fn reason(&self) -> &'static str {
        "away"
    }
}

type TestOutcome = Outcome<TestError>;

/// A subject, the urgency of its lookup, and how often it was merged.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Item(u32, Urgency, u32);

impl Task for Item {
    type Subject = u32;
    type Error = TestError;

    fn subject(&self) -> u32 {
        self.0
    }

    fn urgency(&self) -> Urgency {
        self.1
    }

    fn merge(&mut self, other: Self) {
        self.1 = self.1.min(other.1);
        self.2 += 1 + other.2;
    }
}

fn join(subject: u32) -> Item {
    Item(subject, Urgency::now(false, false), 0)
}

fn change(subject: u32) -> Item {
    Item(subject, Urgency::now(false, true), 0)
}

fn retry(subject: u32) -> Item {
    Item(subject, Urgency::now(true, true), 0)
}

/// Returns lookups for one event with many subjects, two in each round.
fn many(subjects: std::ops::Range<u32>) -> Vec<Item> {
    subjects
        .enumerate()
        .map(|(position, subject)| {
            let round = u64::try_from(position).unwrap() / 2;
            Item(
                subject,
                Urgency {
                    round,
                    ..Urgency::now(false, true)
                },
                0,
            )
        })
        .collect()
}

fn asking(
    at_once: usize,
    ask: impl Fn(u32) -> BoxFuture<'static, TestOutcome> + Send + Sync + 'static,
) -> Pool<Item> {
    Pool::new(
        at_once,
        &CancellationToken::new(),
        Box::new(move |item: &Item| ask(item.0)),
    )
}

fn done(_: u32) -> BoxFuture<'static, TestOutcome> {
    Box::pin(async { Outcome::Done })
}

async fn next(asking: &mut Pool<Item>) -> Option<(u32, TestOutcome)> {
    for item in asking.take_next() {
        asking.start(item);
    }
    asking.next().await.map(|(item, answer)| (item.0, answer))
}

async fn all(mut asking: Pool<Item>) -> Vec<(u32, TestOutcome)> {
    let mut answers = Vec::new();
    while let Some(answer) = next(&mut asking).await {
        answers.push(answer);
    }
    answers
}

async fn order(asking: Pool<Item>) -> Vec<u32> {
    all(asking)
        .await
        .into_iter()
        .map(|(subject, _)| subject)
        .collect()
}

fn unavailable() -> TestOutcome {
    Outcome::Failed(TestError::Unanswered)
}

#[tokio::test]
async fn joins_go_before_changes_and_first_tries_before_retries() {
    let mut asking = asking(2, done);
    asking.add([retry(1), change(2), change(3), join(4), retry(5), join(6)]);
    assert_eq!(asking.ahead_of(Urgency::now(false, false)), 2);
    assert_eq!(asking.ahead_of(Urgency::now(false, true)), 4);
    assert_eq!(asking.ahead_of(Urgency::now(true, true)), 6);
    let mut one_place = asking;
    one_place.concurrency = 1;
    let first: Vec<u32> = one_place.take_next().iter().map(Item::subject).collect();
    assert_eq!(first, [4]);
    one_place.concurrency = 2;
    assert_eq!(order(one_place).await, [6, 2, 3, 1, 5]);
}

#[tokio::test]
async fn a_retry_leaves_a_place_to_what_comes_later() {
    let mut asking = asking(2, |_| Box::pin(std::future::pending()));
    asking.add([retry(1), retry(2)]);
    let taken = asking.take_next();
    assert_eq!(taken.len(), 1);
    for item in taken {
        asking.start(item);
    }
    assert!(asking.take_next().is_empty());
    asking.add([change(3)]);
    assert_eq!(asking.take_next(), [change(3)]);
}

#[tokio::test]
async fn an_event_of_many_people_takes_turns_with_later_ones() {
    let mut asking = asking(2, done);
    asking.add(many(0..8));
    for _ in 0..2 {
        next(&mut asking).await;
    }
    // The second round has begun.
    next(&mut asking).await;
    asking.add([change(100), change(101), join(102)]);
    let order = order(asking).await;
    let place = |subject| order.iter().position(|one| *one == subject).unwrap();
    assert!(place(102) < 3, "{order:?}");
    assert!(place(100) < 5 && place(101) < 5, "{order:?}");
    assert!(place(100) < place(5) && place(101) < place(5), "{order:?}");
    assert_eq!(order.len(), 8);
}

#[tokio::test]
async fn lookups_of_the_same_subject_are_merged_and_as_urgent_as_the_most_urgent() {
    let mut asking = asking(1, done);
    asking.add([change(1), change(2), change(3), join(3), change(3)]);
    let taken = asking.take_next();
    assert_eq!(taken, [Item(3, Urgency::now(false, false), 2)]);
    assert_eq!(asking.waiting.len(), asking.places.len());
    assert_eq!(order(asking).await, [1, 2]);
}

#[tokio::test]
async fn a_subject_in_flight_waits_and_takes_no_place() {
    let hangs = CancellationToken::new();
    let hanging = hangs.clone();
    let mut asking = asking(2, move |subject| {
        let hanging = (subject == 1).then(|| hanging.clone());
        Box::pin(async move {
            if let Some(hanging) = hanging {
                hanging.cancelled().await;
            }
            Outcome::Done
        })
    });
    asking.add([change(1)]);
    asking
        .take_next()
        .into_iter()
        .for_each(|item| asking.start(item));
    asking.add([change(1), change(2), change(1)]);
    assert_eq!(next(&mut asking).await, Some((2, Outcome::Done)));
    hangs.cancel();
    assert_eq!(next(&mut asking).await, Some((1, Outcome::Done)));
    assert_eq!(next(&mut asking).await, Some((1, Outcome::Done)));
    assert_eq!(next(&mut asking).await, None);
}

#[tokio::test]
async fn a_panic_is_the_answer_to_one_question_only() {
    let mut asking = asking(2, |subject| {
        Box::pin(async move {
            assert_ne!(subject, 2, "this one panics");
            Outcome::Done
        })
    });
    asking.add([change(1), change(2), change(3)]);
    let mut answers = all(asking).await;
    answers.sort_by_key(|(subject, _)| *subject);
    assert_eq!(
        answers,
        [
            (1, Outcome::Done),
            (2, Outcome::Failed(TestError::Panicked)),
            (3, Outcome::Done)
        ]
    );
}

#[tokio::test]
async fn three_unanswered_questions_in_a_row_put_the_others_back() {
    let mut asking = asking(1, |subject| {
        let answer = if subject == 2 {
            Outcome::Done
        } else {
            unavailable()
        };
        Box::pin(async move { answer })
    });
    asking.add((1..=9).map(change));
    let answers: Vec<TestOutcome> = all(asking)
        .await
        .into_iter()
        .map(|(_, answer)| answer)
        .collect();
    assert_eq!(
        answers[..6],
        [
            unavailable(),
            Outcome::Done,
            unavailable(),
            unavailable(),
            unavailable(),
            Outcome::NotStarted
        ]
    );
    assert_eq!(answers.len(), 9);
    assert!(
        answers[5..]
            .iter()
            .all(|answer| *answer == Outcome::NotStarted)
    );
}

#[tokio::test]
async fn no_new_lookup_starts_once_it_is_time_to_stop() {
    let stop = CancellationToken::new();
    let stopper = stop.clone();
    let mut asking = Pool::new(
        1,
        &stop,
        Box::new(move |_: &Item| {
            stopper.cancel();
            Box::pin(async { Outcome::Done }) as _
        }),
    );
    asking.add((1..=3).map(change));
    assert_eq!(
        all(asking).await,
        [
            (1, Outcome::Done),
            (2, Outcome::NotStarted),
            (3, Outcome::NotStarted)
        ]
    );
}
