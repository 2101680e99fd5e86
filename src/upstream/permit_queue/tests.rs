use super::*;
use crate::upstream::clients::tests::{address, device};

const API: &str = "api";

async fn handed(place: QueueEntry<i32>) -> i32 {
    place.permit.await.unwrap().0
}

#[tokio::test]
async fn the_most_urgent_is_served_first_and_then_in_order_of_arrival() {
    let queues = PermitQueues::default();
    let sync = queues.enqueue(API, 3);
    assert!(sync.was_idle);
    let login = queues.enqueue(API, 0);
    assert!(!login.was_idle);
    let later_login = queues.enqueue(API, 0);
    for n in 1..=3 {
        assert_eq!(
            queues.next(API),
            NextPermit::Call(if n < 3 { 0 } else { 3 })
        );
        assert_eq!(queues.grant_next(API, n), None);
    }
    let order = (
        handed(login).await,
        handed(later_login).await,
        handed(sync).await,
    );
    assert_eq!(order, (1, 2, 3));
    assert_eq!(queues.next(API), NextPermit::Idle);
    assert!(queues.enqueue(API, 1).was_idle, "idle again");
}

#[test]
fn who_has_gone_away_is_passed_over() {
    let queues = PermitQueues::default();
    drop(queues.enqueue(API, 0));
    assert_eq!(queues.grant_next(API, 7), Some(7));
    drop(queues.enqueue(API, 0));
    drop(queues.enqueue_login(API, &address(1)).unwrap());
    assert_eq!(queues.next(API), NextPermit::Idle);
}

#[tokio::test]
async fn a_permit_acquired_for_a_login_that_has_gone_away_goes_to_no_other_work() {
    let queues = PermitQueues::default();
    let join = queues.enqueue(API, 1);
    let login = queues.enqueue_login(API, &address(1)).unwrap();
    assert_eq!(queues.next(API), NextPermit::Call(0));
    drop(login);
    assert_eq!(queues.grant_next(API, 7), Some(7));
    assert_eq!(queues.next(API), NextPermit::Call(1));
    let later_login = queues.enqueue(API, 0);
    for n in 1..=2 {
        assert_eq!(
            queues.grant_next(API, n),
            None,
            "more urgent work may have it"
        );
    }
    assert_eq!((handed(later_login).await, handed(join).await), (1, 2));
}

#[tokio::test]
async fn a_login_that_goes_on_comes_before_one_that_begins_and_both_before_other_work() {
    let queues = PermitQueues::default();
    let join = queues.enqueue(API, 1);
    let begins = queues.enqueue_login(API, &address(1)).unwrap();
    let goes_on = queues.enqueue(API, 0);
    for n in 1..=3 {
        assert_eq!(queues.next(API), NextPermit::Call(i16::from(n == 3)));
        assert_eq!(queues.grant_next(API, n), None);
    }
    let order = (
        handed(goes_on).await,
        handed(begins).await,
        handed(join).await,
    );
    assert_eq!(order, (1, 2, 3));
}

#[test]
fn a_queue_takes_in_what_it_can_serve_in_time_and_tells_the_others_when_to_come_back() {
    let queues = PermitQueues::<i32>::default();
    let mut places = Vec::new();
    let refused = loop {
        match queues.enqueue_login(API, &address(1)) {
            Ok(place) => places.push(place),
            Err(retry_after) => break retry_after,
        }
    };
    assert!((85..=88).contains(&places.len()), "{}", places.len());
    assert!(refused < Duration::from_secs(1), "a place is soon free");
    assert!(queues.retry_after_if_full(API, &address(1)).unwrap() > refused);
    assert!(queues.retry_after_if_full(API, &device(2)).is_none());
    let mut place = queues.enqueue_login(API, &device(2)).unwrap();
    let (evicted, retry_after) = place.evicted.take().unwrap();
    assert!(retry_after > refused);
    evicted.send((0, None)).unwrap();
    assert_eq!(
        places.last_mut().unwrap().permit.try_recv().unwrap().0,
        0,
        "the last of the one with most"
    );
}

#[test]
fn a_login_is_in_progress_until_it_ends_also_when_it_has_gone_away() {
    let queues = PermitQueues::default();
    let key = address(1).key;
    let mut place = queues.enqueue_login(API, &address(1)).unwrap();
    queues.grant_next(API, 1);
    assert_eq!(queues.in_progress.of(key), 1);
    drop(place.permit.try_recv().unwrap());
    assert_eq!(queues.in_progress.of(key), 0);
    let place = queues.enqueue_login(API, &address(1)).unwrap();
    queues.grant_next(API, 2);
    drop(place);
    assert_eq!(queues.in_progress.of(key), 0);
}

#[test]
fn no_login_is_admitted_while_an_api_is_blocked_for_longer_than_a_login_waits() {
    let queues = PermitQueues::<i32>::default();
    let first = queues.enqueue_login(API, &address(1)).unwrap();
    queues.record_wait(API, Duration::from_secs(30));
    let retry_after = queues.enqueue_login(API, &address(2)).unwrap_err();
    assert!(retry_after > Duration::from_secs(29), "{retry_after:?}");
    drop(first);
}
